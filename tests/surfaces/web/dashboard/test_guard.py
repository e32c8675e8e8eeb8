"""Who reaches the dashboard."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from revenue_machine.app import App
from revenue_machine.surfaces.web.dashboard.guard import Guard
from revenue_machine.surfaces.web.dashboard.twins import pages_of
from tests.app_fixture import make_app
from tests.surfaces.web.conftest import HOST
from tests.surfaces.web.dashboard.conftest import log_in


def test_stranger_is_sent_to_login(door: TestClient) -> None:
    places = {path: door.get(path).headers.get("location") for path in ("/", "/today", "/inbox")}
    assert places == {"/": "/login", "/today": "/login?next=/today", "/inbox": "/login?next=/inbox"}


def test_session_opens_the_pages(door: TestClient, tokens: dict[str, str]) -> None:
    assert log_in(door, tokens["read"]) == "303 /today"
    assert [door.get(path).status_code for path in ("/today", "/inbox", "/_nicegui_ws/socket.io/")] == [200, 200, 200]
    assert door.get("/").headers["location"] == "/today"


def test_revoked_token_ends_its_sessions(app: App, door: TestClient, tokens: dict[str, str]) -> None:
    log_in(door, tokens["approve"])
    app.tokens.revoke("approve", actor="test")
    assert door.get("/today").status_code == 303
    assert door.get("/_nicegui_ws/socket.io/").status_code == 401


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost", "localhost:99", "[::1]:8080", "127.9.9.9", "go.sandbox.invalid"])
def test_own_host_names_are_served(host: str, door: TestClient) -> None:
    assert door.get("/login", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "evil@127.0.0.1", "", "10.0.0.7", "["]
)
def test_other_host_names_are_refused(host: str, door: TestClient) -> None:
    assert door.get("/login", headers={"host": host}).status_code == 421


def test_public_url_is_a_host_name(tmp_path: Path) -> None:
    app, _, _ = make_app(tmp_path, REVENUE_PUBLIC_URL="https://Growth.example.org/x")
    door = TestClient(Guard(app, pages_of(app), door_closed), base_url=HOST)
    assert door.get("/today", headers={"host": "growth.example.org"}, follow_redirects=False).status_code == 303
    assert door.get("/today", headers={"host": "go.sandbox.invalid"}).status_code == 421
    app.close()


async def door_closed(*_: object) -> None:
    raise AssertionError("nobody may come through")


@pytest.mark.parametrize(
    "headers",
    [{"origin": "https://evil.example"}, {"origin": "null"}, {"origin": "http://127.0.0.1:9"}, {"sec-fetch-site": "cross-site"}],
    ids=range(4),
)  # fmt: skip
def test_foreign_writes_are_refused(headers: dict[str, str], door: TestClient, tokens: dict[str, str]) -> None:
    log_in(door, tokens["approve"])
    assert door.post("/logout", headers=headers).status_code == 403
    assert door.post("/login", data={"token": tokens["read"]}, headers=headers).status_code == 403
    assert door.post("/_nicegui_ws/socket.io/", headers=headers).status_code == 403
    assert door.get("/today").status_code == 200


def test_own_writes_are_taken(door: TestClient, tokens: dict[str, str]) -> None:
    log_in(door, tokens["approve"])
    assert door.post("/_nicegui_ws/socket.io/", headers={"origin": HOST}).status_code == 200


def test_socket_needs_session_and_origin(door: TestClient, tokens: dict[str, str]) -> None:
    for headers in ({}, {"origin": HOST}, {"origin": "https://evil.example"}):
        with pytest.raises(WebSocketDisconnect) as refused, door.websocket_connect("/_nicegui_ws/socket.io/", headers=headers):
            pass
        assert refused.value.code == 4401
    log_in(door, tokens["approve"])
    with (
        pytest.raises(WebSocketDisconnect) as refused,
        door.websocket_connect("/_nicegui_ws/", headers={"origin": "https://evil.example"}),
    ):
        pass
    assert refused.value.code == 4401


def test_link_from_elsewhere_is_asked_again(door: TestClient) -> None:
    answer = door.get("/inbox", headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 200
    assert '<meta http-equiv="refresh" content="0;url=/inbox">' in answer.text


def test_pages_are_kept_from_elsewhere(door: TestClient, tokens: dict[str, str]) -> None:
    log_in(door, tokens["read"])
    page, script = door.get("/today").headers, door.get("/_nicegui/1/static/x.js").headers
    assert page["cache-control"] == "no-store"
    assert "cache-control" not in script
    for headers in (page, script):
        assert "default-src 'self'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert (headers["x-frame-options"], headers["x-content-type-options"]) == ("DENY", "nosniff")


def test_owns_its_addresses_only(guard: Guard) -> None:
    assert all(
        guard.owns(path) for path in ("/", "/login", "/logout", "/today", "/inbox", "/_nicegui/3/x.js", "/_nicegui_ws/socket.io/")
    )
    assert not any(
        guard.owns(path) for path in ("/api/topics", "/hooks/stripe", "/today/", "/todayx", "/docs", "/_nicegui_x", "/r/abc")
    )
