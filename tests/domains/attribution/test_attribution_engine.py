"""Every sale finds the post that brought its person, and credits and ledger are one sum to the micro-dollar."""

from __future__ import annotations

from pathlib import Path

import pytest

from revenue_machine.domains.attribution import reads
from revenue_machine.domains.attribution.models import DIMENSIONS, MODEL
from revenue_machine.domains.attribution.tables import ATTRIBUTION_EVENTS, ATTRIBUTION_SUMMARY
from revenue_machine.domains.funnel.tables import FUNNEL_SNAPSHOTS
from revenue_machine.engine.ledger import Entry, Ledger
from tests.domains.revenue.house import DAY, HOUR, PRICE, START, House, open_house

EVENT_COLUMNS = ("event_type", "user_id", "post_id", "niche", "utm_source", "revenue_micro_usd")


def sold(house: House) -> None:
    """A post is clicked, its visitor signs up, tries and pays; another person pays without anybody knowing why."""
    house.publishes("post_a", START, cost_micro_usd=500_000)
    house.clicks("c1", "post_a", "v1", START + HOUR)
    house.signs_up("ann", "c1", START + 2 * HOUR, utm_source="x", utm_campaign="post_a")
    house.tries("ann", START + 3 * HOUR)
    house.tries("bob", START + 3 * HOUR)
    house.move_to(START + 5 * HOUR)
    house.move_to(START + 8 * DAY)
    house.snapshot("pm")


def test_sale_inherits_the_clicked_post(house: House) -> None:
    sold(house)
    assert house.rows(ATTRIBUTION_EVENTS, *EVENT_COLUMNS, user_id="ann") == [
        ("purchase", "ann", "post_a", "saas_growth", "x", PRICE), ("signup", "ann", "post_a", "saas_growth", "x", 0),
        ("trial", "ann", "post_a", "saas_growth", "x", 0),
    ]  # fmt: skip
    assert house.rows(ATTRIBUTION_EVENTS, *EVENT_COLUMNS, user_id="bob") == [
        ("purchase", "bob", None, "unknown", "unknown", PRICE), ("trial", "bob", None, "unknown", "unknown", 0),
    ]  # fmt: skip


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_every_dimension_sums_to_ledger(house: House, dimension: str) -> None:
    sold(house)
    with house.app.database.reading() as connection:
        by_value = reads.revenue_by_dimension(connection, dimension)
        assert sum(by_value.values()) == 2 * PRICE == reads.ledger_income_micro_usd(connection)
        assert reads.attributed_micro_usd(connection) == 2 * PRICE
    assert by_value["unknown"] == PRICE


def test_summary_knows_cost_and_return(house: House) -> None:
    sold(house)
    columns = (
        "clicks",
        "signups",
        "trials",
        "purchases",
        "revenue_micro_usd",
        "net_revenue_micro_usd",
        "spend_micro_usd",
        "cpa_micro_usd",
    )
    assert house.rows(ATTRIBUTION_SUMMARY, *columns, model=MODEL, dimension="niche", dimension_value="saas_growth") == [
        (1, 1, 1, 1, PRICE, 16_991_500, 500_000, 500_000),
    ]  # fmt: skip
    assert house.rows(ATTRIBUTION_SUMMARY, "roas", "cpa_usd", model=MODEL, dimension="niche", dimension_value="saas_growth") == [
        (33.983, 0.5)
    ]
    assert house.rows(ATTRIBUTION_SUMMARY, "roas", "cpa_usd", model=MODEL, dimension="niche", dimension_value="unknown") == [
        (None, None)
    ]


def test_refund_takes_credit_back(house: House) -> None:
    house.publishes("post_a", START)
    house.clicks("c1", "post_a", "v1", START + HOUR)
    house.signs_up("ann", "c1", START + 2 * HOUR)
    subscription = house.tries("ann", START + 3 * HOUR)
    house.move_to(START + 8 * DAY)
    fake, state = house.fake("revenuecat")
    fake.public_refund(state, subscription)
    house.move_to(START + 9 * DAY)
    house.snapshot("pm")
    with house.app.database.reading() as connection:
        assert reads.revenue_by_dimension(connection, "platform") == {"x": 0}
    columns = ("purchases", "refunds", "churns", "net_revenue_micro_usd")
    assert house.rows(ATTRIBUTION_SUMMARY, *columns, model=MODEL, dimension="platform") == [(1, 1, 1, 0)]


def test_late_signup_corrects_earlier_sale(house: House) -> None:
    house.publishes("post_a", START)
    house.clicks("c1", "post_a", "v1", START + HOUR)
    house.tries("ann", START + 3 * HOUR)
    house.move_to(START + 4 * HOUR)
    assert house.rows(ATTRIBUTION_EVENTS, "event_type", "platform") == [("trial", "unknown")]
    house.signs_up("ann", "c1", START + 2 * HOUR)
    house.snapshot("am")
    assert house.rows(ATTRIBUTION_EVENTS, "event_type", "platform") == [("click", "x"), ("signup", "x"), ("trial", "x")]


def test_old_click_takes_no_credit(house: House) -> None:
    house.publishes("post_a", START)
    house.clicks("c1", "post_a", "v1", START)
    house.signs_up("ann", "c1", START + 31 * DAY, utm_source="x", utm_campaign="post_a")
    house.move_to(START + 32 * DAY)
    house.snapshot("am")
    assert house.rows(ATTRIBUTION_EVENTS, "utm_source", "niche", event_type="signup") == [("direct", "unknown")]


def test_uncounted_click_is_no_event(house: House) -> None:
    house.publishes("post_a", START)
    house.clicks("c1", "post_a", "v1", START, is_counted=False)
    house.snapshot("am")
    assert house.rows(ATTRIBUTION_EVENTS, "id") == []


@pytest.mark.parametrize(
    ("properties", "source", "niche"),
    [({"utm_source": "x", "utm_campaign": "post_a"}, "x", "saas_growth"), ({"utm_source": "google"}, "google", "unknown"),
     ({}, "direct", "unknown")],
)  # fmt: skip
def test_signup_without_click(house: House, properties: dict[str, str], source: str, niche: str) -> None:
    house.publishes("post_a", START)
    house.signs_up("ann", None, START, **properties)
    house.clock.move_to(START + HOUR)
    house.snapshot("am")
    assert house.rows(ATTRIBUTION_EVENTS, "utm_source", "niche") == [(source, niche)]


def test_repeated_snapshot_repeats_nothing(house: House) -> None:
    sold(house)
    before = house.rows(ATTRIBUTION_EVENTS, "id"), house.rows(ATTRIBUTION_SUMMARY, "id", "clicks")
    house.clock.move_to(START + 9 * DAY)
    house.snapshot("am")
    assert (house.rows(ATTRIBUTION_EVENTS, "id"), house.rows(ATTRIBUTION_SUMMARY, "id", "clicks")) == before


def test_money_nobody_told_of_is_adopted(house: House) -> None:
    entry = Entry("import/1", "revenue", "import", 5_000_000, "import", "row-1", START)
    with house.app.database.writing() as connection:
        house.app.container.get(Ledger).book(connection, entry)
    house.snapshot("am")
    with house.app.database.reading() as connection:
        assert reads.revenue_by_dimension(connection, "offer") == {"unknown": 5_000_000}


def test_posts_rank_by_profit(house: House) -> None:
    sold(house)
    with house.app.database.reading() as connection:
        best = reads.top_posts(connection)
    assert [(one.post_id, one.profit_micro_usd, one.purchases) for one in best] == [("post_a", 16_491_500, 1)]


def test_both_databases_tell_the_same(tmp_path: Path, database_url: str) -> None:
    house = open_house(tmp_path, REVENUE_DATABASE_URL=database_url)
    sold(house)
    columns = ("dimension", "dimension_value", "purchases", "revenue_micro_usd", "net_revenue_micro_usd", "cpa_micro_usd", "roas")
    rows = house.rows(ATTRIBUTION_SUMMARY, *columns, model=MODEL)
    assert len(rows) == 16
    assert ("platform", "x", 1, PRICE, 16_991_500, 500_000, 33.983) in rows
    assert ("utm_source", "unknown", 1, PRICE, 16_991_500, None, None) in rows
    with house.app.database.reading() as connection:
        assert [one.profit_micro_usd for one in reads.top_posts(connection)] == [16_491_500]
        assert reads.attributed_micro_usd(connection) == reads.ledger_income_micro_usd(connection) == 2 * PRICE
    assert house.rows(FUNNEL_SNAPSHOTS, "paying_users", "trial_to_paid", "trial_cohort") == [(2, None, 0)]
    house.app.close()
