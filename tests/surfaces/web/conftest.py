"""The product behind its web face, and one caller of every kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from revenue_machine.app import App
from revenue_machine.engine.approvals import Question
from revenue_machine.surfaces.web.application import make_api
from tests.app_fixture import WorldClock, make_app

HOST = "http://127.0.0.1:8080"


@pytest.fixture
def product(tmp_path: Path) -> Iterator[tuple[App, WorldClock]]:
    app, _, clock = make_app(tmp_path)
    yield app, clock
    app.close()


@pytest.fixture
def app(product: tuple[App, WorldClock]) -> App:
    return product[0]


@pytest.fixture
def clock(product: tuple[App, WorldClock]) -> WorldClock:
    return product[1]


@pytest.fixture
def web(app: App) -> TestClient:
    return TestClient(make_api(app), base_url=HOST, follow_redirects=False)


@pytest.fixture
def tokens(app: App, clock: WorldClock) -> dict[str, str]:
    """A bearer token by the kind of caller; nobody's is empty."""
    made = {scope: app.tokens.create(scope, [scope], actor="test") for scope in ("read", "operate", "approve", "admin")}
    made["expired"] = app.tokens.create("expired", ["admin"], actor="test", expires_at=clock.now() + timedelta(minutes=1))
    made["revoked"] = app.tokens.create("revoked", ["admin"], actor="test")
    app.tokens.revoke("revoked", actor="test")
    clock.move_to(clock.now() + timedelta(minutes=1))
    return {"none": "", "unknown": "rev_nobody", **made}


@pytest.fixture
def bearer(tokens: dict[str, str]) -> Callable[[str], dict[str, str]]:
    """The headers of a kind of caller."""

    def headers(who: str) -> dict[str, str]:
        return {"authorization": f"Bearer {tokens[who]}"} if tokens[who] else {}

    return headers


@pytest.fixture
def ask(app: App) -> Callable[..., dict[str, Any]]:
    """Files a question and gives its card."""

    def file(text: str = "Hello there", *, is_money: bool = False, **more: Any) -> dict[str, Any]:
        payload = {"draft_id": f"dft_{text}", "text": text}
        question = Question("content.review", text, payload, f"About {text}", "a doubt", kind="other", is_money=is_money, **more)
        with app.database.writing() as connection:
            approval_id = app.approvals.file(connection, question)
        return next(card for card in app.approvals.cards() if card["id"] == approval_id)

    return file
