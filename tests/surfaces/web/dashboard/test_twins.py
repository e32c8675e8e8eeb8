"""Every page as JSON."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

from starlette.testclient import TestClient

from revenue_machine.app import App
from revenue_machine.engine.page import plain
from revenue_machine.surfaces.web.dashboard.twins import pages_of

Bearer = Callable[[str], dict[str, str]]


def test_menu_lists_every_page(web: TestClient, bearer: Bearer) -> None:
    menu = web.get("/api/pages", headers=bearer("read")).json()
    assert menu[:2] == [
        {"name": "today", "path": "/today", "title": "Today"},
        {"name": "inbox", "path": "/inbox", "title": "Inbox"},
    ]


def test_twin_says_what_the_page_shows(app: App, web: TestClient, bearer: Bearer, ask: Callable[..., Any]) -> None:
    ask("Hello")
    for page in pages_of(app).all:
        twin = web.get(f"/api/pages/{page.name}", headers=bearer("read")).json()
        assert twin == plain(pages_of(app).show(page.name, app.container))
    inbox = web.get("/api/pages/inbox", headers=bearer("read")).json()
    assert [card["words"] for card in inbox["cards"]] == ["Hello"]


def test_browser_library_stays_out_without_dashboard() -> None:
    script = (
        "import sys, revenue_machine.surfaces.web.application;"
        "import revenue_machine.surfaces.cli.serving, revenue_machine.surfaces.living;"
        "sys.exit('nicegui' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
