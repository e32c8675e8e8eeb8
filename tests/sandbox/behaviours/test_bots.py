from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from revenue_machine.sandbox.rates import WorldRates
from revenue_machine.sandbox.truth import every_deed
from tests.sandbox.stage import START, Shop, make_world, open_shop, publish


def visited(folder: Path, bots_per_post: float) -> tuple[Shop, list[str]]:
    shop, door = open_shop()
    rates = WorldRates.model_validate({"traffic": {"bots_per_post": bots_per_post, "crawlers_per_post_per_day": 0.0}})
    world = make_world(folder, door, rates=rates)
    for number in range(20):
        publish(world, number)
    world.turn_to(START + timedelta(hours=6))
    door.close()
    return shop, [deed.person for deed in every_deed(world.store) if deed.kind == "bot"]


def test_programs_follow_links_and_say_so(tmp_path: Path) -> None:
    shop, bots = visited(tmp_path, 3.0)
    assert 35 < len(bots) < 90
    assert len(shop.clicks) - len(shop.people()) == len(bots)
    assert "Twitterbot/1.0" in bots


def test_without_programs_people_are_the_same(tmp_path: Path) -> None:
    with_bots, _ = visited(tmp_path / "a", 3.0)
    without, bots = visited(tmp_path / "b", 0.0)
    assert bots == []
    assert [slug for slug, _ in with_bots.people()] == [slug for slug, _ in without.people()]
