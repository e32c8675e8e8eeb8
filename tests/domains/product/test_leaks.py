"""Leaks of several products from PostHog and from events of one's own, priced by our own ledger."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from revenue_machine.domains.analytics.imports import IMPORTS
from revenue_machine.engine.importing import ImportWishes, import_file
from revenue_machine.engine.ledger import Entry, Ledger
from revenue_machine.kit.clock import iso
from tests.domains.product.loop_house import BEGIN, DAY, HOUR, NOW, LoopHouse, open_loop

OWNER = """
[business]
name = "Letters"
voice = "plain"

[[products]]
key = "letters"
name = "Letters"
url = "https://letters.example/"
money_source = "stripe"
facts = ["Letters writes letters"]

[[products.offers]]
key = "letters_monthly"
name = "Letters, monthly"
price_usd = "20"
period = "month"
trial_days = 7

[[niches]]
key = "letters"
name = "Letters"
audience = "people who write"

[[channels]]
platform = "x"
per_day = 3
min_gap_minutes = 60
"""


@pytest.fixture
def loop(tmp_path: Path) -> Iterator[LoopHouse]:
    with open_loop(tmp_path) as opened:
        yield opened


def of(report: dict[str, Any], product: str | None) -> dict[str, Any]:
    (found,) = [one for one in report["products"] if one["product"] == product]
    return dict(found)


def steps(found: dict[str, Any]) -> list[tuple[int, int, str]]:
    return [(one["people"], one["went_on"], one["state"]) for one in found["steps"]]


def test_products_are_told_apart_by_their_host(loop: LoopHouse) -> None:
    loop.people("a", BEGIN, 27 * DAY, (400, 100))
    loop.people("b", BEGIN, 27 * DAY, (300, 60), **{"$host": "www.kindletters.app"})
    report = loop.ask("product.leaks")
    assert steps(of(report, "everreach_pro"))[:2] == [(400, 400, "on_target"), (400, 100, "leak")]
    assert steps(of(report, "kindletters"))[:2] == [(300, 300, "on_target"), (300, 60, "leak")]
    assert steps(of(report, "clientportal")) == [(0, 0, "no_data")] * 3
    assert [(one["product"], one["people_lost"]) for one in report["ranked"]] == [("everreach_pro", 300), ("kindletters", 240)]


def test_offer_tells_where_no_host_does(loop: LoopHouse) -> None:
    for place in range(250):
        at = NOW - 20 * DAY + place * HOUR
        loop.tell("$pageview", f"p{place}", at, **{"$host": "elsewhere.example", "offer": "kindletters_monthly"})
    found = of(loop.ask("product.leaks"), "kindletters")
    assert (found["told_by"], steps(found)[0]) == ("offer", (250, 0, "leak"))


def test_events_of_nobody_are_shown_without_a_price(loop: LoopHouse) -> None:
    for place in range(250):
        loop.tell("$pageview", f"p{place}", NOW - 20 * DAY + place * HOUR, **{"$host": "elsewhere.example"})
    report = loop.ask("product.leaks")
    found = of(report, None)
    assert (steps(found)[0], found["net_price_micro_usd"]) == ((250, 0, "leak"), None)
    assert found["price_words"] == "no price: the events belong to no product"
    assert "no event says which product it is about" in found["notes"][1]
    assert report["ranked"][0]["worth_micro_usd_per_week"] is None
    priced = loop.ask("product.leaks", {"price_usd": "49.50"}, key="priced")
    assert of(priced, None)["net_price_micro_usd"] == 49_500_000


def test_trials_too_young_to_pay_are_not_counted(loop: LoopHouse) -> None:
    loop.people("old", BEGIN, 10 * DAY, (400, 200))
    loop.people("young", NOW - 6 * DAY, 5 * DAY, (400, 200))
    found = of(loop.ask("product.leaks"), "everreach_pro")
    # 400 trials, of which 200 began a week and a day ago or earlier; every fifth of 400 old people paid if they tried.
    assert steps(found)[1] == (800, 400, "on_target")
    assert (found["steps"][2]["people"], found["steps"][2]["lag_days"]) == (200, 8)


def test_price_is_what_a_sale_left(loop: LoopHouse) -> None:
    ledger = loop.app.container.get(Ledger)
    with loop.app.database.writing() as connection:
        for place in range(6):
            for kind, amount in (("revenue", 20_000_000), ("payment_fee", -3_000_000)):
                entry = Entry(
                    key=f"{kind}/{place}", kind=kind, service="revenuecat", amount_micro_usd=amount, cause_type="payment",
                    cause_id=f"pay{place}", occurred_at=NOW - place * DAY, product="everreach_pro",
                )  # fmt: skip
                ledger.book(connection, entry)
    loop.people("a", BEGIN, 27 * DAY, (400, 100))
    report = loop.ask("product.leaks")
    found = of(report, "everreach_pro")
    assert found["net_price_micro_usd"] == 17_000_000
    assert found["price_words"] == "$17.00 a sale after refunds, fees and tax, of $20.00 over 6 sales of 90 days"
    assert (
        of(report, "kindletters")["price_words"] == "$9.99 a sale by the price list; 0 sales are too few to know what fees take off"
    )


def test_leak_in_one_source_is_found(loop: LoopHouse) -> None:
    loop.people("good", NOW - 13 * DAY, 12 * DAY, (300, 150), utm_source="x")
    loop.people("bad", NOW - 13 * DAY, 12 * DAY, (300, 30), utm_source="tiktok")
    found = of(loop.ask("product.leaks"), "everreach_pro")
    assert found["worst"]["to_step"] == "trial"
    (split,) = found["splits"]
    assert (split["property"], split["where"]) == ("utm_source", "worse for tiktok than for the rest")
    assert [(one["value"], one["people"], one["went_on"]) for one in split["segments"]] == [("tiktok", 300, 30), ("x", 300, 150)]


def test_unknown_product_is_refused(loop: LoopHouse) -> None:
    error = loop.refused("product.leaks", {"product": "nothing"})
    assert (error.code, error.field) == ("bad_input", "product")


def test_outage_is_no_empty_answer(loop: LoopHouse) -> None:
    loop.outside.add_fault("posthog", "/query", "500", 50)
    assert loop.refused("product.leaks", {}).code == "outside_unavailable"


def test_stranger_brings_events_of_his_own(tmp_path: Path, database_url: str) -> None:
    (tmp_path / "revenue.toml").write_text(OWNER)
    with open_loop(tmp_path, REVENUE_DATABASE_URL=database_url, REVENUE_CONFIG=str(tmp_path / "revenue.toml")) as loop:
        rows = []
        for place in range(400):
            at = NOW - 20 * DAY + place * HOUR
            rows.append(("signup", f"u{place}", at))
            rows += [("trial_started", f"u{place}", at + HOUR)] if place % 5 == 0 else []
        lines = [
            json.dumps({"distinct_id": who, "event": event, "timestamp": iso(at), "properties": {"utm_source": "x"}})
            for event, who, at in rows
        ]
        (tmp_path / "events.jsonl").write_text("\n".join(lines))
        import_file(IMPORTS["events"], tmp_path / "events.jsonl", ImportWishes(), loop.app.container)
        report = loop.ask("product.leaks", {"steps": ["signup", "trial"], "source": "local"})
        found = of(report, "letters")
        assert (found["source"], steps(found)) == ("local", [(400, 80, "leak")])
        # 87 signups in the last week, of whom 30 % more would try; a trial is the last step here, so each is worth a sale of $20.
        step = found["steps"][0]
        assert (step["people_per_week"], step["worth_micro_usd_per_week"]) == (87, 522_000_000)
        assert report["date_to"] == iso(NOW).replace("+00:00", "Z")
        quiet = loop.ask("product.leaks", {"source": "local", "date_to": iso(NOW - timedelta(days=400))}, key="quiet")
        assert "say date_to and days" in quiet["products"][0]["notes"][-1]
