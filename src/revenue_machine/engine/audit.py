"""The append-only hash chain over effects, decisions and refusals; any change, gap or cut tail shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from revenue_machine.engine.database import Database
from revenue_machine.engine.tables import AUDIT
from revenue_machine.kit.clock import Clock, iso
from revenue_machine.kit.errors import Conflict
from revenue_machine.kit.ids import content_hash

GENESIS = "0" * 64
_SEALED = ("sequence", "occurred_at", "actor", "action", "subject", "outcome", "detail_hash", "previous_hash")

# Built once: every tick seals and every write notes.
_UNSEALED = sa.select(AUDIT).where(AUDIT.c.sequence.is_(None)).order_by(AUDIT.c.id)
_ANY_UNSEALED = sa.select(AUDIT.c.id).where(AUDIT.c.sequence.is_(None)).limit(1)
_HEAD = sa.select(AUDIT.c.sequence, AUDIT.c.hash).where(AUDIT.c.sequence.isnot(None)).order_by(AUDIT.c.sequence.desc()).limit(1)
_NOTE = AUDIT.insert().inline()
_NOTED = ("actor", "action", "subject", "outcome", "occurred_at", "detail_hash")
_NO_DETAIL = content_hash("")
_SEAL = (
    AUDIT.update()
    .where(AUDIT.c.id == sa.bindparam("entry"))
    .values(sequence=sa.bindparam("number"), previous_hash=sa.bindparam("before"), hash=sa.bindparam("seal"))
)


class Audit:
    """Entries join their cause's transaction unsealed; one sealer chains them in commit order."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    def note(self, connection: sa.Connection, actor: str, action: str, subject: str, outcome: str, *, detail: Any = None) -> None:
        """Write down who did what to what and how it ended; `detail` is kept only as its hash."""
        row = {
            "occurred_at": self._clock.now(), "actor": actor, "action": action, "subject": subject, "outcome": outcome,
            "detail_hash": _NO_DETAIL if detail is None else content_hash(detail),
        }  # fmt: skip
        connection.execute(_NOTE, row)

    def note_all(self, connection: sa.Connection, notes: Sequence[tuple[str, str, str, str]]) -> None:
        """Several (actor, action, subject, outcome) at once, for what shares a commit."""
        now = self._clock.now()
        rows = [dict(zip(_NOTED, (*note, now, _NO_DETAIL), strict=True)) for note in notes]
        if rows:
            connection.execute(_NOTE, rows)

    def seal(self) -> int:
        """Chain whatever is committed and unsealed; returns how many entries were sealed."""
        with self._database.reading() as connection:
            if connection.execute(_ANY_UNSEALED).first() is None:
                return 0
        with self._database.writing() as connection:
            self._database.lock(connection, "audit-sealer")
            sequence, head = _head(connection)
            rows = connection.execute(_UNSEALED).mappings().all()
            seals = []
            for row in rows:
                sequence += 1
                sealed = {**row, "sequence": sequence, "previous_hash": head}
                seals.append({"entry": row["id"], "number": sequence, "before": head, "seal": _hash(sealed)})
                head = seals[-1]["seal"]
            if seals:
                connection.execute(_SEAL, seals)
        return len(rows)

    def head(self) -> tuple[int, str]:
        """Sequence and hash of the newest sealed entry: the anchor to keep outside."""
        with self._database.reading() as connection:
            return _head(connection)

    def verify(self, anchor: tuple[int, str] | None = None) -> int:
        """Walk the chain; the number of entries, or `conflict` naming the first bad one.

        With an outside anchor a cut tail and a re-chained log are found as well.
        """
        previous, expected = GENESIS, 0
        with self._database.reading() as connection:
            rows = connection.execute(sa.select(AUDIT).where(AUDIT.c.sequence.isnot(None)).order_by(AUDIT.c.sequence)).mappings()
            for row in rows:
                expected += 1
                if row["sequence"] != expected or row["previous_hash"] != previous or row["hash"] != _hash(dict(row)):
                    raise Conflict(f"the audit log is broken at entry {expected}")
                previous = row["hash"]
                if anchor and anchor[0] == expected and anchor[1] != previous:
                    raise Conflict(f"the audit log was rewritten at or before entry {expected}")
        if anchor and anchor[0] > expected:
            raise Conflict(f"the audit log ends at entry {expected}; the anchor knows {anchor[0]}")
        return expected


def _head(connection: sa.Connection) -> tuple[int, str]:
    row = connection.execute(_HEAD).first()
    return (row[0], row[1]) if row else (0, GENESIS)


def _hash(row: dict[str, Any]) -> str:
    return content_hash({name: iso(row[name]) if name == "occurred_at" else row[name] for name in _SEALED})
