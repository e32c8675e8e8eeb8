"""Every endpoint, asked by every kind of caller."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from starlette.routing import Route
from starlette.testclient import TestClient

from revenue_machine.app import App
from revenue_machine.surfaces.web.application import make_api

CALLERS = ("none", "unknown", "expired", "revoked", "read", "operate", "approve", "admin")
REFUSED = (401, 401, 401, 401)
READ = (*REFUSED, 200, 200, 200, 200)
OPEN = (200,) * 8
PRICE = {"model": "claude-haiku-5-5", "usage": {"input_tokens": 1000}, "at": "2026-11-02"}
LESSON = {"subject": "pricing", "statement": "yearly plans keep people", "evidence": ["mem_one"], "confidence": 0.8}
# (method, address, body, what each caller in turn is answered)
TABLE: list[tuple[str, str, Any, tuple[int, ...]]] = [
    ("GET", "/api/topics", None, READ),
    ("GET", "/api/runs", None, READ),
    ("GET", "/api/runs/routine.morning/2026-11-02", None, (*REFUSED, 404, 404, 404, 404)),
    ("GET", "/api/approvals", None, READ),
    ("GET", "/api/pages", None, READ),
    ("GET", "/api/pages/today", None, READ),
    ("GET", "/api/pages/inbox", None, READ),
    ("GET", "/api/pages/nowhere", None, (*REFUSED, 404, 404, 404, 404)),
    ("POST", "/api/services/graph/search", {"query": "pricing"}, READ),
    ("POST", "/api/services/memory/write_knowledge", LESSON, (*REFUSED, 403, 200, 403, 200)),
    ("POST", "/api/services/no/topic", {}, (*REFUSED, 404, 404, 404, 404)),
    ("POST", "/api/approvals/apr_none", {"decision": "approve", "payload_hash": "x"}, (*REFUSED, 403, 403, 404, 404)),
    ("POST", "/api/approvals", [], (*REFUSED, 403, 403, 200, 200)),
    ("GET", "/api/approvals/apr_none", None, (*REFUSED, 404, 404, 404, 404)),
    ("GET", "/api/hand-tasks", None, READ),
    ("POST", "/api/hand-tasks/hand_none", {"done": True, "text_hash": "x"}, (*REFUSED, 403, 403, 404, 404)),
    ("POST", "/api/stop", {"reason": "test"}, (*REFUSED, 403, 200, 200, 200)),
    ("POST", "/api/resume", {"reason": "test"}, (*REFUSED, 403, 403, 200, 200)),
    ("POST", "/hooks/stripe", {}, (400,) * 8),
    ("GET", "/hooks/stripe", {}, (405,) * 8),
    ("GET", "/u/nobody", None, (404,) * 8),
    ("POST", "/u/nobody", None, (404,) * 8),
    ("GET", "/healthz", None, OPEN),
    ("GET", "/readyz", None, OPEN),
    ("GET", "/metrics", None, OPEN),
    ("GET", "/openapi.json", None, OPEN),
    ("GET", "/docs", None, OPEN),
]  # fmt: skip


@pytest.mark.parametrize(("method", "address", "body", "answers"), TABLE, ids=[f"{row[0]} {row[1]}" for row in TABLE])
def test_each_caller_gets_what_is_theirs(
    method: str, address: str, body: Any, answers: tuple[int, ...], web: TestClient, bearer: Callable[[str], dict[str, str]]
) -> None:
    got = tuple(web.request(method, address, json=body, headers=bearer(who)).status_code for who in CALLERS)
    assert got == answers


def test_table_names_every_route(app: App) -> None:
    told = {(method, address) for method, address, _, _ in TABLE}
    parts = [getattr(one, "original_router", None) for one in make_api(app).routes]
    routes = [*make_api(app).routes, *(route for part in parts if part is not None for route in part.routes)]
    assert len(routes) > 20
    for route in routes:
        if isinstance(route, Route) and route.path != "/docs/oauth2-redirect":
            for method in (route.methods or set()) - {"HEAD"}:
                matching = [one for one in told if one[0] == method and route.path_regex.match(one[1])]
                assert matching, f"{method} {route.path} is in no row of TABLE"


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Basic abc", "bearer\t", "Bearer a b", "rev_x"])
def test_malformed_authorization_is_nobody(header: str, web: TestClient) -> None:
    answer = web.get("/api/topics", headers={"authorization": header})
    assert (answer.status_code, answer.json()["ok"]) == (401, False)
    assert "revenue token create" in answer.json()["error"]["message"]


def test_token_ends_while_in_use(app: App, web: TestClient, bearer: Callable[[str], dict[str, str]]) -> None:
    headers = bearer("read")
    assert web.get("/api/topics", headers=headers).status_code == 200
    app.tokens.revoke("read", actor="test")
    assert web.get("/api/topics", headers=headers).status_code == 401
