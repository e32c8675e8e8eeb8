"""A webhook is verified, then stored, then acknowledged; a repetition changes nothing."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa

from revenue_machine import integrations
from revenue_machine.app import App
from revenue_machine.engine.tables import AUDIT, HOOK_INBOX
from revenue_machine.kit.db import make_engine
from revenue_machine.kit.settings import sandbox_webhook_secret
from revenue_machine.kit.signing import sign_stripe
from revenue_machine.surfaces.web.application import make_api
from revenue_machine.surfaces.web.hooks import MOST_HOOK_BYTES
from tests.app_fixture import START, make_app

BODY = (Path(integrations.__path__[0]) / "stripe" / "fixtures" / "event_charge_refunded.json").read_bytes()
SECRET = sandbox_webhook_secret("stripe")


@dataclass
class Door:
    """The web face of an app, and somebody who knocks."""

    app: App

    def knock(self, body: bytes, headers: dict[str, str] | None = None, service: str = "stripe") -> httpx2.Response:
        """One POST; signed as Stripe would unless headers are given."""

        async def post() -> httpx2.Response:
            transport = httpx2.ASGITransport(make_api(self.app))
            async with httpx2.AsyncClient(transport=transport, base_url="http://machine.example") as client:
                said = sign_stripe(body, SECRET, START) if headers is None else headers
                return await client.post(f"/hooks/{service}", content=body, headers=said)

        return asyncio.run(post())

    def stored(self) -> list[dict[str, Any]]:
        with self.app.database.reading() as connection:
            return [dict(row) for row in connection.execute(sa.select(HOOK_INBOX).order_by(HOOK_INBOX.c.id)).mappings()]


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    app, _, _ = make_app(tmp_path)
    yield Door(app)
    app.close()


def test_signed_webhook_is_stored(door: Door) -> None:
    answer = door.knock(BODY)
    (row,) = door.stored()
    assert (answer.status_code, answer.json()) == (200, {"ok": True, "new": True})
    assert (row["service"], row["external_id"], row["kind"], row["status"]) == ("stripe", "evt_own1", "charge.refunded", "received")
    assert row["body"] == BODY.decode()


def test_repetition_is_acknowledged_once(door: Door) -> None:
    door.knock(BODY)
    answer = door.knock(BODY)
    assert (answer.status_code, answer.json()) == (200, {"ok": True, "new": False})
    assert len(door.stored()) == 1


def test_wrong_signature_is_refused_on_record(door: Door) -> None:
    answer = door.knock(BODY, sign_stripe(BODY, "whsec_other", START))
    assert answer.status_code in (400, 401, 403)
    assert door.stored() == []
    with door.app.database.reading() as connection:
        actions = connection.execute(sa.select(AUDIT.c.action)).scalars().all()
    assert actions.count("webhook.refused") == 1


@pytest.mark.parametrize("service", ["nobody", "anthropic", "..", "stripe%2f..%2fstripe", "STRIPE"])
def test_unknown_service_is_not_found(service: str, door: Door) -> None:
    assert door.knock(BODY, service=service).status_code == 404
    assert door.stored() == []


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"{", b"null", b"\xff\xfe", b'{"id":1}', b"[" * 100_000])
def test_signed_nonsense_is_refused(body: bytes, door: Door) -> None:
    answer = door.knock(body)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "bad_input"
    assert door.stored() == []


def test_oversized_webhook_is_refused(door: Door) -> None:
    assert door.knock(b"x" * (MOST_HOOK_BYTES + 1)).status_code == 413


def test_locked_store_asks_to_send_again(door: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing on disk, no 200."""
    place = tmp_path / "revenue.db"
    engine = make_engine(f"sqlite:///{place}")
    sa.event.listen(engine, "connect", lambda connection, _: connection.execute("pragma busy_timeout=50"))
    monkeypatch.setattr(door.app.database, "engine", engine)
    lock = sqlite3.connect(place, isolation_level=None)
    lock.execute("begin immediate")
    answer = door.knock(BODY)
    lock.execute("rollback")
    lock.close()
    engine.dispose()
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
    assert door.stored() == []


def test_refusal_survives_a_locked_store(door: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A refusal that cannot be recorded is no acknowledgement either."""
    place = tmp_path / "revenue.db"
    engine = make_engine(f"sqlite:///{place}")
    sa.event.listen(engine, "connect", lambda connection, _: connection.execute("pragma busy_timeout=50"))
    monkeypatch.setattr(door.app.database, "engine", engine)
    lock = sqlite3.connect(place, isolation_level=None)
    lock.execute("begin immediate")
    answer = door.knock(BODY, sign_stripe(BODY, "whsec_other", START))
    lock.execute("rollback")
    lock.close()
    engine.dispose()
    assert answer.status_code == 503


def test_old_secret_still_opens(tmp_path: Path) -> None:
    app, _, _ = make_app(tmp_path)
    before = app.settings.service("stripe")
    rotated = before.model_copy(update={"webhook_secret": None, "webhook_secret_old": before.webhook_secret})
    services = app.settings.services | {"stripe": rotated}
    object.__setattr__(app, "settings", app.settings.model_copy(update={"services": services}))
    assert Door(app).knock(BODY).status_code == 200
    app.close()
