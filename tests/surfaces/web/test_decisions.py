"""Many decisions in one request, tasks by hand, the switch over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from revenue_machine.app import App
from revenue_machine.engine.handwork import HandTask
from revenue_machine.engine.tables import AUDIT
from tests.app_fixture import WorldClock

Bearer = Callable[[str], dict[str, str]]
Ask = Callable[..., dict[str, Any]]


def item(card: dict[str, Any], decision: str = "approve", **more: Any) -> dict[str, Any]:
    return {"id": card["id"], "payload_hash": card["payload_hash"], "decision": decision, **more}


def refused(app: App) -> list[tuple[str, str]]:
    query = sa.select(AUDIT.c.actor, AUDIT.c.subject).where(AUDIT.c.action == "approval.refused").order_by(AUDIT.c.id)
    with app.database.reading() as connection:
        return [(row[0], row[1]) for row in connection.execute(query)]


def test_a_batch_answers_item_by_item(app: App, web: TestClient, bearer: Bearer, ask: Ask) -> None:
    one, two, three, money = ask("one"), ask("two"), ask("three"), ask("four", is_money=True)
    items = [item(one), item(two, "reject", reason="not my voice"), {**item(three), "payload_hash": "0" * 64}, item(money)]
    answer = web.post("/api/approvals", json=items, headers=bearer("approve"))
    assert answer.status_code == 200
    assert [got.get("status") or got["error"]["code"] for got in answer.json()] == ["approved", "rejected", "conflict", "bad_input"]
    assert app.approvals.find(two["id"])["reason"] == "not my voice"
    assert refused(app) == [("approve", three["id"]), ("approve", money["id"])]


def test_a_batch_has_its_limit(app: App, web: TestClient, bearer: Bearer, ask: Ask) -> None:
    card = ask()
    assert web.post("/api/approvals", json=[item(card)] * 501, headers=bearer("approve")).status_code == 422
    assert app.approvals.find(card["id"])["status"] == "pending"


@pytest.mark.parametrize(("who", "status"), [("none", 401), ("operate", 403), ("read", 403), ("revoked", 401)])
def test_who_may_not_decide_is_on_record(who: str, status: int, app: App, web: TestClient, bearer: Bearer, ask: Ask) -> None:
    card = ask()
    body = {"decision": "approve", "payload_hash": card["payload_hash"]}
    assert web.post(f"/api/approvals/{card['id']}", json=body, headers=bearer(who)).status_code == status
    assert web.post("/api/approvals", json=[item(card)], headers=bearer(who)).status_code == status
    name = who if status == 403 else "nobody"
    assert refused(app) == [(name, card["id"]), (name, "many")]
    assert app.approvals.find(card["id"])["status"] == "pending"


def test_one_card_can_be_read(web: TestClient, bearer: Bearer, ask: Ask) -> None:
    card = ask()
    assert web.get(f"/api/approvals/{card['id']}", headers=bearer("read")).json() == card


def test_a_task_is_closed_by_its_own_text(app: App, web: TestClient, bearer: Bearer) -> None:
    task_id = app.handwork.hand_over(HandTask("task/1", "dm.send", "dm_x", "int/1", "Write to Ada", "Hello", "https://x.com/ada"))
    (task,) = web.get("/api/hand-tasks", headers=bearer("read")).json()
    wrong = web.post(f"/api/hand-tasks/{task_id}", json={"done": True, "text_hash": "x"}, headers=bearer("approve"))
    assert wrong.status_code == 409
    body = {"done": True, "text_hash": task["text_hash"]}
    assert web.post(f"/api/hand-tasks/{task_id}", json=body, headers=bearer("approve")).json()["status"] == "done"
    assert web.get("/api/hand-tasks", headers=bearer("read")).json() == []


def test_an_agent_stops_and_a_person_lifts(app: App, web: TestClient, bearer: Bearer) -> None:
    assert web.post("/api/stop", json={"reason": "odd"}, headers=bearer("operate")).json() == {"stopped": True, "channel": None}
    stop = app.switch.stopped_by()
    assert stop is not None
    assert (stop.actor, stop.reason) == ("operate", "odd")
    assert web.post("/api/resume", json={}, headers=bearer("operate")).status_code == 403
    assert app.switch.is_stopped()
    assert refused(app) == [("operate", "everything")]
    assert web.post("/api/resume", json={}, headers=bearer("approve")).status_code == 200
    assert not app.switch.is_stopped()


def test_one_channel_rests(app: App, web: TestClient, bearer: Bearer, clock: WorldClock) -> None:
    assert web.post("/api/resume", json={"channel": "linkedin"}, headers=bearer("approve")).status_code == 404
    assert web.post("/api/stop", json={"channel": "linkedin"}, headers=bearer("approve")).status_code == 200
    assert not app.switch.is_stopped()
    assert web.post("/api/resume", json={"channel": "linkedin"}, headers=bearer("operate")).status_code == 403
    assert web.post("/api/resume", json={"channel": "linkedin"}, headers=bearer("approve")).status_code == 200
