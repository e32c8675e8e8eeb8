from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from revenue_machine.integrations.posthog import fake_store
from revenue_machine.sandbox.frontdoor import Knock, Reply
from revenue_machine.sandbox.truth import every_deed
from revenue_machine.sandbox.world import World
from tests.sandbox.stage import START, make_world, open_shop, publish

PROPERTIES = ("$current_url", "$host", "$referrer", "cid", "utm_source")


class FixedDoor:
    """Answers every link alike and keeps what was asked."""

    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self.asked: list[Knock] = []

    def request(self, *_asked: Any) -> Reply:
        return Reply(200, {}, b"")

    def batch(self, knocks: Sequence[Knock]) -> list[Reply]:
        self.asked += knocks
        return [self._reply for _ in knocks]


def lived(folder: Path, door: Any, posts: int = 12, text: str | None = None) -> World:
    world = make_world(folder, door)
    for number in range(posts):
        publish(world, number, text=text)
    world.turn_to(START + timedelta(hours=10))
    return world


def pageviews(world: World) -> list[dict[str, Any]]:
    """Properties of every page view analytics holds."""
    from_us, to_us = fake_store.micros(START), fake_store.micros(START + timedelta(days=2))
    columns = fake_store.read(world.outside.state("posthog"), "$pageview", from_us, to_us, PROPERTIES)
    rows = zip(*(columns.properties[name] for name in PROPERTIES), strict=True)
    return [dict(zip(PROPERTIES, row, strict=True)) for row in rows]


def kinds(world: World) -> Counter[tuple[str, str]]:
    return Counter((deed.kind, deed.channel) for deed in every_deed(world.store) if deed.channel != "before")


def test_a_visit_carries_what_the_link_gave(tmp_path: Path) -> None:
    shop, door = open_shop()
    world = lived(tmp_path, door)
    door.close()
    came = [properties for properties in pageviews(world) if properties["cid"] is not None]
    assert came
    assert all(properties["utm_source"] == "x" and properties["$host"] == "everreach.app" for properties in came)
    assert all(properties["$referrer"] == "https://t.co/" for properties in came)
    assert kinds(world)["click", "post"] == len(shop.people()) == kinds(world)["visit", "post"]


def test_a_broken_redirector_loses_the_visitor(tmp_path: Path) -> None:
    world = lived(tmp_path, FixedDoor(Reply(503, {}, b"")))
    assert kinds(world)["click", "post"] > 20
    assert kinds(world)["visit", "post"] == 0
    assert kinds(world)["visit", "lookup"] > 0


def test_a_plain_link_needs_no_redirector(tmp_path: Path) -> None:
    door = FixedDoor(Reply(404, {}, b""))
    text = "Why does your SaaS churn? https://kindletters.app/?utm_source=x&utm_campaign=post_1"
    world = lived(tmp_path, door, posts=6, text=text)
    assert door.asked == []
    assert kinds(world)["visit", "post"] > 5
    assert {deed.offer for deed in every_deed(world.store) if deed.channel == "post" and deed.kind == "visit"} == {"kindletters"}


def test_browsers_bring_their_cookie_back(tmp_path: Path) -> None:
    door = FixedDoor(Reply(302, {"location": "https://everreach.app/", "set-cookie": "rv=vis_1; Path=/"}, b""))
    world = make_world(tmp_path, door)
    for number in range(30):
        publish(world, number)
    world.notes.put("cookie", "1", {"text": "rv=vis_1"})
    world.turn_to(START + timedelta(days=1))
    assert world.notes.count("cookie") > 50
    assert "rv=vis_1" in {knock.headers.get("cookie") for knock in door.asked}


def test_metrics_show_how_a_post_stands(tmp_path: Path) -> None:
    world = lived(tmp_path, FixedDoor(Reply(503, {}, b"")), posts=2)
    shown = world.outside.state("market_research").list("metrics")
    assert len(shown) == 2
    assert all(counts["views"] > counts["likes"] >= 0 for counts in shown)


def test_people_who_block_analytics_leave_no_page_view(tmp_path: Path) -> None:
    _, door = open_shop()
    world = lived(tmp_path, door)
    door.close()
    visits = [deed for deed in every_deed(world.store) if deed.kind == "visit" and deed.channel == "post"]
    seen = [deed for deed in visits if deed.seen]
    assert 0 < len(visits) - len(seen) < 0.25 * len(visits)
    assert len([properties for properties in pageviews(world) if properties["cid"] is not None]) == len(seen)
