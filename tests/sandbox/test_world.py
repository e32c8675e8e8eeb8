from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from revenue_machine.kit.clock import PushedClock
from revenue_machine.kit.fakeserver import FakeRequest
from revenue_machine.sandbox.frontdoor import Knock
from revenue_machine.sandbox.rates import WorldRates
from revenue_machine.sandbox.truth import every_deed
from revenue_machine.sandbox.world import World, discover
from tests.sandbox.stage import START, Shop, make_world, open_shop, publish, publish_day

TABLES = ("journal", "documents", "hooks", "truth", "agenda", "lived", "numbers")


def everything(world: World) -> dict[str, list[tuple[Any, ...]]]:
    return {name: world.store.run(f"select * from {name} order by rowid") for name in TABLES}


def live_a_day(folder: Path, seed: int) -> tuple[World, Shop]:
    shop, door = open_shop()
    world = make_world(folder, door, seed=seed)
    publish_day(world, 40)
    door.close()
    return world, shop


def truth_of(world: World) -> list[str]:
    return sorted(repr(deed) for deed in every_deed(world.store))


def test_same_seed_lives_the_same_bytes(tmp_path: Path) -> None:
    one, shop = live_a_day(tmp_path / "a", 7)
    two, other_shop = live_a_day(tmp_path / "b", 7)
    assert everything(one) == everything(two)
    assert shop.clicks == other_shop.clicks
    assert [hook[2] for hook in shop.hooks] == [hook[2] for hook in other_shop.hooks]


def test_another_seed_lives_another_day(tmp_path: Path) -> None:
    one, _ = live_a_day(tmp_path / "a", 7)
    two, _ = live_a_day(tmp_path / "b", 8)
    assert everything(one)["journal"] != everything(two)["journal"]
    assert truth_of(one) != truth_of(two)


def test_forty_posts_bring_at_most_a_thousand_clicks(tmp_path: Path) -> None:
    shop, door = open_shop()
    world = make_world(tmp_path, door)
    publish_day(world, 40)
    first = len(shop.people())
    publish_day(world, 40)
    second = len(shop.people()) - first
    door.close()
    signups = Counter(deed.kind for deed in every_deed(world.store) if deed.at >= START + timedelta(days=1))["signup"]
    assert 100 < first <= 1000
    assert 200 < second <= 1000
    assert 50 <= signups <= 160


def test_conversions_lie_in_the_seeds_bands(tmp_path: Path) -> None:
    shop, door = open_shop()
    world = make_world(tmp_path, door)
    for _ in range(3):
        publish_day(world, 48)
    world.turn_to(world.store.now() + timedelta(days=9))
    door.close()
    deeds = [deed for deed in every_deed(world.store) if deed.channel == "post"]
    counts = Counter(deed.kind for deed in deeds)
    assert 0.10 <= counts["signup"] / counts["click"] <= 0.20
    assert 0.30 <= counts["trial"] / counts["signup"] <= 0.50
    assert 0.07 <= counts["purchase"] / counts["trial"] <= 0.20
    assert len(shop.people()) == counts["click"]


def test_tills_agree_with_the_truth(tmp_path: Path) -> None:
    world = make_world(tmp_path, rates=WorldRates.model_validate({"history": {"subscribers": 40, "open_trials": 40}}))
    world.turn_to(START + timedelta(days=40))
    charged = [
        transaction["micro_usd"]
        for held in world.outside.state("revenuecat").list("subscription")
        for transaction in held["transactions"]
        if transaction["micro_usd"]
    ]
    cents = [charge["amount"] for charge in world.outside.state("stripe").list("charge")]
    money = [deed for deed in every_deed(world.store) if deed.kind in ("purchase", "renewal")]
    assert len(money) > 60
    assert sum(deed.amount_micro_usd for deed in money) == sum(charged) + sum(cents) * 10_000
    assert len(money) == len(charged) + len(cents)


def test_where_time_is_cut_changes_nothing(tmp_path: Path) -> None:
    whole, pieces = make_world(tmp_path / "a"), make_world(tmp_path / "b")
    for world in (whole, pieces):
        for number in range(10):
            publish(world, number)
    whole.turn_to(START + timedelta(hours=30))
    for minutes in (7, 45, 61, 200, 555, 556, 1200, 1800):
        pieces.turn_to(START + timedelta(minutes=minutes))
    assert truth_of(whole) == truth_of(pieces)


def test_a_restart_between_slices_lives_nothing_twice(tmp_path: Path) -> None:
    straight = make_world(tmp_path / "a")
    broken = make_world(tmp_path / "b")
    for world in (straight, broken):
        for number in range(10):
            publish(world, number)
    straight.turn_to(START + timedelta(hours=12))
    for hour in range(12):
        broken.turn_to(START + timedelta(hours=hour + 1))
        broken.store.close()
        broken = World(tmp_path / "b", 7)
        broken.begin(START)
    assert everything(straight) == everything(broken)


class PowerCut(Exception):
    """The machine went dark."""


class DarkDoor:
    """Fails on the nth batch of clicks."""

    def __init__(self, shop_door: Any, fails_at: int) -> None:
        self._door, self._left = shop_door, fails_at

    def request(self, *asked: Any) -> Any:
        return self._door.request(*asked)

    def batch(self, knocks: Sequence[Knock]) -> Any:
        self._left -= 1
        if self._left == 0:
            raise PowerCut
        return self._door.batch(knocks)


@pytest.mark.parametrize("fails_at", [1, 2, 5, 6])
def test_a_power_cut_within_a_slice_loses_and_doubles_nothing(tmp_path: Path, fails_at: int) -> None:
    _, door = open_shop()
    straight, broken = make_world(tmp_path / "a", door), make_world(tmp_path / "b", DarkDoor(door, fails_at))
    for world in (straight, broken):
        for number in range(10):
            publish(world, number)
    straight.turn_to(START + timedelta(hours=8))
    with pytest.raises(PowerCut):
        broken.turn_to(START + timedelta(hours=8))
    broken.store.close()
    broken = World(tmp_path / "b", 7, None, None, door)
    broken.begin(START)
    broken.turn_to(START + timedelta(hours=8))
    door.close()
    assert truth_of(straight) == truth_of(broken)


def test_the_world_pushes_the_products_clock(tmp_path: Path) -> None:
    clock = PushedClock(START - timedelta(days=3))
    world = World(tmp_path, 7, None, clock)
    world.begin(START)
    assert clock.now() == START
    world.turn_to(START + timedelta(minutes=90))
    assert clock.now() == world.store.now() == START + timedelta(minutes=90)


def test_time_never_runs_backwards_by_turning(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    world.turn_to(START - timedelta(days=1))
    assert world.store.now() == START


def test_knocking_inside_a_transaction_is_refused(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    with pytest.raises(RuntimeError, match="knock before living"), world.living("browsing", START):
        world.knock([Knock("GET", "/")])


def test_begin_again_stands_where_it_began(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    before = truth_of(world)
    world.turn_to(START + timedelta(hours=5))
    world.begin_again()
    assert world.store.now() == START
    assert truth_of(world) == before


def test_behaviours_are_found_in_order() -> None:
    names = [behaviour.__name__.rsplit(".", 1)[-1] for behaviour in discover()]
    assert names == ["bots", "browsing", "direct", "mail", "outreach", "upwork", "buying", "storefront"]


def overview(world: World) -> dict[str, float]:
    ask = FakeRequest("GET", "/projects/proj_sandbox/metrics/overview", (), {"authorization": "Bearer sk_sandbox_revenuecat"})
    metrics = json.loads(world.outside.ask("revenuecat", ask).body)["metrics"]
    return {metric["id"]: metric["value"] for metric in metrics}


@pytest.mark.parametrize("seed", [1, 7, 42])
def test_the_world_starts_below_fifty_subscribers(tmp_path: Path, seed: int) -> None:
    numbers = overview(make_world(tmp_path, seed=seed))
    assert 1 <= numbers["active_subscriptions"] < 50
    assert numbers["active_trials"] > 0
