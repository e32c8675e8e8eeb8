"""Columns mean the same on both databases, and money in dollars is derived, never written."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from sqlalchemy.schema import CreateTable

from revenue_machine.kit.db import NAMING, Json, Str, Tags, UtcDateTime, change, make_engine, money, table, upsert

OWN = sa.MetaData(naming_convention=NAMING)
THINGS = sa.Table(
    "things", OWN, sa.Column("id", Str, primary_key=True), sa.Column("at", UtcDateTime), sa.Column("doc", Json), sa.Column("tags", Tags),
    *money("price"),
)  # fmt: skip
AT = datetime(2026, 3, 8, 2, 30, 0, 123_456, tzinfo=ZoneInfo("Asia/Kathmandu"))


@pytest.fixture
def engine(database_url: str) -> Iterator[sa.Engine]:
    own = make_engine(database_url)
    OWN.create_all(own)
    yield own
    own.dispose()


def insert(engine: sa.Engine, *rows: dict[str, Any]) -> None:
    with engine.begin() as connection:
        connection.execute(THINGS.insert(), list(rows))


def read(engine: sa.Engine, *columns: sa.Column[Any]) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.select(*columns).order_by(THINGS.c.id))]


def test_values_come_back_as_they_went_in(engine: sa.Engine) -> None:
    insert(engine, {"id": "a", "at": AT, "doc": {"n": [1, None, "ü"]}, "tags": ["x", "y"], "price_micro_usd": 1_234_567})
    ((at, doc, tags, exact, shown),) = read(
        engine, THINGS.c.at, THINGS.c.doc, THINGS.c.tags, THINGS.c.price_micro_usd, THINGS.c.price_usd
    )
    assert (at, at.tzinfo) == (AT, UTC)
    assert (doc, tags, exact, float(shown)) == ({"n": [1, None, "ü"]}, ["x", "y"], 1_234_567, 1.234567)


def test_nothing_stays_nothing(engine: sa.Engine) -> None:
    insert(engine, {"id": "a", "at": None, "price_micro_usd": None})
    assert read(engine, THINGS.c.at, THINGS.c.price_usd) == [(None, None)]


def test_a_naive_time_is_refused(engine: sa.Engine) -> None:
    with pytest.raises(sa.exc.StatementError, match="a stored time needs a zone"):
        insert(engine, {"id": "a", "at": AT.replace(tzinfo=None)})


def test_dollars_cannot_be_written(engine: sa.Engine) -> None:
    with pytest.raises(sa.exc.DBAPIError), engine.begin() as connection:
        connection.exec_driver_sql("insert into things (id, price_usd) values ('a', 5)")


def test_text_sorts_by_bytes(engine: sa.Engine) -> None:
    names = ["a", "B", "ä", "Z", "_", "10", "9"]
    insert(engine, *[{"id": name} for name in names])
    assert [row[0] for row in read(engine, THINGS.c.id)] == ["10", "9", "B", "Z", "_", "a", "ä"]


def test_the_servers_locale_decides_no_order() -> None:
    """A test server may run under the C locale anyway; the column has to say it."""
    made = str(CreateTable(THINGS).compile(dialect=sa.make_url("postgresql+psycopg://").get_dialect()()))
    assert 'id TEXT COLLATE "C"' in made


def test_an_upsert_updates_the_named_columns_only(engine: sa.Engine) -> None:
    rows = [{"id": "a", "price_micro_usd": 1}, {"id": "a", "price_micro_usd": 2}]
    for update, expected in (((), 1), (("price_micro_usd",), 2)):
        with engine.begin() as connection:
            connection.execute(THINGS.delete())
            for row in rows:
                connection.execute(upsert(THINGS, engine.dialect.name, tuple(row), ("id",), update), row)
        assert read(engine, THINGS.c.price_micro_usd) == [(expected,)]


def test_a_change_finds_its_rows_only(engine: sa.Engine) -> None:
    insert(engine, {"id": "a", "doc": {"seen": 1}, "price_micro_usd": 5}, {"id": "b", "doc": {"seen": 1}, "price_micro_usd": 5})
    with engine.begin() as connection:
        found = change(connection, THINGS, {"id": "a", "price_micro_usd": 5}, {"price_micro_usd": 7, "doc": {"seen": 2}, "at": AT})
        lost = change(connection, THINGS, {"id": "a", "price_micro_usd": 5}, {"price_micro_usd": 9, "doc": None, "at": None})
    assert (found, lost) == (1, 0)
    rows = read(engine, THINGS.c.id, THINGS.c.price_micro_usd, THINGS.c.doc, THINGS.c.at)
    assert rows == [("a", 7, {"seen": 2}, AT), ("b", 5, {"seen": 1}, None)]


def test_a_product_table_has_its_prefix() -> None:
    with pytest.raises(ValueError, match="must start with actp_"):
        table("things")
