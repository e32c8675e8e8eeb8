"""What a product would see of the market: its own posts and taps, visits without a link, sales by last touch; never a cause."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from revenue_machine.sandbox import journeys
from revenue_machine.sandbox.lightlife import LightMarket, Run
from revenue_machine.sandbox.observation import Observation, observe, paths
from revenue_machine.sandbox.rates import WorldRates
from revenue_machine.sandbox.strategy import LightPost, Planner, Strategy
from tests.sandbox.stage import START

DAYS = 25
Lived = tuple[LightMarket, Run, Observation, list[LightPost]]


@pytest.fixture(scope="module")
def lived() -> Lived:
    rates = WorldRates.model_validate({
        "people": 3000, "funnel": {"trial_to_paid": 0.6, "earlier_visits": 0.5}, "traffic": {"analytics_blocked": 0.3},
    })  # fmt: skip
    posts = Planner(Strategy(posts_per_day={"x": 5, "threads": 3}), rates, 5, START).posts(DAYS, {("x", 3), ("x", 9)})
    market = LightMarket(5, rates, posts, START, START + timedelta(days=DAYS + 9))
    run = market.live()
    return market, run, observe(market, run, posts, DAYS), posts


def test_silent_days_are_planned_not_sent(lived: Lived) -> None:
    seen = lived[2].networks["x"]
    assert seen.planned == (5,) * DAYS
    assert [day for day, count in enumerate(seen.sent) if count == 0] == [3, 9]


def test_every_visit_is_counted_once(lived: Lived) -> None:
    market, run, seen, _ = lived
    inside = [one for one in run.landings if (one.at - START).days < DAYS]
    blocked = sum(one.link_post is None and not journeys.sees_analytics(market, one.person) for one in inside)
    assert sum(sum(one.visits) for one in seen.networks.values()) + sum(seen.untracked) + blocked == len(inside)
    assert all(sum(one.visits) == sum(one.visits_by_age) for one in seen.networks.values())


def test_every_sale_is_somebodys_or_nobodys(lived: Lived) -> None:
    _, run, seen, _ = lived
    told = sum(one.sales for one in seen.networks.values()) + seen.direct_sales + seen.unknown_sales
    assert told == run.count("purchase")
    assert min(seen.direct_sales, seen.unknown_sales, *(one.sales for one in seen.networks.values())) > 0


def test_help_of_other_ways_is_noticed(lived: Lived) -> None:
    networks = lived[2].networks.values()
    assert all(one.assisted > 0 for one in networks)
    assert all(0 < one.replaceable < one.sales for one in networks)


def test_who_blocks_analytics_leaves_no_path(lived: Lived) -> None:
    market, run, _, _ = lived
    ways = list(paths(market, run))
    people = {(one.offer, one.person) for one in run.landings if journeys.sees_analytics(market, one.person)}
    people -= {(one.landing.offer, one.landing.person) for one in run.customers if one.landing.channel == "before"}
    assert len(ways) == len(people)
    assert Counter(len(way.channels) == len(way.times) for way in ways) == {True: len(ways)}


def test_paths_end_with_the_payment(lived: Lived) -> None:
    ways = list(paths(*lived[:2]))
    bought = [way for way in ways if way.converted_at is not None]
    assert len(bought) > 20
    assert all(way.times[-1] <= way.converted_at for way in bought if way.converted_at is not None)
    assert {channel for way in ways for channel in way.channels} == {"x", "threads", "direct"}
