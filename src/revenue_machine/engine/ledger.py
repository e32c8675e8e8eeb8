"""The only writer of money: append-only rows with a cause, idempotent by natural key."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from revenue_machine.engine.bulk import insert_new
from revenue_machine.engine.database import Database
from revenue_machine.engine.tables import LEDGER
from revenue_machine.kit.clock import Clock, local_date
from revenue_machine.kit.ids import make_id


@dataclass(frozen=True)
class Entry:
    """One movement of money; `amount_micro_usd` is positive for income and negative for cost.

    `key` is the natural key (a vendor's transaction id, an intent key); `state` is `confirmed`, or
    `unconfirmed` where the call was sent and its price is the worst case.
    """

    key: str
    kind: str
    service: str
    amount_micro_usd: int
    cause_type: str
    cause_id: str
    occurred_at: datetime
    state: str = "confirmed"
    currency: str = "USD"
    original_amount: str | None = None
    product: str | None = None
    item_id: str | None = None
    contact_id: str | None = None
    intent_id: str | None = None
    run_id: str | None = None
    task_type: str | None = None
    model: str | None = None
    units: Mapping[str, Any] | None = None
    price_version: str | None = None


Projection = Callable[[sa.Connection, Database, str, Entry], None]


class Ledger:
    """Books entries and, in the same transaction, whatever is derived from them."""

    def __init__(self, database: Database, clock: Clock, zone: ZoneInfo, projections: Sequence[Projection]) -> None:
        self._database, self._clock, self._zone, self._projections = database, clock, zone, projections

    def book(self, connection: sa.Connection, entry: Entry) -> bool:
        """Append an entry; False when this key was posted before (then nothing changes)."""
        row = self._row(entry)
        if self._database.put(connection, LEDGER, row, ["id"]) == 0:
            return False
        self._project(connection, row["id"], entry)
        return True

    def book_all(self, connection: sa.Connection, entries: Sequence[Entry]) -> int:
        """Append many entries at once, such as a file brings; those posted before change nothing. Returns how many were new.

        Some thousand at a time: their ids go into one question.
        """
        by_id = {entry_id(entry): entry for entry in entries}
        known = set(connection.execute(sa.select(LEDGER.c.id).where(LEDGER.c.id.in_(list(by_id)))).scalars())
        fresh = {name: entry for name, entry in by_id.items() if name not in known}
        insert_new(connection, LEDGER, [self._row(entry) for entry in fresh.values()], ("id",))
        for name, entry in fresh.items():
            self._project(connection, name, entry)
        return len(fresh)

    def _row(self, entry: Entry) -> dict[str, Any]:
        return {
            **{name: value for name, value in vars(entry).items() if name != "key"},
            "id": entry_id(entry),
            "units": None if entry.units is None else dict(entry.units),
            "local_date": local_date(entry.occurred_at, self._zone),
            "created_at": self._clock.now(),
        }

    def _project(self, connection: sa.Connection, name: str, entry: Entry) -> None:
        for project in self._projections:
            project(connection, self._database, name, entry)


def entry_id(entry: Entry) -> str:
    """The id of an entry, by its kind and natural key."""
    return make_id("led", entry.kind, entry.key)
