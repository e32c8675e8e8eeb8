"""The published page funnel and CDNOW through import and topic, beside independent SQL."""

from __future__ import annotations

import csv
import json
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from tests.domains.analytics.conftest import Shelf

pytestmark = pytest.mark.conformance
PAGES = ("home_page", "search_page", "payment_page", "payment_confirmation")


def page_events(shared: Path, path: Path) -> None:
    """One event per page of a user, in page order, with the user's date, device and sex."""
    folder = shared / "data/ecommerce_page_funnel"
    with (folder / "user_table.csv").open(newline="") as source:
        users = {row["user_id"]: row for row in csv.DictReader(source)}
    with path.open("w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["distinct_id", "event", "timestamp", "properties"])
        for page in PAGES:
            with (folder / f"{page}_table.csv").open(newline="") as source:
                for row in csv.DictReader(source):
                    user = users[row["user_id"]]
                    writer.writerow(
                        [row["user_id"], page, user["date"], json.dumps({name: user[name] for name in ("device", "sex")})]
                    )


def test_page_funnel_gives_published_counts(shared: Path, shelf: Shelf) -> None:
    page_events(shared, shelf.folder / "pages.csv")
    report = shelf.take_in("pages.csv", (shelf.folder / "pages.csv").read_bytes())
    assert (report.stored, report.bad) == (142_082, ())
    assert shelf.people(PAGES) == [(None, 90_400), (None, 45_200), (None, 6_030), (None, 452)]
    for property_name in ("device", "sex"):
        found: dict[str | None, list[int]] = {}
        for value, people in shelf.people(PAGES, breakdown=property_name):
            found.setdefault(value, []).append(people)
        assert (
            found
            == {
                "device": {"Desktop": [60_200, 30_100, 3_010, 150], "Mobile": [30_200, 15_100, 3_020, 302]},
                "sex": {"Female": [45_075, 22_676, 3_100, 241], "Male": [45_325, 22_524, 2_930, 211]},
            }[property_name]
        )


def test_cdnow_cohorts_equal_plain_sql(shared: Path, shelf: Shelf) -> None:
    path = shelf.folder / "cdnow.csv"
    with (shared / "data/cdnow/CDNOW_sample.txt").open() as source, path.open("w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["customer_id", "event", "date", "dollars"])
        for line in source:
            cells = line.split()
            if cells:
                writer.writerow([cells[1], "purchase", cells[2], cells[4]])
    assert shelf.take_in("cdnow.csv", path.read_bytes()).bad == ()
    answer = shelf.ask("posthog.insights", kind="retention", event="purchase", interval="month")
    with duckdb.connect() as connection:
        rows = connection.execute(
            "with e as (select customer_id, strptime(date, '%Y%m%d') as bought from read_csv(?, all_varchar = true)), "
            "f as (select customer_id, date_trunc('month', min(bought)) as cohort from e group by customer_id) "
            "select cohort, datediff('month', cohort, date_trunc('month', bought)), count(distinct customer_id) "
            "from e join f using (customer_id) group by 1, 2",
            [str(path)],
        ).fetchall()
    expected = {(datetime.fromisoformat(str(cohort)).date().isoformat(), later): people for cohort, later, people in rows}
    found = {(one["cohort"], later): people for one in answer["cohorts"] for later, people in enumerate(one["returned"]) if people}
    assert found == expected
    assert (answer["people"], [one["people"] for one in answer["cohorts"]]) == (2_357, [781, 857, 719])
