"""What a measured post teaches about its hour."""

from __future__ import annotations

import sqlalchemy as sa

from revenue_machine.domains.publishing import reads, store
from revenue_machine.engine.database import Database
from revenue_machine.engine.events import Event, on
from revenue_machine.kit.clock import Clock


@on("post.measured")
def learn_hour(event: Event, connection: sa.Connection, database: Database, clock: Clock) -> None:
    """Above the platform's average: alpha + 1; else beta + 1."""
    arm = reads.arm_of_post(connection, event.payload["post_id"])
    if arm is not None:
        store.learn(connection, database, arm, int(event.payload["reward"]), clock.now())
