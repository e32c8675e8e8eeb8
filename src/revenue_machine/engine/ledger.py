"""The only writer of money: append-only rows with a cause, idempotent by natural key."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

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
        entry_id = make_id("led", entry.kind, entry.key)
        row = {
            **{name: value for name, value in vars(entry).items() if name != "key"},
            "id": entry_id,
            "units": None if entry.units is None else dict(entry.units),
            "local_date": local_date(entry.occurred_at, self._zone),
            "created_at": self._clock.now(),
        }
        if self._database.put(connection, LEDGER, row, ["id"]) == 0:
            return False
        for project in self._projections:
            project(connection, self._database, entry_id, entry)
        return True
