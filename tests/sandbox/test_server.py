from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from revenue_machine.kit.clock import FileClock, iso
from revenue_machine.kit.errors import BadInput
from revenue_machine.sandbox.rates import WorldRates
from revenue_machine.sandbox.serve import ServeOptions, bind, door_for, open_world, uvicorn_server
from revenue_machine.sandbox.server import make_app
from revenue_machine.sandbox.vendors import Outside
from revenue_machine.sandbox.world import World
from tests.sandbox.stage import START, Shop
from tests.sandbox.test_frontdoor import on_loopback

RC = {"authorization": "Bearer sk_sandbox_revenuecat"}


@contextmanager
def served(world: World | None, outside: Outside) -> Iterator[httpx2.Client]:
    """The sandbox on a free port, and a client at its address."""
    app = make_app(outside, world, "truth_key")
    app.slow_s = 0.2
    line, server = bind(0), uvicorn_server(app)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [line]})
    thread.start()
    try:
        with httpx2.Client(base_url=f"http://127.0.0.1:{line.getsockname()[1]}", trust_env=False) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join()
        line.close()
        outside.store.close()


@pytest.fixture
def client(tmp_path: Path) -> Iterator[httpx2.Client]:
    world = open_world(ServeOptions(tmp_path, start=START, clock_file=tmp_path / "clock"))
    with served(world, world.outside) as client:
        yield client


def test_services_stand_under_their_names(client: httpx2.Client) -> None:
    assert "revenuecat" in client.get("/").json()["services"]
    assert client.get("/revenuecat/projects", headers=RC).json()["items"][0]["id"] == "proj_sandbox"
    assert client.get("/revenuecat/v2/projects", headers=RC).status_code == 200
    blotato = {"blotato-api-key": "sk_sandbox_blotato"}
    assert client.get("/blotato/users/me", headers=blotato).json() == client.get("/blotato/v2/users/me", headers=blotato).json()


def test_vendor_errors_keep_their_shape(client: httpx2.Client) -> None:
    answer = client.get("/revenuecat/projects")
    assert answer.status_code == 401
    assert answer.json()["type"] == "authentication_error"


def test_an_unknown_service_is_named(client: httpx2.Client) -> None:
    answer = client.get("/myspace/v1/friends")
    assert answer.status_code == 404
    assert "revenuecat" in answer.json()["error"]["message"]


def test_the_journal_has_every_request(client: httpx2.Client) -> None:
    client.get("/revenuecat/projects?limit=3", headers={**RC, "idempotency-key": "k1"})
    client.get("/blotato/users/me")
    rows = client.get("/_journal").json()
    assert [(row["service"], row["method"], row["path"], row["status"]) for row in rows] == [
        ("revenuecat", "GET", "/projects", 200), ("blotato", "GET", "/users/me", 401),
    ]  # fmt: skip
    assert (rows[0]["query"], rows[0]["idempotency_key"], rows[0]["time"]) == ("limit=3", "k1", iso(START))
    assert json.loads(rows[0]["answer"])["object"] == "list"
    assert len(client.get("/_journal", params={"service": "blotato"}).json()) == 1
    assert client.get("/_journal", params={"since": rows[0]["number"]}).json() == rows[1:]
    assert client.get("/_journal", params={"since": iso(START + timedelta(days=1))}).json() == []


@pytest.mark.parametrize("kind", ["down", "act_then_drop"])
def test_a_cut_line_gives_no_answer(client: httpx2.Client, kind: str) -> None:
    assert (
        client.post("/_faults", json={"service": "revenuecat", "match": "/projects", "kind": kind, "count": 1}).status_code == 200
    )
    with pytest.raises(httpx2.TransportError):
        client.get("/revenuecat/projects", headers=RC)
    assert client.get("/revenuecat/projects", headers=RC).status_code == 200
    assert [row["acted"] for row in client.get("/_journal").json()] == [kind == "act_then_drop", True]


def test_a_slow_answer_comes_late(client: httpx2.Client) -> None:
    client.post("/_faults", json={"service": "revenuecat", "kind": "slow"})
    with pytest.raises(httpx2.ReadTimeout):
        client.get("/revenuecat/projects", headers=RC, timeout=0.05)
    client.post("/_faults", json={"service": "revenuecat", "kind": "slow"})
    assert client.get("/revenuecat/projects", headers=RC, timeout=5).status_code == 200


def test_refusals_and_torn_answers_reach_the_client(client: httpx2.Client) -> None:
    for kind in ("429", "500", "torn"):
        client.post("/_faults", json={"service": "*", "kind": kind, "count": 1})
    answers = [client.get("/revenuecat/projects", headers=RC) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [429, 500, 200]
    with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
        answers[2].json()


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/_faults", {"service": "myspace", "kind": "500"}, "service"),
        ("/_faults", {"service": "stripe", "kind": "boom"}, "kind"),
        ("/_faults", {"service": "stripe", "kind": "500", "count": "3"}, "count"),
        ("/_clock", {"now": "yesterday"}, "now"),
        ("/_advance", {}, "seconds"),
        ("/_advance", {"seconds": -1}, "seconds"),
        ("/_advance", {"to": "2020-01-01T00:00:00+00:00"}, "to"),
        ("/_clock", [], "body"),
    ],
)
def test_a_wrong_control_names_its_mistake(client: httpx2.Client, path: str, body: Any, field: str) -> None:
    answer = client.post(path, json=body)
    assert answer.status_code == 422
    assert answer.json()["error"]["field"] == field


def test_the_clock_file_follows_the_world(client: httpx2.Client, tmp_path: Path) -> None:
    clock = FileClock(tmp_path / "clock")
    assert clock.now() == START
    assert client.post("/_advance", json={"seconds": 5400}).json() == {"now": "2026-11-23T07:30:00+00:00"}
    assert clock.now() == START + timedelta(minutes=90)
    client.post("/_advance", json={"to": "2026-11-23T10:00:00+00:00"})
    client.post("/_clock", json={"now": "2026-11-23T06:00:00+00:00"})
    assert clock.now() == START
    assert client.get("/_clock").json() == {"now": "2026-11-23T06:00:00+00:00"}


def test_reset_forgets_and_begins_again(client: httpx2.Client) -> None:
    before = client.get("/revenuecat/projects/proj_sandbox/metrics/overview", headers=RC).json()
    client.post("/_advance", json={"seconds": 9 * 86_400})
    assert client.post("/_reset").json() == {"now": iso(START)}
    assert client.get("/_journal").json() == []
    assert client.get("/revenuecat/projects/proj_sandbox/metrics/overview", headers=RC).json() == before


def test_the_truth_needs_its_key(client: httpx2.Client) -> None:
    assert client.get("/_truth").status_code == 403
    assert client.get("/_truth", params={"key": "truth_kez"}).status_code == 403
    assert client.get("/_truth", params={"key": "truth_key"}).json()[0]["channel"] == "before"
    assert client.get("/_truth", headers={"authorization": "Bearer truth_key"}).status_code == 200


def test_true_rates_need_the_key_too(client: httpx2.Client) -> None:
    assert client.get("/_truth/rates").status_code == 403
    key = {"key": "truth_key"}
    assert client.get("/_truth/rates", params={**key, "since": "yesterday"}).status_code == 422
    assert client.get("/_truth/rates", params=key).json() == []
    client.post("/_advance", json={"seconds": 2 * 86_400})
    (paywall,) = client.get("/_truth/rates", params=key).json()
    assert (paywall["offer"], paywall["subject"], set(paywall["rates"])) == ("everreach", "paywall", {"A", "B"})
    assert paywall["rates"]["B"] / paywall["rates"]["A"] == pytest.approx(1.18)
    assert client.get("/_truth/rates", params={**key, "until": "2026-11-01T00:00:00+00:00"}).json() == []


def test_no_fake_tells_the_truth(client: httpx2.Client) -> None:
    client.post("/_advance", json={"seconds": 86_400})
    people = {deed["person"] for deed in client.get("/_truth", params={"key": "truth_key"}).json()}
    paths = (
        "/revenuecat/projects/proj_sandbox/customers?limit=1000",
        "/stripe/v1/customers?limit=100",
        "/stripe/v1/events?limit=100",
    )
    auth = {"authorization": "Bearer sk_sandbox_stripe"}
    told = "".join(client.get(path, headers=RC if "revenuecat" in path else auth).text for path in paths)
    assert len(told) > 5000
    assert len(people) > 50
    assert not [person for person in people if person in told]
    assert client.get("/world/truth").status_code == 404


def test_without_people_only_vendors_move(tmp_path: Path) -> None:
    world = World(tmp_path, 7, is_inhabited=False)
    world.begin(START)
    with served(None, world.outside) as client:
        client.post("/_advance", json={"seconds": 86_400})
        assert client.get("/_truth", params={"key": "truth_key"}).json() == []
        assert client.get("/_clock").json() == {"now": iso(START + timedelta(days=1))}


def test_webhooks_reach_the_product_on_loopback(tmp_path: Path) -> None:
    shop = Shop()
    with on_loopback(shop) as url:
        world = open_world(ServeOptions(tmp_path, start=START, hooks_to=f"{url}/hooks"))
        with served(world, world.outside) as client:
            client.post("/_advance", json={"seconds": 2 * 86_400})
    assert {service for service, _, _ in shop.hooks} == {"revenuecat", "stripe"}


def test_an_old_world_goes_on_where_it_stopped(tmp_path: Path) -> None:
    first = open_world(ServeOptions(tmp_path, start=START))
    first.turn_to(START + timedelta(hours=3))
    first.store.close()
    again = open_world(ServeOptions(tmp_path, start=START))
    assert again.store.now() == START + timedelta(hours=3)
    again.store.close()


def test_a_world_file_changes_the_world(tmp_path: Path) -> None:
    (tmp_path / "world.toml").write_text("[history]\nsubscribers = 0\nsubscribers_spread = 0\nopen_trials = 0\n", encoding="utf-8")
    world = open_world(ServeOptions(tmp_path, world_file=tmp_path / "world.toml", start=START))
    assert world.outside.state("revenuecat").list("subscription") == []
    assert world.rates != WorldRates()
    world.store.close()


@pytest.mark.parametrize("url", ["https://example.com/hooks", "http://example.com", "http://10.0.0.1/hooks"])
def test_webhooks_stay_on_this_machine(url: str) -> None:
    with pytest.raises(BadInput):
        door_for(url)


def test_a_taken_port_says_so() -> None:
    line = bind(0)
    line.listen()
    with pytest.raises(BadInput, match="cannot be used"):
        bind(line.getsockname()[1])
    line.close()
