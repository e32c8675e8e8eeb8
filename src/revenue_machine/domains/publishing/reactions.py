"""What a measured post teaches about its hour."""

from __future__ import annotations

import sqlalchemy as sa

from revenue_machine.domains.publishing import store
from revenue_machine.domains.publishing.tables import POSTS
from revenue_machine.engine.database import Database
from revenue_machine.engine.events import Event, on
from revenue_machine.kit.clock import Clock


@on("post.measured")
def learn_hour(event: Event, connection: sa.Connection, database: Database, clock: Clock) -> None:
    """Above the platform's average: alpha + 1; else beta + 1."""
    query = sa.select(POSTS.c.platform, POSTS.c.slot_weekday, POSTS.c.slot_hour).where(POSTS.c.id == event.payload["post_id"])
    row = connection.execute(query).first()
    if row is not None:
        store.learn(connection, database, (row[0], row[1], row[2]), int(event.payload["reward"]), clock.now())
