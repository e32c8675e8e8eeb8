"""Published purchase and cost data through the public imports and topics, held against SQL that shares nothing with them."""

from __future__ import annotations

import csv
import os
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from revenue_machine.domains.revenue.imports import IMPORTS
from revenue_machine.engine.importing import ImportWishes, import_file
from tests.domains.revenue.house import House


@pytest.fixture
def shared() -> Path:
    folder = Path(os.environ.get("REVENUE_SHARED", str(Path(__file__).resolve().parents[4] / "shared"))) / "data"
    if not (folder / "cdnow").is_dir():
        pytest.skip("REVENUE_SHARED names no folder with published purchases")
    return folder


def bring(house: House, kind: str, path: Path) -> int:
    report = import_file(IMPORTS[kind], path, ImportWishes(), house.app.container)
    assert report.applied, report.lines()
    return report.stored


def asked(columns: str, rows: Iterable[tuple[Any, ...]], *queries: str) -> list[list[tuple[Any, ...]]]:
    """What plain SQL says of the rows."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(f"create table t ({columns})")
        connection.executemany(f"insert into t values ({','.join('?' * (columns.count(',') + 1))})", rows)
        return [connection.execute(query).fetchall() for query in queries]


def test_cdnow_gives_its_customers_and_cohorts(house: House, shared: Path, tmp_path: Path) -> None:
    lines = [line.split() for line in (shared / "cdnow" / "CDNOW_sample.txt").read_text().splitlines() if line.strip()]
    path = tmp_path / "cdnow.csv"
    with path.open("w", newline="") as stream:
        csv.writer(stream).writerows([("customer_id", "date", "number_of_cds", "dollar_value"), *(line[1:] for line in lines)])
    assert bring(house, "purchases", path) == 6919
    found = house.app.call("revenue.cohorts", {"by": "month"}).result
    assert (found["customers"], found["orders"]) == (2357, 6919)
    [wanted] = asked(
        "customer, month, cents",
        ((one[1], f"{one[2][:4]}-{one[2][4:6]}", int(Decimal(one[4]) * 100)) for one in lines),
        "with first as (select customer, min(month) as cohort from t group by 1) "
        "select cohort, month, count(distinct customer), count(*), sum(cents) from t join first using (customer) "
        "group by 1, 2 order by 1, 2",
    )
    told = [
        (cohort["cohort"], one["period"], one["customers"], one["orders"], round(Decimal(str(one["revenue_usd"])) * 100))
        for cohort in found["cohorts"]
        for one in cohort["periods"]
    ]
    assert told == wanted
    sizes = {cohort["cohort"]: cohort["customers"] for cohort in found["cohorts"]}
    assert sizes == {"1997-01": 781, "1997-02": 857, "1997-03": 719}


def test_afisha_gives_its_costs_and_revenue(house: House, shared: Path) -> None:
    folder = shared / "yandex_afisha_orders_costs"
    assert bring(house, "costs", folder / "costs_us.csv") == 2542
    assert bring(house, "purchases", folder / "orders_log_us.csv") == 50_415
    found = house.app.call("revenue.dashboard", {"by": "month", "from": "2017-06-01", "to": "2018-06-30"}).result
    assert (found["total"]["costs_usd"], found["total"]["sales_usd"]) == (329_131.62, 252_057.2)
    assert found["romi"] == pytest.approx(-0.234175, abs=1e-6)
    costs, orders = (
        list(csv.reader((folder / name).read_text().splitlines()))[1:] for name in ("costs_us.csv", "orders_log_us.csv")
    )
    by_month, sources = asked(
        "source, month, cents",
        ((one[0], month(one[1]), cents(one[2])) for one in costs),
        "select month, sum(cents) from t group by 1",
        "select source, month, sum(cents) from t group by 1, 2 order by 1, 2",
    )
    [wanted] = asked(
        "month, cents, customer",
        ((month(one[0]), cents(one[1]), one[2]) for one in orders),
        "select month, sum(cents), count(*), count(distinct customer) from t group by 1 order by 1",
    )
    assert {one["period"]: cents(one["costs_usd"]) for one in found["periods"] if one["costs_usd"]} == dict(by_month)
    told = [(one["period"], cents(one["sales_usd"]), one["orders"], one["customers"]) for one in found["periods"] if one["orders"]]
    assert told == wanted
    assert [(one["source"], one["period"], cents(one["costs_usd"])) for one in found["sources_by_period"]] == sources


def month(text: str) -> str:
    day, number, year = text.split(maxsplit=1)[0].split("/")
    assert int(day) <= 31
    return f"{year}-{number}"


def cents(amount: float | str) -> int:
    return round(Decimal(str(amount)) * 100)
