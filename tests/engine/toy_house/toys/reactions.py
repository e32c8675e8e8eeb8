"""Counts what was noted."""

from __future__ import annotations

import sqlalchemy as sa

from revenue_machine.engine.events import Event, on
from tests.engine.toy_house.toys.tables import NOTES


@on("toys.noted")
def count_note(event: Event, connection: sa.Connection) -> None:
    connection.execute(NOTES.update().where(NOTES.c.id == event.payload["note_id"]).values(seen=NOTES.c.seen + 1))
