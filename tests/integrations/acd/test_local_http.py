"""The local adapter's door: programs of this machine with the key, and nobody a browser speaks for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from revenue_machine.integrations.acd.local_http import HarnessDoor
from revenue_machine.kit.clock import SystemClock
from tests.integrations.acd_house import KEY, House, local_house, order
from tests.sandbox.test_frontdoor import on_loopback

BEARER = {"authorization": f"Bearer {KEY}"}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with local_house(tmp_path) as one:
        yield one


@pytest.fixture
def line(house: House) -> Iterator[httpx2.Client]:
    with on_loopback(house.parts["door"]) as url, httpx2.Client(base_url=url, headers=BEARER, trust_env=False) as client:
        yield client


def said(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def test_a_web_page_is_turned_away(line: httpx2.Client) -> None:
    for headers in (
        {"origin": "http://127.0.0.1:8080"},
        {"origin": "null"},
        {"host": "evil.example"},
        {"host": "127.0.0.1.evil.example"},
    ):
        assert said(line.get("/api/projects", headers=headers)) == (403, "not_local")
    assert line.get("/api/projects", headers={"host": "localhost:3434"}).status_code == 200


def test_a_form_cannot_start_an_agent(line: httpx2.Client) -> None:
    body = order().model_dump_json(by_alias=True, exclude_none=True)
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        answer = line.post("/api/projects/toy/harness/start", content=body, headers={"content-type": kind})
        assert said(answer) == (422, "bad_request")


def test_keys_are_compared_whole(line: httpx2.Client) -> None:
    for value in ("", "Bearer", f"Bearer {KEY}x", f"Bearer {KEY[:-1]}", f"Basic {KEY}", "Bearer ü"):
        assert said(line.get("/api/projects", headers=[(b"authorization", value.encode())])) == (401, "unauthorized")


@pytest.mark.parametrize("content", [b"[]", b"{", b'"x"', b"[" * 100_000, b"\xff\xfe"])
def test_garbage_is_no_body(content: bytes, line: httpx2.Client) -> None:
    answer = line.post("/api/projects", content=content, headers={"content-type": "application/json"})
    assert said(answer) == (422, "bad_request")


def test_strange_names_are_no_projects(line: httpx2.Client) -> None:
    for name in ("..%2f..%2fetc", "%2e%2e", "a%00b", "NOPE"):
        assert line.get(f"/api/projects/{name}/harness/logs").status_code == 404
    for name in ("../x", "a/b", "", "A", "x" * 65):
        answer = line.post("/api/projects", json={"name": name, "path": "toy"})
        assert said(answer) == (422, "bad_request")


def test_no_key_lets_everybody_here_in(tmp_path: Path, house: House) -> None:
    door: Any = HarnessDoor(house.parts["harness"], (), SystemClock())
    with on_loopback(door) as url, httpx2.Client(trust_env=False) as client:
        assert client.get(f"{url}/api/projects").json() == {"data": [{"id": "toy", "name": "toy", "status": "idle"}]}
        assert said(client.get(f"{url}/api/projects", headers={"origin": "x"})) == (403, "not_local")
