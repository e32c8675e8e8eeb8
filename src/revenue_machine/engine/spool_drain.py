"""Brings what lies in the spools of this machine into the database: each record once, by its spool and offset."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa

from revenue_machine.engine.container import Container
from revenue_machine.engine.database import Database
from revenue_machine.engine.spool import MAGIC, SpoolLimits, SpoolRecord, SpoolWriter, read_segment, segments, spooled_bytes
from revenue_machine.engine.tables import SPOOLS
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.log import logger
from revenue_machine.kit.settings import Settings

F = TypeVar("F", bound=Callable[..., None])
RECORDS_AT_ONCE = 2_000
# One look drains this much at most, so that the tick it belongs to gets on with the rest of its work.
MOST_AT_A_LOOK = 50_000
_DRAINED = sa.select(SPOOLS.c.drained_bytes, SPOOLS.c.records, SPOOLS.c.torn_bytes).where(SPOOLS.c.id == sa.bindparam("spool"))


@dataclass(frozen=True)
class SpoolBatch:
    """Records of one kind in the order in which they were written; the reader gets them and the transaction they belong to."""

    records: tuple[SpoolRecord, ...]


@dataclass(frozen=True)
class SpoolStanding:
    """What lies on this machine's disk and is not in the database yet, and what was found torn."""

    segments: int
    waiting_bytes: int
    torn_bytes: int


def on_spool(kind: str) -> Callable[[F], F]:
    """Declare who writes the records of a kind into the database, in `domains/<d>/spools.py`; repeats never reach it."""

    def declare(function: F) -> F:
        function.__spool__ = kind  # type: ignore[attr-defined]
        return function

    return declare


class Spools:
    """The spools of this home, a folder per kind; every process writes segments of its own, any may drain them all."""

    def __init__(
        self, database: Database, clock: Clock, settings: Settings, readers: Mapping[str, Callable[..., None]], container: Container
    ) -> None:
        self._database, self._clock, self._root, self._container = database, clock, settings.home / "spool", container
        self._readers = dict(sorted(readers.items()))
        self._seen: dict[str, int] = {}

    def writer(self, kind: str, limits: SpoolLimits | None = None) -> SpoolWriter:
        """A writer with segments of its own."""
        return SpoolWriter(self._root / kind, limits or SpoolLimits())

    def drain(self, most: int = MOST_AT_A_LOOK) -> int:
        """Write what is on disk into the database; returns how many records were. Raises: outside_unavailable."""
        done = 0
        for kind in self._readers:
            for path in segments(self._root / kind):
                if done >= most:
                    return done
                done += self._drain_segment(kind, path, most - done)
        return done

    def spooled_bytes(self) -> int:
        """Bytes of all segments on this machine."""
        return sum(spooled_bytes(self._root / kind) for kind in self._readers)

    def standing(self, kind: str) -> SpoolStanding:
        """What waits on this machine, as of now."""
        paths = segments(self._root / kind)
        total = spooled_bytes(self._root / kind)
        names = [path.stem for path in paths]
        with self._database.reading() as connection:
            drained = dict(connection.execute(sa.select(SPOOLS.c.id, SPOOLS.c.drained_bytes).where(SPOOLS.c.id.in_(names))).all())
            torn = connection.execute(sa.select(sa.func.sum(SPOOLS.c.torn_bytes)).where(SPOOLS.c.kind == kind)).scalar()
        waiting = total - sum(drained.get(name, len(MAGIC)) for name in names)
        return SpoolStanding(len(paths), max(0, waiting), int(torn or 0))

    def _drain_segment(self, kind: str, path: Path, most: int) -> int:
        try:
            handle = os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            return 0  # somebody else was faster
        try:
            is_closed = _is_closed(handle)
            done = 0
            while done < most and self._has_more(handle, path.stem, is_closed=is_closed):
                done += self._batch(kind, handle, path.stem, min(RECORDS_AT_ONCE, most - done), is_closed=is_closed)
            if is_closed and self._seen.get(path.stem, len(MAGIC)) >= os.fstat(handle).st_size:
                path.unlink(missing_ok=True)
                self._seen.pop(path.stem, None)
            return done
        finally:
            os.close(handle)

    def _has_more(self, handle: int, spool: str, *, is_closed: bool) -> bool:
        """A look that costs no transaction: most ticks find nothing new."""
        start = self._seen.get(spool, len(MAGIC))
        return start < os.fstat(handle).st_size and read_segment(handle, spool, start, 1, is_closed=is_closed).reached > start

    def _batch(self, kind: str, handle: int, spool: str, most: int, *, is_closed: bool) -> int:
        """Records and how far they reach, in one transaction."""
        with self._database.writing() as connection:
            self._database.lock(connection, f"spool/{spool}")
            row = connection.execute(_DRAINED, {"spool": spool}).one_or_none()
            start, known, torn = (len(MAGIC), 0, 0) if row is None else row
            found = read_segment(handle, spool, start, most, is_closed=is_closed)
            if found.records:
                inner = self._container.child(SpoolBatch(found.records))
                inner.put(connection, sa.Connection)
                inner.fill(self._readers[kind])
            if found.reached > start:
                sums = {"records": known + len(found.records), "torn_bytes": torn + found.torn_bytes}
                self._keep(connection, kind, spool, {"drained_bytes": found.reached, **sums})
        if found.torn_bytes:
            logger().error("spool.torn", spool=spool, bytes=found.torn_bytes)
        self._seen[spool] = found.reached
        return len(found.records)

    def _keep(self, connection: sa.Connection, kind: str, spool: str, reached: Mapping[str, int]) -> None:
        row = {"id": spool, "kind": kind, **reached, "drained_at": self._clock.now()}
        self._database.put(connection, SPOOLS, row, ["id"], [*reached, "drained_at"])


def _is_closed(handle: int) -> bool:
    """Whether no writer lives that still appends."""
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
