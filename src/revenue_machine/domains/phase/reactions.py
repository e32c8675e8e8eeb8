"""The funnel counted: the phase its rule means is the phase that holds."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa

from revenue_machine.domains.phase import store
from revenue_machine.engine.database import Database
from revenue_machine.engine.events import Event, on


@on("funnel.day_counted")
def keep_phase(event: Event, connection: sa.Connection, database: Database) -> None:
    """Keep it, with the date it was counted on."""
    day = date.fromisoformat(event.payload["date"])
    store.keep_rule(database, connection, event.payload["phase"], day, event.occurred_at)
