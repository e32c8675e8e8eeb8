"""Rows in bulk arrive as single ones do, and never without a column that fills itself in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from revenue_machine.engine.bulk import insert_new, roomy
from revenue_machine.engine.database import Database
from revenue_machine.kit import db

SEEN = datetime(2026, 11, 2, 6, tzinfo=UTC)
THINGS = sa.Table(
    "actp_bulk_things", sa.MetaData(), db.text_key(), db.text("name"), db.tags(), db.flag("is_on"), db.instant("seen_at")
)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    with database.writing() as connection:
        THINGS.create(connection)
    yield database
    database.close()


def test_a_known_key_stays_as_it_is(database: Database) -> None:
    first = [{"id": "t1", "name": "Zo\u00eb", "tags": ["vip"], "is_on": True, "seen_at": SEEN}]
    again: list[dict[str, object]] = [
        {"id": f"t{number}", "name": None, "tags": [], "is_on": False, "seen_at": SEEN} for number in (1, 2)
    ]
    with database.writing() as connection, roomy(connection):
        insert_new(connection, THINGS, first, ("id",))
        insert_new(connection, THINGS, again, ("id",))
        insert_new(connection, THINGS, [], ("id",))
    assert list(database.rows(THINGS)) == [("t1", "Zo\u00eb", ["vip"], True, SEEN), ("t2", None, [], False, SEEN)]


def test_a_default_must_be_named(database: Database) -> None:
    with database.writing() as connection, pytest.raises(ValueError, match="default"):
        insert_new(connection, THINGS, [{"id": "t1", "name": "Ada"}], ("id",))
