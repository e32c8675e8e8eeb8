from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from revenue_machine.sandbox.frontdoor import Reply
from revenue_machine.sandbox.owner import Habits, Owner, items_in
from tests.sandbox.stage import START, Shop, open_shop

BERLIN = ZoneInfo("Europe/Berlin")


def items(count: int, **more: Any) -> list[dict[str, Any]]:
    return [
        {"id": f"apr_{n}", "kind": "post", "topic": "publish", "text": f"Buy  now {n}!!", "payload_hash": f"h{n}", **more}
        for n in range(count)
    ]


def look(shop: Shop, habits: Habits | None = None, seed: int = 7) -> dict[str, int]:
    _, door = open_shop()
    door._app = shop
    try:
        return dict(Owner(seed, door, "tok_x", BERLIN, habits or Habits()).look(START))
    finally:
        door.close()


def test_the_owner_looks_twice_and_takes_a_call() -> None:
    _, door = open_shop()
    visits = list(Owner(7, door, "t", BERLIN).visits(START, START + timedelta(days=2)))
    door.close()
    looks = [visit for visit in visits if visit.minute in (30, 40)]
    times = ((7, 30), (18, 30), (20, 40))
    assert looks == [datetime(2026, 11, day, hour, minute, tzinfo=UTC) for day in (23, 24) for hour, minute in times]
    assert [visit - timedelta(minutes=2) for visit in visits if visit not in looks] == looks


@pytest.mark.parametrize(
    ("asked_at", "needs_confirm", "expected"),
    [("2026-11-23T18:40:00+00:00", True, 1), ("2026-11-23T18:20:00+00:00", True, 0), ("2026-11-23T18:40:00+00:00", False, 0)],
)
def test_a_call_is_about_what_would_lapse(asked_at: str, needs_confirm: bool, expected: int) -> None:
    _, door = open_shop()
    shop = Shop(inbox=items(1, requested_at=asked_at, needs_confirm=needs_confirm))
    door._app = shop
    owner = Owner(7, door, "tok_x", BERLIN, Habits(1.0, 0.0, 0.0))
    assert sum(owner.look(datetime(2026, 11, 23, 20, 40, tzinfo=UTC)).values()) == expected
    door.close()


def test_a_task_for_a_program_stays_as_it_is() -> None:
    shop = Shop(inbox=items(1, text="Do  this!!\n```json\n{}\n```"))
    assert look(shop, Habits(0.0, 1.0, 0.0)) == {"approved": 1}
    assert [decision.get("edited") for _, decision in shop.decisions] == [None]


def test_most_items_are_approved_by_their_hash() -> None:
    shop = Shop(inbox=items(200))
    outcomes = look(shop)
    assert 125 <= outcomes["approved"] <= 170
    assert min(outcomes["edited"], outcomes["rejected"], outcomes["ignored"]) > 3
    assert sum(outcomes.values()) == 200
    assert all(decision["payload_hash"] == f"h{name[4:]}" for name, decision in shop.decisions)


def test_a_rejection_says_why() -> None:
    shop = Shop(inbox=items(5))
    look(shop, Habits(0.0, 0.0, 1.0))
    assert {decision["decision"] for _, decision in shop.decisions} == {"reject"}
    assert all(decision["reason"] for _, decision in shop.decisions)


def test_an_edit_carries_the_new_words() -> None:
    shop = Shop(inbox=items(1))
    assert look(shop, Habits(0.0, 1.0, 0.0)) == {"edited": 1}
    assert shop.decisions == [("apr_0", {"decision": "approve", "edited": "Buy now 0.", "payload_hash": "h0"})]


def test_conflicts_are_counted_not_raised() -> None:
    assert look(Shop(inbox=items(3), decision_status=409), Habits(1.0, 0.0, 0.0)) == {"conflict": 3}
    assert look(Shop(inbox=items(3), decision_status=422), Habits(1.0, 0.0, 0.0)) == {"failed": 3}


def test_the_same_seed_decides_the_same() -> None:
    one, two, other = Shop(inbox=items(60)), Shop(inbox=items(60)), Shop(inbox=items(60))
    look(one), look(two), look(other, seed=8)
    assert one.decisions == two.decisions
    assert one.decisions != other.decisions


class MoneyDoor:
    """An inbox with one item that is confirmed by a code."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    def batch(self, knocks: Any) -> list[Reply]:
        return [self.request(knock.method, knock.path, knock.headers, knock.body) for knock in knocks]

    def request(self, method: str, path: str, headers: Any, body: bytes) -> Reply:
        assert headers["authorization"] == "Bearer tok_x"
        if method == "GET":
            return Reply(200, {}, b'[{"id":"apr_1","payload_hash":"h","status":"pending"}]' if not self.sent else b"[]")
        self.sent.append(body.decode())
        return Reply(200, {}, b'{"confirm":"4711"}' if "confirm" not in body.decode() else b"{}")


def test_money_is_confirmed_at_the_glance_after() -> None:
    door = MoneyDoor()
    owner = Owner(7, door, "tok_x", BERLIN, Habits(1.0, 0.0, 0.0))
    assert dict(owner.look(START)) == {"to_confirm": 1}
    assert dict(owner.look(datetime(2026, 11, 23, 7, 32, tzinfo=UTC))) == {"approved": 1}
    assert door.sent[1] == '{"decision":"approve","payload_hash":"h","confirm":"4711"}'


def test_a_glance_decides_nothing_new() -> None:
    door = MoneyDoor()
    assert dict(Owner(7, door, "tok_x", BERLIN).look(datetime(2026, 11, 23, 7, 32, tzinfo=UTC))) == {}
    assert door.sent == []


def test_an_inbox_is_read_in_either_shape() -> None:
    assert [item["id"] for item in items_in(b'{"items":[{"id":"a"},{"id":"b","status":"approved"}]}')] == ["a"]
    assert items_in(b"not json") == []
