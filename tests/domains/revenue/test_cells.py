"""Money and times as files write them; two readings are asked about."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from revenue_machine.domains.revenue import cells
from revenue_machine.engine.importing import BadRow

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(("text", "amount"), [
    ("12", "12"), ("$1,234.50", "1234.50"), ("1.234,50 €", "1234.50"), ("(12.00)", "-12.00"), ("-3.5", "-3.5"), ("12,5", "12.5"),
    ("0,555", "0.555"), ("1,234", "1234"), ("1.234", "1.234"), ("1 234 567,8", "1234567.8"), ("EUR 9.99", "9.99"), ("0.1", "0.1"),
])  # fmt: skip
def test_amounts_are_read_exactly(text: str, amount: str) -> None:
    assert cells.amount(text) == Decimal(amount)


@pytest.mark.parametrize("text", ["", "abc", "1e3", "NaN", "1.2.3", "12-", "--1", "9" * 30])
def test_no_amount_is_refused(text: str) -> None:
    with pytest.raises(BadRow, match="not an amount"):
        cells.amount(text)


@pytest.mark.parametrize(("text", "said", "code"), [
    ("12", None, "USD"), ("€12", None, "EUR"), ("12 GBP", None, "GBP"), ("12", "eur", "EUR"), ("$12", "CHF", "CHF"), ("12", "£", "GBP"),
])  # fmt: skip
def test_currency_is_named_somewhere(text: str, said: str | None, code: str) -> None:
    assert cells.currency_of(text, said) == code


def test_currency_of_nonsense_is_refused() -> None:
    with pytest.raises(BadRow, match="no currency code"):
        cells.currency_of("12", "dollars")


@pytest.mark.parametrize(("texts", "order"), [
    (["01/06/2017", "13/06/2017"], "dmy"), (["06/01/2017", "06/13/2017"], "mdy"), (["01/06/2017"], None), (["2017-06-01"], None), ([], None),
])  # fmt: skip
def test_one_clear_date_tells_the_order(texts: list[str], order: str | None) -> None:
    assert cells.date_order(texts) == order


@pytest.mark.parametrize(("text", "instant"), [
    ("19970101", datetime(1996, 12, 31, 23, tzinfo=UTC)), ("2017-06-01", datetime(2017, 5, 31, 22, tzinfo=UTC)),
    ("01/06/2017 0:10", datetime(2017, 5, 31, 22, 10, tzinfo=UTC)), ("1.6.2017 9:05:07", datetime(2017, 6, 1, 7, 5, 7, tzinfo=UTC)),
    ("2017-06-01T00:10:00Z", datetime(2017, 6, 1, 0, 10, tzinfo=UTC)), ("2017/06/01 12:00:00", datetime(2017, 6, 1, 10, tzinfo=UTC)),
    ("01/06/2017 12:30 PM", datetime(2017, 6, 1, 10, 30, tzinfo=UTC)), ("01/06/2017 12:30 AM", datetime(2017, 5, 31, 22, 30, tzinfo=UTC)),
])  # fmt: skip
def test_times_without_zone_are_the_owners(text: str, instant: datetime) -> None:
    assert cells.moment(text, "dmy", BERLIN) == instant


def test_months_first_when_said() -> None:
    assert cells.moment("06/01/2017", "mdy", ZoneInfo("UTC")) == datetime(2017, 6, 1, tzinfo=UTC)


@pytest.mark.parametrize("text", ["31/02/2017", "19970230", "yesterday", "13 PM", "01/06/2017 13:00 PM", "1/6/17"])
def test_no_date_is_refused(text: str) -> None:
    with pytest.raises(BadRow, match="not a date"):
        cells.moment(text, "dmy", BERLIN)


def test_two_readings_are_asked_about() -> None:
    with pytest.raises(BadRow, match="two readings"):
        cells.moment("01/06/2017", None, BERLIN)
    assert cells.moment("06/06/2017", None, ZoneInfo("UTC")) == datetime(2017, 6, 6, tzinfo=UTC)
