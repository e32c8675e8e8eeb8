"""An agent asks a person and hears the answer; it cannot give it itself."""

from __future__ import annotations

from datetime import timedelta

from revenue_machine.app import App
from tests.app_fixture import WorldClock

GATE = {"action": "Deploy release 12", "details": {"commit": "abc"}}


def gate(app: App, **more: object) -> dict[str, object]:
    envelope = app.call("system.approval_gate", {**GATE, **more}, actor="agent")
    assert envelope.ok, envelope.error
    result: dict[str, object] = envelope.result
    return result


def test_same_action_is_the_same_question(app: App) -> None:
    first = gate(app)
    assert first["status"] == "pending"
    assert gate(app)["approval_id"] == first["approval_id"]
    assert gate(app, details={"commit": "abd"})["approval_id"] != first["approval_id"]
    waiting = app.call("system.pending_approvals").result
    assert waiting["count"] == 2
    assert waiting["approvals"][0]["payload"]["action"] == "Deploy release 12"


def test_gate_tells_what_a_person_said(app: App, clock: WorldClock) -> None:
    approval_id = str(gate(app)["approval_id"])
    app.approvals.decide(approval_id, "approve", app.approvals.find(approval_id)["payload_hash"], actor="ada")
    assert gate(app)["status"] == "approved"
    clock.move_to(clock.now() + timedelta(days=7))
    assert gate(app)["status"] == "pending"
    other = str(gate(app, action="Delete it")["approval_id"])
    app.approvals.decide(other, "reject", app.approvals.find(other)["payload_hash"], actor="ada", reason="never")
    assert (gate(app, action="Delete it")["status"], gate(app, action="Delete it")["reason"]) == ("rejected", "never")
