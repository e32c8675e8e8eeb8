"""Brings a database to the schema this version declares; forward only."""

from __future__ import annotations

from revenue_machine.engine.database import Database
from revenue_machine.kit.db import metadata


def migrate(database: Database) -> None:
    """Create what is missing."""
    with database.writing() as connection:
        database.lock(connection, "migrate")  # two processes may start at once
        metadata.create_all(connection)
