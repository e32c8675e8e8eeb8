"""Sales, costs and rates from files: exact, each once, never beside a till, and nothing of a file with bad rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from revenue_machine.domains.revenue.imports import IMPORTS
from revenue_machine.domains.revenue.tables import FX_RATES, PAYMENTS
from revenue_machine.engine.importing import ImportReport, ImportWishes, import_file
from revenue_machine.engine.tables import EVENTS, LEDGER
from revenue_machine.kit.errors import BadInput
from tests.domains.revenue.house import DAY, START, House

SALES = "customer_id,date,qty,amount\n1,20261101,1,10.10\n1,20261101,1,10.10\n2,20261015,2,0\n2,20261102,1,5.05\n3,20261102,1,-1\n"


def bring(house: House, folder: Path, kind: str, text: str, name: str = "own.csv", **wishes: Any) -> ImportReport:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return import_file(IMPORTS[kind], path, ImportWishes(**wishes), house.app.container)


def counts(report: ImportReport) -> tuple[bool, int, int, int]:
    return report.applied, report.stored, report.duplicates, len(report.bad)


def test_equal_sales_of_a_day_are_two(house: House, tmp_path: Path) -> None:
    assert counts(bring(house, tmp_path, "purchases", SALES)) == (True, 5, 0, 0)
    booked = house.rows(LEDGER, "kind", "amount_micro_usd", service="import")
    assert booked == [("refund", -1_000_000), ("revenue", 10_100_000), ("revenue", 10_100_000), ("revenue", 5_050_000)]
    assert len(house.rows(PAYMENTS, "id", status="counted")) == 5


def test_longer_export_adds_only_what_is_new(house: House, tmp_path: Path) -> None:
    bring(house, tmp_path, "purchases", SALES)
    assert counts(bring(house, tmp_path, "purchases", SALES)) == (True, 0, 5, 0)
    longer = SALES + "4,20261103,1,7.00\n"
    assert counts(bring(house, tmp_path, "purchases", longer, "longer.csv")) == (True, 1, 5, 0)
    assert sum(row[0] for row in house.rows(LEDGER, "amount_micro_usd")) == 31_250_000


def test_bad_row_stops_the_file(house: House, tmp_path: Path) -> None:
    report = bring(house, tmp_path, "purchases", SALES + "5,20261399,1,3\n,20261101,1,3\n5,20261101,1,much\n")
    assert counts(report) == (False, 0, 0, 3)
    assert [one.line for one in report.bad] == [7, 8, 9]
    assert house.rows(PAYMENTS, "id") == []
    skipped = bring(house, tmp_path, "purchases", SALES + "5,20261399,1,3\n", "b.csv", skips_bad_rows=True)
    assert counts(skipped) == (True, 5, 0, 1)


def test_till_and_file_count_a_sale_once(house: House, tmp_path: Path) -> None:
    house.tries("ann", START - 8 * DAY)
    house.move_to(START + DAY)
    ((told,),) = house.rows(PAYMENTS, "external_id", provider="revenuecat")
    text = f"customer,time,amount,transaction_id\nann,2026-11-01,19.99,{told}\nbob,2026-11-01,5,own_1\n"
    bring(house, tmp_path, "purchases", text)
    assert house.rows(PAYMENTS, "external_id", "status", provider="import") == [(told, "reconciled"), ("own_1", "counted")]
    assert [row[0] for row in house.rows(LEDGER, "amount_micro_usd", kind="revenue")] == [19_990_000, 5_000_000]


def test_lines_of_one_invoice_all_count(house: House, tmp_path: Path) -> None:
    text = "InvoiceNo,InvoiceDate,Quantity,UnitPrice,CustomerID\nA,12/13/2010 8:26,6,2.55,17\nA,12/13/2010 8:26,2,3.39,17\n"
    report = bring(house, tmp_path, "purchases", text + "A,12/13/2010 8:26,2,3.39,17\nB,12/01/2010 9:00,-1,4,17\n")
    assert counts(report) == (True, 3, 1, 0)
    assert sorted(row[0] for row in house.rows(LEDGER, "amount_micro_usd")) == [-4_000_000, 6_780_000, 15_300_000]


def test_addresses_become_hashes(house: House, tmp_path: Path) -> None:
    bring(house, tmp_path, "purchases", "email,date,amount\nAda@Example.com,2026-11-01,3\nada@example.com,2026-11-02,3\n")
    people = {row[0] for row in house.rows(PAYMENTS, "user_id")}
    assert len(people) == 1
    assert "@" not in people.pop()


def test_euros_wait_for_their_rate(house: House, tmp_path: Path) -> None:
    text = "customer,date,amount,currency\n1,2026-11-01,10.00,EUR\n2,2026-11-01,3,USD\n"
    report = bring(house, tmp_path, "purchases", text)
    assert "1 sales in EUR wait for an exchange rate" in report.notes
    assert [row[0] for row in house.rows(LEDGER, "amount_micro_usd")] == [3_000_000]
    alerts = [row[1]["kind"] for row in house.rows(EVENTS, "kind", "payload") if row[0] == "alert.raised"]
    assert alerts == ["payment_no_fx_rate"]
    house.snapshot("am")  # nothing else settles it meanwhile
    rates = bring(house, tmp_path, "fx_rates", "date,currency,rate\n2026-10-30,EUR,1.0825\n2026-10-30,CHF,1.1\n", "fx.csv")
    assert counts(rates) == (True, 2, 0, 0)
    assert house.rows(LEDGER, "amount_micro_usd", "original_amount", currency="EUR") == [(10_825_000, "10.00")]
    assert house.rows(PAYMENTS, "status", "fx_rate", currency="EUR") == [("counted", "1.0825")]


def test_owner_says_a_rate(house: House, tmp_path: Path) -> None:
    bring(house, tmp_path, "purchases", "customer,date,amount\n1,2026-11-01,€10\n")
    said = {"currency": "eur", "rate_date": "2026-11-01", "usd_per_unit": "1.1"}
    assert house.app.call("revenue.set_rate", said).result == {"is_new": True, "counted": 1}
    assert house.app.call("revenue.set_rate", said | {"usd_per_unit": "2"}).result == {"is_new": False, "counted": 0}
    assert house.rows(FX_RATES, "usd_per_unit") == [("1.1",)]
    refused = house.app.call("revenue.set_rate", said | {"currency": "USD"}).error
    assert isinstance(refused, BadInput)


def test_costs_are_booked_by_source(house: House, tmp_path: Path) -> None:
    text = "source_id,dt,costs\n1,01/06/2026,75.20\n1,13/06/2026,0\n2,02/06/2026,10\n2,02/06/2026,10\n"
    report = bring(house, tmp_path, "costs", text)
    assert (counts(report), len(report.left_out)) == ((True, 3, 0, 0), 1)
    assert counts(bring(house, tmp_path, "costs", text)) == (True, 0, 3, 0)
    assert house.rows(LEDGER, "kind", "service", "amount_micro_usd") == [
        ("ads", "1", -75_200_000), ("ads", "2", -10_000_000), ("ads", "2", -10_000_000),
    ]  # fmt: skip


@pytest.mark.parametrize(("row", "words"), [
    ("2026-06-01,-5,x,USD,ads", "less than nothing"), ("2026-06-01,5,x,EUR,ads", "no exchange rate"), ("2026-06-01,5,x,USD,ai", "no kind"),
])  # fmt: skip
def test_costs_that_cannot_be_are_refused(house: House, tmp_path: Path, row: str, words: str) -> None:
    report = bring(house, tmp_path, "costs", f"date,cost,channel,currency,kind\n{row}\n")
    assert not report.applied
    assert words in report.bad[0].reason


def test_unclear_dates_are_asked_about(house: House, tmp_path: Path) -> None:
    text = "customer,date,amount\n1,01/06/2026,1\n"
    assert "two readings" in bring(house, tmp_path, "purchases", text).bad[0].reason
    report = bring(house, tmp_path, "purchases", text, constants={"date_order": "mdy"})
    assert counts(report) == (True, 1, 0, 0)
    assert [row[0].month for row in house.rows(PAYMENTS, "occurred_at")] == [1]
    with pytest.raises(BadInput, match="dmy or mdy"):
        bring(house, tmp_path, "purchases", text, constants={"date_order": "ymd"})


@pytest.mark.parametrize(
    ("row", "words"), [("2026-06-01,USD,1", "a dollar"), ("2026-06-01,EUR,0", "dollars for one"), ("x,EUR,1", "date")]
)
def test_rates_that_cannot_be_are_refused(house: House, tmp_path: Path, row: str, words: str) -> None:
    assert words in bring(house, tmp_path, "fx_rates", f"date,currency,rate\n{row}\n").bad[0].reason


def test_late_webhook_of_an_imported_sale_counts_nothing(house: House, tmp_path: Path) -> None:
    house.tries("ann", START - 8 * DAY)
    house.clock.move_to(START)
    fake, state = house.fake("revenuecat")
    fake.public_advance(state)
    bring(house, tmp_path, "purchases", "customer,time,amount,transaction_id\nann,2026-11-01,19.99,70000000001001\n")
    house.deliver()
    assert house.rows(PAYMENTS, "external_id", provider="revenuecat") == [("70000000001001",)]
    assert [row[0] for row in house.rows(LEDGER, "amount_micro_usd", kind="revenue")] == [19_990_000]
