from __future__ import annotations

from pathlib import Path

import httpx2
import pytest

from revenue_machine.kit.fakeserver import FakeRequest
from revenue_machine.sandbox.transport import SandboxTransport
from revenue_machine.sandbox.vendors import discover, strip_root
from revenue_machine.sandbox.world import World
from tests.sandbox.stage import START


@pytest.mark.parametrize(("path", "below"), [("/v2/posts", "/posts"), ("/posts", "/posts"), ("/v2", "/"), ("/v2x", "/v2x")])
def test_a_base_path_is_stripped_once_and_whole(path: str, below: str) -> None:
    assert strip_root(discover()["blotato"].manifest, path) == below


def test_an_unknown_host_refuses_the_connection(tmp_path: Path) -> None:
    world = World(tmp_path, 7, is_inhabited=False)
    world.begin(START)
    with httpx2.Client(transport=SandboxTransport(world.outside)) as client, pytest.raises(httpx2.ConnectError, match="no host"):
        client.get("https://unknown.example/")


def test_what_one_vendor_keeps_no_other_sees(tmp_path: Path) -> None:
    world = World(tmp_path, 7, is_inhabited=False)
    world.begin(START)
    world.outside.state("stripe").put("customer", "c", {"id": "c"})
    assert world.outside.state("revenuecat").list("customer") == []
    assert world.outside.state("stripe").get("customer", "c") == {"id": "c"}


def test_a_failing_fake_leaves_no_half_state(tmp_path: Path) -> None:
    world = World(tmp_path, 7, is_inhabited=False)
    world.begin(START)
    state = world.outside.state("stripe")

    def break_off() -> None:
        with world.store.together():
            state.put("customer", "c", {"id": "c"})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        break_off()
    assert state.list("customer") == []


def test_the_journal_keeps_query_and_key(tmp_path: Path) -> None:
    world = World(tmp_path, 7, is_inhabited=False)
    world.begin(START)
    world.outside.ask("stripe", FakeRequest("GET", "/v1/customers", (("limit", "1"),), {"idempotency-key": "k"}))
    assert world.store.run("select path, query, idempotency_key, status from journal") == [("/v1/customers", "limit=1", "k", 401)]
