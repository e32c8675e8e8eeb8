"""An alert anybody states becomes a row that is due."""

from __future__ import annotations

import sqlalchemy as sa

from revenue_machine.domains.reports import store
from revenue_machine.engine.database import Database
from revenue_machine.engine.events import Event, on


@on("alert.raised")
def queue_alert(event: Event, connection: sa.Connection, database: Database) -> None:
    """Put it in line for the owner's chat."""
    kind, text = str(event.payload["kind"]), str(event.payload["text"])
    store.raise_alert(connection, database, key=event.key, kind=kind, text=text, at=event.occurred_at)
