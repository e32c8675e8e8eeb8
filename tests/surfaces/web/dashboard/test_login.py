"""How a person comes in and leaves."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from revenue_machine.app import App
from revenue_machine.engine.tables import SESSIONS
from revenue_machine.surfaces.web.dashboard.guard import COOKIE
from tests.app_fixture import WorldClock
from tests.surfaces.web.dashboard.conftest import log_in, problem_in


def test_cookie_is_kept_from_scripts_and_sites(door: TestClient, tokens: dict[str, str]) -> None:
    cookie = door.post("/login", data={"token": f"  {tokens['approve']}\n"}).headers["set-cookie"]
    name, *traits = [part.strip().lower() for part in cookie.split(";")]
    assert name.startswith(f"{COOKIE}=ses_")
    assert {"httponly", "samesite=strict", "path=/", "max-age=1209600"} <= set(traits)
    assert "secure" not in traits


def test_cookie_is_secure_behind_https(door: TestClient, tokens: dict[str, str]) -> None:
    answer = door.post("/login", data={"token": tokens["approve"]}, headers={"host": "go.sandbox.invalid"})
    assert "; secure" in answer.headers["set-cookie"].lower()


@pytest.mark.parametrize("who", ["none", "unknown", "expired", "revoked"])
def test_wrong_token_opens_nothing(who: str, door: TestClient, tokens: dict[str, str]) -> None:
    answer = door.post("/login", data={"token": tokens[who]})
    assert (answer.status_code, COOKIE in door.cookies) == (401, False)
    assert problem_in(answer.text) == "This token does not open the door: it is unknown, revoked or expired."
    assert door.get("/today").status_code == 303


@pytest.mark.parametrize("who", ["read", "operate", "approve", "admin"])
def test_every_scope_may_look(who: str, door: TestClient, tokens: dict[str, str]) -> None:
    assert log_in(door, tokens[who]) == "303 /today"
    assert door.get("/today").status_code == 200


@pytest.mark.parametrize(
    ("after", "place"),
    [
        ("/inbox", "/inbox"),
        ("https://evil.example", "/today"),
        ("//evil.example", "/today"),
        ("/api/topics", "/today"),
        ("", "/today"),
    ],
)
def test_login_leads_to_own_pages_only(after: str, place: str, door: TestClient, tokens: dict[str, str]) -> None:
    assert log_in(door, tokens["read"], after) == f"303 {place}"
    assert door.get("/login", params={"next": after}).headers["location"] == place


def test_eleventh_wrong_token_waits(door: TestClient, tokens: dict[str, str]) -> None:
    statuses = [door.post("/login", data={"token": f"rev_{number}"}).status_code for number in range(11)]
    assert statuses == [401] * 10 + [429]
    right = door.post("/login", data={"token": tokens["approve"]})
    assert (right.status_code, COOKIE in door.cookies) == (429, False)
    assert 0 < int(right.headers["retry-after"]) <= 60


def test_logout_ends_session_on_server(door: TestClient, tokens: dict[str, str]) -> None:
    log_in(door, tokens["read"])
    kept = door.cookies[COOKIE]
    assert door.post("/logout").headers["location"] == "/login"
    door.cookies.set(COOKIE, kept)
    assert door.get("/today").status_code == 303


def test_get_never_logs_out(door: TestClient, tokens: dict[str, str]) -> None:
    log_in(door, tokens["read"])
    assert door.get("/logout").status_code == 405
    assert door.get("/today").status_code == 200


def test_session_ends_after_two_weeks(clock: WorldClock, door: TestClient, tokens: dict[str, str]) -> None:
    log_in(door, tokens["read"])
    clock.move_to(clock.now() + timedelta(days=14) - timedelta(seconds=1))
    assert door.get("/today").status_code == 200
    clock.move_to(clock.now() + timedelta(seconds=1))
    assert door.get("/today").status_code == 303


def test_secrets_are_not_on_disk(app: App, door: TestClient, tokens: dict[str, str], tmp_path: Path) -> None:
    log_in(door, tokens["read"])
    written = b"".join(path.read_bytes() for path in tmp_path.glob("revenue.db*"))
    assert tokens["read"].encode() not in written
    assert door.cookies[COOKIE].encode() not in written
    with app.database.reading() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(SESSIONS)).scalar() == 1


@pytest.mark.parametrize(
    "cookie", ["", "x", f"{COOKIE}=", f"{COOKIE}=ses_made_up", f"{COOKIE}=\x7f; =", f'{COOKIE}="\\"'], ids=range(6)
)
def test_forged_cookie_is_nobody(cookie: str, door: TestClient) -> None:
    assert door.get("/today", headers={"cookie": cookie}).status_code == 303


def test_form_shows_text_not_markup(door: TestClient) -> None:
    text = door.get("/login", params={"next": '"><script>alert(1)</script>'}).text
    assert "<script" not in text
    assert "&lt;script&gt;" in text


def test_endless_form_is_cut_off(door: TestClient) -> None:
    assert door.post("/login", content=b"token=" + b"x" * 20_000).status_code == 401
