"""The light market tells the same life as the whole world, deed for deed, and knows what would not have happened."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from revenue_machine.sandbox.lightlife import LightMarket, deeds
from revenue_machine.sandbox.rates import WorldRates
from revenue_machine.sandbox.reading import read_post
from revenue_machine.sandbox.strategy import LightPost, Planner, Strategy
from revenue_machine.sandbox.truth import Deed, every_deed
from tests.sandbox.stage import START, make_world, open_shop, publish_day

LANDING = "https://everreach.app/"
FEW = Strategy(posts_per_day={"x": 4, "threads": 3})


def told(deed: Deed) -> tuple[object, ...]:
    return (deed.at, deed.kind, deed.person, deed.post_id or "", deed.channel, deed.offer, deed.amount_micro_usd, deed.seen)


@pytest.mark.parametrize(
    "more",
    [{}, {"traffic": {"tapped_anyway": 0.3, "visits_per_subscriber_per_day": 0.5}, "funnel": {"earlier_visits": 0.8}}],
    ids=["usual", "every mechanism"],
)
def test_light_life_is_the_worlds_life(tmp_path: Path, more: dict[str, dict[str, float]]) -> None:
    funnel = {"trial_to_paid": 0.5, **more.get("funnel", {})}
    rates = WorldRates.model_validate({"people": 4000, **more, "funnel": funnel})
    _, door = open_shop()
    world = make_world(tmp_path, door, rates=rates)
    for _ in range(2):
        publish_day(world, 16)
    end = START + timedelta(days=11)
    world.turn_to(end)
    door.close()
    posts = [LightPost(one.post_id, one.at, read_post(one.document, rates), LANDING) for one in world.market.posts()]
    market = LightMarket(7, rates, posts, START, end)
    lived = sorted(told(deed) for deed in every_deed(world.store) if deed.kind != "bot")
    assert sum(deed[1] == "purchase" and deed[4] == "post" for deed in lived) > 5
    assert sorted(told(deed) for deed in deeds(market, market.live())) == lived


def market_of(days: int = 20, silent: set[tuple[str, int]] | None = None, **rates: object) -> LightMarket:
    world = WorldRates.model_validate({"people": 5000, **rates})
    posts = Planner(FEW, world, 3, START).posts(days, silent or set())
    return LightMarket(3, world, posts, START, START + timedelta(days=days))


def test_a_removed_network_brings_nobody() -> None:
    market = market_of()
    with_it, without = market.live(), market.live(["x"])
    assert {one.network for one in with_it.landings} == {None, "x", "threads"}
    assert {one.network for one in without.landings} == {None, "threads"}
    assert without.count("signup") < with_it.count("signup")


def test_removal_changes_no_other_draw() -> None:
    market = market_of()
    kept = [one for one in market.live().landings if one.network == "threads"]
    assert [one for one in market.live(["x"]).landings if one.network == "threads"] == kept


def test_who_comes_anyway_comes_without_posts() -> None:
    market = market_of(traffic={"tapped_anyway": 1.0})
    anyway = {one.key for one in market.live().landings if one.channel == "direct" and one.link_post is not None}
    without = {one.key for one in market.live(["x", "threads"]).landings}
    assert len(anyway) > 20
    assert anyway <= without


def test_earlier_visits_make_readier() -> None:
    ready, usual = market_of(funnel={"earlier_visits": 2.0}), market_of()
    assert ready.live().count("signup") > usual.live().count("signup")


def test_a_silent_day_has_no_posts() -> None:
    market = market_of(silent={("x", 2)})
    third = {post.reading.platform for post in market.posts if post.at.date() == (START + timedelta(days=2)).date()}
    assert "threads" in third
    assert not any(post.post_id.startswith("x/2/") for post in market.posts)
