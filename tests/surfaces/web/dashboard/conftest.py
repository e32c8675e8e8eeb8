"""The dashboard's door with a plain page behind it: what the browser library does is tests/browser's business."""

from __future__ import annotations

import re

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from revenue_machine.app import App
from revenue_machine.surfaces.web.dashboard import login
from revenue_machine.surfaces.web.dashboard.attempts import Attempts
from revenue_machine.surfaces.web.dashboard.guard import Guard
from revenue_machine.surfaces.web.dashboard.twins import pages_of
from tests.surfaces.web.conftest import HOST


@pytest.fixture
def guard(app: App, monkeypatch: pytest.MonkeyPatch) -> Guard:
    monkeypatch.setattr(login, "attempts", Attempts())
    behind = FastAPI()
    behind.include_router(login.router)
    behind.add_api_route("/today", lambda: {"page": "today"})
    behind.add_api_route("/inbox", lambda: {"page": "inbox"})
    behind.add_api_route("/_nicegui/1/static/x.js", lambda: {"file": "x.js"})
    behind.add_api_route("/_nicegui_ws/socket.io/", lambda: {"socket": "open"}, methods=["GET", "POST"])
    return Guard(app, pages_of(app), behind)


@pytest.fixture
def door(guard: Guard) -> TestClient:
    return TestClient(guard, base_url=HOST, follow_redirects=False)


def log_in(door: TestClient, token: str, after: str = "/") -> str:
    """The status and place a login leads to."""
    answer = door.post("/login", data={"token": token, "next": after})
    return f"{answer.status_code} {answer.headers.get('location', '')}".strip()


def problem_in(text: str) -> str:
    found = re.search(r'role="alert">([^<]*)<', text)
    return found[1] if found else ""
