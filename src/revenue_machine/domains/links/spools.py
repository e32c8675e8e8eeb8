"""What becomes of the clicks in the spool."""

from __future__ import annotations

import sqlalchemy as sa

from revenue_machine.domains.links.clicklog import keep_clicks
from revenue_machine.engine.database import Database
from revenue_machine.engine.spool_drain import SpoolBatch, on_spool


@on_spool("clicks")
def take_clicks(batch: SpoolBatch, connection: sa.Connection, database: Database) -> None:
    """Every click that was answered, once."""
    keep_clicks(database, connection, batch.records)
