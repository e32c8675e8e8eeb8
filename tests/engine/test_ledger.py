"""Money is booked once per natural key, exactly, on the owner's date, together with what is derived from it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from revenue_machine.engine.database import Database
from revenue_machine.engine.ledger import Entry, Ledger
from revenue_machine.engine.tables import LEDGER, META
from revenue_machine.kit.clock import PushedClock

LATE = datetime(2026, 11, 3, 3, 30, tzinfo=UTC)


def entry(key: str = "ch_1", amount: int = 1_234_567, **rest: Any) -> Entry:
    return Entry(key, "income", "till", amount, "charge", "ch_1", LATE, **rest)


def derive(connection: sa.Connection, database: Database, entry_id: str, one: Entry) -> None:
    connection.execute(META.insert().values(name=entry_id, value=str(one.amount_micro_usd)))
    if one.key == "bad":
        raise ZeroDivisionError


@pytest.fixture
def ledger(database: Database, clock: PushedClock) -> Ledger:
    return Ledger(database, clock, ZoneInfo("America/New_York"), [derive])


def book(database: Database, ledger: Ledger, one: Entry) -> bool:
    with database.writing() as connection:
        return ledger.book(connection, one)


def read(database: Database, *columns: sa.Column[Any]) -> list[tuple[Any, ...]]:
    with database.reading() as connection:
        return [tuple(row) for row in connection.execute(sa.select(*columns).order_by(columns[0]))]


def test_a_key_is_booked_once(database: Database, ledger: Ledger) -> None:
    assert [book(database, ledger, entry(amount=amount)) for amount in (100, 100, 200)] == [True, False, False]
    assert read(database, LEDGER.c.amount_micro_usd) == [(100,)]
    assert read(database, META.c.value) == [("100",)]


def test_two_kinds_of_one_key_are_two(database: Database, ledger: Ledger) -> None:
    assert book(database, ledger, entry())
    assert book(database, ledger, Entry("ch_1", "fee", "till", -5, "charge", "ch_1", LATE))


def test_the_date_is_the_owners(database: Database, ledger: Ledger) -> None:
    book(database, ledger, entry())
    assert read(database, LEDGER.c.local_date, LEDGER.c.occurred_at) == [(date(2026, 11, 2), LATE)]


@pytest.mark.parametrize("amount", [1, -1, 1_234_567, 9_007_199_254_740_993])
def test_amounts_are_exact(amount: int, database: Database, ledger: Ledger) -> None:
    book(database, ledger, entry(amount=amount, units={"tokens": 3}))
    assert read(database, LEDGER.c.amount_micro_usd, LEDGER.c.units) == [(amount, {"tokens": 3})]


def test_a_failing_projection_books_nothing(database: Database, ledger: Ledger) -> None:
    with pytest.raises(ZeroDivisionError):
        book(database, ledger, entry("bad"))
    assert read(database, LEDGER.c.id) == read(database, META.c.name) == []
