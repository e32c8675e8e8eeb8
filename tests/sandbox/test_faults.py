from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import httpx2
import pytest

from revenue_machine.kit.errors import BadInput
from revenue_machine.sandbox import faults
from revenue_machine.sandbox.faults import Fault
from revenue_machine.sandbox.transport import SandboxTransport
from revenue_machine.sandbox.world import World
from tests.sandbox.stage import START

URL = "https://api.revenuecat.com/v2/projects"
AUTH = {"authorization": "Bearer sk_sandbox_revenuecat"}


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path, 7, is_inhabited=False)
    world.begin(START)
    return world


def ask(world: World) -> httpx2.Response:
    with httpx2.Client(transport=SandboxTransport(world.outside)) as client:
        return client.get(URL, headers=AUTH)


@pytest.mark.parametrize(("kind", "status"), [("429", 429), ("500", 500)])
def test_a_refusal_stands_for_its_count(world: World, kind: str, status: int) -> None:
    world.outside.add_fault("revenuecat", "/projects", kind, 2)
    assert [ask(world).status_code for _ in range(3)] == [status, status, 200]
    assert world.store.run("select acted from journal order by place") == [(0,), (0,), (1,)]


def test_a_torn_answer_is_half_an_answer(world: World) -> None:
    whole = ask(world).content
    world.outside.add_fault("revenuecat", "", "torn", 1)
    assert ask(world).content == whole[: len(whole) // 2]


@pytest.mark.parametrize(
    ("kind", "error"), [("down", httpx2.ConnectError), ("slow", httpx2.ReadTimeout), ("act_then_drop", httpx2.ReadTimeout)]
)
def test_a_broken_line_raises_what_a_broken_line_raises(world: World, kind: str, error: type[Exception]) -> None:
    world.outside.add_fault("*", "", kind, 1)
    with pytest.raises(error):
        ask(world)
    assert ask(world).status_code == 200


def test_another_path_does_not_meet_the_fault(world: World) -> None:
    world.outside.add_fault("revenuecat", "/customers", "500", 1)
    assert ask(world).status_code == 200


def test_a_fault_stands_only_in_its_time(world: World) -> None:
    faults.stand(world.store, Fault("revenuecat", "", "500", 99, START + timedelta(hours=1), START + timedelta(hours=2)))
    seen = []
    for minutes in (0, 60, 119, 120):
        world.turn_to(START + timedelta(minutes=minutes))
        seen.append(ask(world).status_code)
    assert seen == [200, 500, 500, 200]


def test_webhook_faults_never_meet_requests(world: World) -> None:
    faults.stand(world.store, Fault("revenuecat", "", "duplicate", 1))
    assert ask(world).status_code == 200
    assert world.store.run("select remaining from faults") == [(1,)]


@pytest.mark.parametrize(("kind", "count", "field"), [("flood", 1, "kind"), ("500", 0, "count")])
def test_an_unknown_fault_is_refused(world: World, kind: str, count: int, field: str) -> None:
    with pytest.raises(BadInput) as caught:
        faults.stand(world.store, Fault("stripe", "", kind, count))
    assert caught.value.field == field
