"""What a founder may ask of the credits: a dimension by a model, one sale on one page, the chain, the judge, the page."""

from __future__ import annotations

from typing import Any

import pytest

from revenue_machine.domains.attribution.models import MODELS
from revenue_machine.domains.attribution.sections import earners
from revenue_machine.domains.attribution.tables import ATTRIBUTION_EVENTS
from revenue_machine.engine.briefing import Day
from revenue_machine.engine.page import Pages, plain
from tests.domains.revenue.house import DAY, HOUR, START, House

USD = 19.99


@pytest.fixture
def sold(house: House) -> House:
    """Ann passed two posts before she signed up, tried and paid; bob pays without anybody knowing why."""
    house.publishes("post_a", START, cost_micro_usd=500_000, niche="one")
    house.publishes("post_b", START, niche="two")
    house.clicks("c1", "post_a", "v1", START + HOUR)
    house.clicks("c2", "post_b", "v1", START + 2 * HOUR)
    house.signs_up("ann", "c2", START + 3 * HOUR)
    house.tries("ann", START + 4 * HOUR)
    house.tries("bob", START + 4 * HOUR)
    house.move_to(START + 8 * DAY)
    house.snapshot("pm")
    return house


def asked(house: House, topic: str, **payload: Any) -> dict[str, Any]:
    envelope = house.app.call(topic, payload)
    assert envelope.ok, envelope.as_dict()
    result: dict[str, Any] = envelope.result
    return result


def test_summary_differs_by_model_and_sums_alike(sold: House) -> None:
    found = {model: asked(sold, "attribution.summary", dimension="niche", model=model) for model in MODELS}
    money = {model: {row["value"]: row["revenue_usd"] for row in one["rows"]} for model, one in found.items()}
    assert money["last_non_direct"] == {"two": USD, "unknown": USD, "one": 0.0}
    assert money["first"] == {"one": USD, "unknown": USD, "two": 0.0}
    assert money["shapley"] == {"unknown": USD, "one": USD / 2, "two": USD / 2}
    assert {(one["revenue_usd"], one["purchases"], one["buyers"]) for one in found.values()} == {(2 * USD, 2, 2)}
    half = next(row for row in found["linear"]["rows"] if row["value"] == "one")
    assert (half["purchases"], half["cpa_usd"], half["too_few"]) == (0.5, 1.0, True)
    assert half["purchases_low"] < 0.5 < half["purchases_high"]
    assert half["revenue_low_usd"] < USD / 2 < half["revenue_high_usd"]
    disputed = [(one["value"], one["low_usd"], one["high_usd"]) for one in found["first"]["disagree"]]
    assert disputed == [("one", 0.0, USD), ("two", 0.0, USD)]


def test_summary_of_some_days_is_reckoned_now(sold: House) -> None:
    day = START.date()
    before = asked(sold, "attribution.summary", dimension="niche", until=str(day))
    assert (before["revenue_usd"], before["spend_usd"], sum(row["clicks"] for row in before["rows"])) == (0.0, 0.5, 2)
    assert {row["value"]: (row["signups"], row["trials"]) for row in before["rows"]} == {
        "one": (0.0, 0.0), "two": (1.0, 1.0), "unknown": (0.0, 1.0),
    }  # fmt: skip
    after = asked(sold, "attribution.summary", dimension="niche", since=str(day + DAY))
    assert (after["revenue_usd"], sum(row["clicks"] for row in after["rows"])) == (2 * USD, 0)


@pytest.mark.parametrize("name", ["id", "external_event_id", "payment_id"])
def test_sale_is_explained_by_any_of_its_ids(sold: House, name: str) -> None:
    sale = sold.rows(ATTRIBUTION_EVENTS, name, user_id="ann", event_type="purchase")[0][0].removeprefix("ledger/")
    told = asked(sold, "attribution.explain", sale=sale, dimension="niche")
    assert [(one["value"], one["shares"]["linear"], one["shares"]["last_non_direct"]) for one in told["journey"]] == [
        ("one", 0.5, 0.0), ("two", 0.5, 1.0),
    ]  # fmt: skip
    assert all(sum(one["shares"][model] for one in told["journey"]) == pytest.approx(1) for model in MODELS)
    assert [(one["kind"], one["amount_usd"]) for one in told["bookings"]] == [("revenue", USD), ("store_commission", -2.9985)]
    assert [(one["post_id"], one["cost_usd"], one["profit_usd"]) for one in told["posts"]] == [
        ("post_a", 0.5, -0.5), ("post_b", 0.0, 16.9915),
    ]  # fmt: skip
    assert told["net_revenue_usd"] == 16.9915
    assert told["page"][0].startswith("purchase of $19.99 ($16.99 net) on 2026-11-")
    assert len(told["page"]) < 20


def test_unknown_sale_names_near_ones(sold: House) -> None:
    sale = sold.rows(ATTRIBUTION_EVENTS, "external_event_id", user_id="ann", event_type="purchase")[0][0].removeprefix("ledger/")
    error = sold.app.call("attribution.explain", {"sale": sale[:-2] + "zz"}).error
    assert error is not None
    assert (error.code, error.field) == ("not_found", "sale")
    assert f"did you mean {sale}" in error.message


def test_chain_counts_every_step(sold: House) -> None:
    sold.fake("posthog")[0].public_capture(
        sold.fake("posthog")[1], "$pageview", "v1", {"utm_campaign": "post_b"}, START + 2 * HOUR
    )  # fmt: skip
    found = asked(sold, "attribution.chain")
    counts = {step["step"]: step["count"] for step in found["steps"]}
    assert list(counts) == ["published", "impression", "click", "visit", "signup", "trial", "purchase", "renewal", "churn"]
    assert [counts[name] for name in ("click", "visit", "signup", "trial", "purchase", "renewal")] == [2, 1, 1, 2, 2, 0]
    one = asked(sold, "attribution.chain", post_id="post_b")
    assert [post["post_id"] for post in one["posts"]] == ["post_b"]
    assert {name: one["posts"][0]["counts"][name] for name in ("click", "signup", "purchase")} == {
        "click": 1,
        "signup": 1,
        "purchase": 1,
    }


def test_judge_finds_nothing_wrong(sold: House) -> None:
    sold.clock.move_to(START + 9 * DAY)
    sold.snapshot("pm")
    assert asked(sold, "attribution.rebuild") == {"steps": 5, "corrected": 0}


def test_page_shows_models_and_newest_sale(sold: House) -> None:
    view = plain(sold.app.container.get(Pages).show("attribution", sold.app.container))
    kinds = [section["kind"] for section in view["sections"]]
    assert kinds == ["notices", "figures", *["table"] * 9, "timeline"]
    niches = next(section for section in view["sections"] if section.get("title") == "By niche")
    assert niches["columns"][3:5] == ["last non direct", "first"]
    assert [row[:1] + row[3:5] for row in niches["rows"]] == [
        ["two", "$19.99", "$0.00"], ["unknown", "$19.99", "$19.99"], ["one", "$0.00", "$19.99"],
    ]  # fmt: skip
    assert [item["text"] for item in view["sections"][0]["items"]] == ["niche one: $0.00 to $19.99", "niche two: $0.00 to $19.99"]


def test_report_names_model_and_dispute(sold: House) -> None:
    day = Day(START.date(), START, START + DAY, sold.app.settings.zone)
    with sold.app.database.reading() as connection:
        assert earners(day, connection)[-2:] == [
            "model: last non-direct touch of 30 days; 2 buyers are too few to rank by (10 needed)",
            "the models disagree on niche one: $0.00 by last to $19.99 by first",
        ]
