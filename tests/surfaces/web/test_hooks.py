"""Webhooks: stored before they are acknowledged, once, and never a server error for what a stranger sends."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from revenue_machine.app import App
from revenue_machine.engine.tables import HOOK_INBOX
from revenue_machine.kit.settings import sandbox_webhook_secret
from revenue_machine.kit.signing import sign_stripe
from tests.app_fixture import WorldClock

EVENT = {
    "id": "evt_1", "object": "event", "type": "invoice.paid", "created": 1793599200, "livemode": False, "api_version": "2026-09-30",
    "data": {"object": {"id": "in_1", "object": "invoice"}},
}  # fmt: skip
SECRET = sandbox_webhook_secret("stripe")


def signed(body: bytes, clock: WorldClock, secret: str = SECRET) -> dict[str, str]:
    return sign_stripe(body, secret, clock.now())


def stored(app: App) -> list[str]:
    with app.database.reading() as connection:
        return list(connection.execute(sa.select(HOOK_INBOX.c.external_id).order_by(HOOK_INBOX.c.id)).scalars())


@contextmanager
def locked(app: App) -> Iterator[None]:
    """Another process writes and does not end; ours waits 50 ms instead of half a minute."""
    sa.event.listen(app.database.engine, "checkout", lambda raw, *_: raw.execute("pragma busy_timeout=50"))
    other = sqlite3.connect(app.database.url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("begin immediate")
    yield
    other.execute("rollback")
    other.close()


def test_signed_webhook_is_stored_once(app: App, clock: WorldClock, web: TestClient) -> None:
    body = json.dumps(EVENT).encode()
    answers = [web.post("/hooks/stripe", content=body, headers=signed(body, clock)) for _ in range(3)]
    assert [(one.status_code, one.json()) for one in answers] == [
        (200, {"ok": True, "new": True}), (200, {"ok": True, "new": False}), (200, {"ok": True, "new": False}),
    ]  # fmt: skip
    assert stored(app) == ["evt_1"]


def test_locked_database_asks_to_come_again(app: App, clock: WorldClock, web: TestClient) -> None:
    body = json.dumps(EVENT).encode()
    with locked(app):
        refused = web.post("/hooks/stripe", content=body, headers=signed(body, clock))
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "30")
    assert stored(app) == []
    assert web.post("/hooks/stripe", content=body, headers=signed(body, clock)).json() == {"ok": True, "new": True}


def test_forged_webhook_while_locked_is_no_success(app: App, clock: WorldClock, web: TestClient) -> None:
    body = json.dumps(EVENT).encode()
    with locked(app):
        assert web.post("/hooks/stripe", content=body, headers=signed(body, clock, "whsec_d3Jvbmc=")).status_code in {400, 503}
    assert stored(app) == []


@pytest.mark.parametrize(
    "headers",
    [
        {}, {"stripe-signature": ""}, {"stripe-signature": "t=1,v1=00"}, {"stripe-signature": "nonsense"},
        {"stripe-signature": "t=99999999999999999999,v1=00"}, {"stripe-signature": b"t=\xc3\xa9,v1=\xff"},
        {"stripe-signature": "v1=" + "0" * 64},
    ],
    ids=range(7),
)  # fmt: skip
def test_unproven_webhook_is_client_error(headers: dict[str, Any], app: App, web: TestClient) -> None:
    answer = web.post("/hooks/stripe", content=b"{}", headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_input")
    assert stored(app) == []


def test_wrong_or_old_signature_is_refused(app: App, clock: WorldClock, web: TestClient) -> None:
    body = json.dumps(EVENT).encode()
    headers = signed(body, clock)
    assert web.post("/hooks/stripe", content=body, headers=signed(body, clock, "whsec_wrong")).status_code == 400
    assert web.post("/hooks/stripe", content=body + b" ", headers=headers).status_code == 400
    clock.move_to(clock.now() + timedelta(minutes=6))
    assert web.post("/hooks/stripe", content=body, headers=headers).status_code == 400
    assert stored(app) == []


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b"\xff\xfe", b"null", b"[" * 50_000, b'{"id": 1}', b'{"id": null, "type": {}}'], ids=range(8)
)
def test_signed_nonsense_is_client_error(body: bytes, app: App, clock: WorldClock, web: TestClient) -> None:
    answer = web.post("/hooks/stripe", content=body, headers=signed(body, clock))
    assert 400 <= answer.status_code < 500
    assert stored(app) == []


def test_webhook_ends_at_one_megabyte(app: App, clock: WorldClock, web: TestClient) -> None:
    fill = 1_000_000 - len(json.dumps({**EVENT, "pad": ""}).encode())
    fits = json.dumps({**EVENT, "pad": "x" * fill}).encode()
    too_large = json.dumps({**EVENT, "id": "evt_2", "pad": "x" * (fill + 1)}).encode()
    assert (len(fits), len(too_large)) == (1_000_000, 1_000_001)
    assert web.post("/hooks/stripe", content=fits, headers=signed(fits, clock)).status_code == 200
    assert web.post("/hooks/stripe", content=too_large, headers=signed(too_large, clock)).status_code == 413
    assert stored(app) == ["evt_1"]


def test_every_known_sender_refuses_unsigned(app: App, web: TestClient) -> None:
    answers = {name: web.post(f"/hooks/{name}", content=b"{}").status_code for name in app.clients.services()}
    assert set(answers.values()) <= {400, 401, 403, 404}
    assert answers["stripe"] == answers["telegram"] == answers["revenuecat"] == 400


def test_unknown_sender_is_not_found(web: TestClient) -> None:
    for name in ("nobody", "anthropic", "..%2fstripe", "stripe%00"):
        assert web.post(f"/hooks/{name}", content=b"{}").status_code == 404


def test_refused_webhook_leaves_audit_entry(app: App, web: TestClient) -> None:
    app.audit.seal()
    before = app.audit.verify()
    web.post("/hooks/stripe", content=b"{}")
    app.audit.seal()
    assert app.audit.verify() == before + 1
