"""Rows touched are counted alike on both databases."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from revenue_machine.engine.database import Database
from revenue_machine.engine.migrate import migrate
from revenue_machine.engine.tables import EVENTS, META

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


def test_put_counts_rows_touched(database_url: str) -> None:
    database = Database(database_url)
    migrate(database)
    one, two = {"name": "a", "value": "1"}, {"name": "b", "value": "1"}
    with database.writing() as connection:

        def put(rows: Any, update: list[str] | None = None) -> int:
            return database.put(connection, META, rows, ["name"], update)

        assert [put(one), put(one), put([one, two]), put([one, two]), put([])] == [1, 0, 1, 0, 0]
        assert [put(one, ["value"]), put([one, two], ["value"])] == [1, 2]
    database.close()


def test_put_counts_where_the_database_numbers(database_url: str) -> None:
    database = Database(database_url)
    migrate(database)
    row = {"key": "a", "kind": "k", "payload": {}, "occurred_at": NOON, "created_at": NOON}
    with database.writing() as connection:
        assert [database.put(connection, EVENTS, row, ["key"]) for _ in range(2)] == [1, 0]
    database.close()
