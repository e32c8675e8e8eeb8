from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from revenue_machine.kit.clock import iso
from revenue_machine.kit.fakeserver import HookOut
from revenue_machine.kit.signing import verify_static, verify_stripe
from revenue_machine.sandbox import faults
from revenue_machine.sandbox.world import World
from tests.sandbox.stage import START, Shop, make_world, open_shop


def quiet_world(folder: Path, **settings: int) -> tuple[World, Shop]:
    """A world in which only vendors move."""
    shop, door = open_shop(**settings)
    world = World(folder, 7, None, None, door, is_inhabited=False)
    world.begin(START)
    return world, shop


def queue(world: World, service: str, *keys: str) -> None:
    for key in keys:
        world.outside.state(service).send_hook(HookOut(key, f'{{"id":"{key}"}}'.encode(), START))


def bodies(shop: Shop) -> list[str]:
    return [body.decode() for _, _, body in shop.hooks]


def test_webhooks_arrive_signed_and_once(tmp_path: Path) -> None:
    world, shop = quiet_world(tmp_path)
    queue(world, "stripe", "evt_1")
    queue(world, "revenuecat", "rc_1")
    assert world.deliver() == 2
    assert world.deliver() == 0
    assert [service for service, _, _ in shop.hooks] == ["stripe", "revenuecat"]
    verify_stripe(shop.hooks[0][1], shop.hooks[0][2], [world.outside.state("stripe").webhook_secret], START)
    verify_static(shop.hooks[1][1], "authorization", [world.outside.state("revenuecat").webhook_secret])


def test_a_webhook_waits_until_it_is_due(tmp_path: Path) -> None:
    world, shop = quiet_world(tmp_path)
    world.outside.state("stripe").send_hook(HookOut("evt_1", b"{}", START + timedelta(minutes=30)))
    world.turn_to(START + timedelta(minutes=29))
    assert shop.hooks == []
    world.turn_to(START + timedelta(minutes=30))
    assert bodies(shop) == ["{}"]


def test_revenuecat_tries_five_more_times_and_gives_up(tmp_path: Path) -> None:
    world, shop = quiet_world(tmp_path, hook_status=204)
    queue(world, "revenuecat", "rc_1")
    for minutes in range(0, 300, 5):
        world.turn_to(START + timedelta(minutes=minutes))
        world.deliver()
    assert len(shop.hooks) == 6
    assert world.store.run("select delivered_at, given_up_at from hooks") == [(None, iso(START + timedelta(minutes=155)))]


def test_a_failing_product_gets_the_webhook_again(tmp_path: Path) -> None:
    world, shop = quiet_world(tmp_path, hook_status=503)
    queue(world, "stripe", "evt_1")
    assert world.deliver() == 0
    shop.hook_status = 200
    assert world.deliver() == 0
    world.turn_to(START + timedelta(minutes=5))
    assert bodies(shop) == ['{"id":"evt_1"}', '{"id":"evt_1"}']
    assert world.store.run("select attempts, delivered_at is not null from hooks") == [(2, 1)]


def test_a_duplicate_fault_sends_one_twice(tmp_path: Path) -> None:
    world, shop = quiet_world(tmp_path)
    faults.stand(world.store, faults.Fault("stripe", "hooks", "duplicate", 1))
    queue(world, "stripe", "evt_1", "evt_2")
    world.deliver()
    assert bodies(shop) == ['{"id":"evt_1"}', '{"id":"evt_1"}', '{"id":"evt_2"}']


def test_a_shuffle_fault_deals_one_service_anew(tmp_path: Path) -> None:
    world, shop = quiet_world(tmp_path)
    faults.stand(world.store, faults.Fault("stripe", "hooks", "shuffle", 1))
    keys = [f"evt_{number}" for number in range(8)]
    queue(world, "stripe", *keys)
    queue(world, "revenuecat", "rc_1", "rc_2")
    world.deliver()
    stripe = [body for service, _, body in shop.hooks if service == "stripe"]
    assert sorted(stripe) == [f'{{"id":"{key}"}}'.encode() for key in keys]
    assert stripe != sorted(stripe)
    assert bodies(shop)[-2:] == ['{"id":"rc_1"}', '{"id":"rc_2"}']


def test_without_a_product_nothing_is_used_up(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    queue(world, "stripe", "evt_1")
    assert world.deliver() == 0
    assert world.store.run("select attempts from hooks where key = 'evt_1'") == [(0,)]
