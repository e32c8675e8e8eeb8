"""The house says truthfully how it is: alive or not, in order or not, in doubt or not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from revenue_machine.app import App
from revenue_machine.engine.call import Call
from revenue_machine.engine.effects import Outside, Plan
from revenue_machine.engine.tables import INTENTS
from revenue_machine.engine.tokens import Tokens
from revenue_machine.integrations.stripe.stripe_client import StripeClient
from revenue_machine.kit.errors import OutcomeUnknown, OutsideUnanswered, OutsideUnavailable
from tests.domains.money_house import desk_of, job_holding, message, open_house, scopes

QUESTIONS = [
    "schema.tables", "schema.columns", "schema.mode", "database.durable", "database.sound", "audit.verifies", "audit.sealed",
    "ledger.usage", "ledger.budgets", "ledger.intents", "budget.limits", "budget.holds", "budget.prices", "intents.unknown",
    "intents.orphaned", "schedule.sane", "inbox.dead_letters", "inbox.drained", "approvals.bound", "secrets.tokens_hashed",
    "clock.forward", "owner.file",
]  # fmt: skip


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    house = open_house(tmp_path)
    yield house
    house.close()


def _failed(app: App) -> dict[str, str]:
    return {one["name"]: one["detail"] for one in app.call("system.self_test").result["checks"] if not one["ok"]}


def _statement(app: App, text: str) -> None:
    with app.database.writing() as connection:
        connection.exec_driver_sql(text)


def _publish_into_the_void(app: App, key: str = "slot/1") -> None:
    """An effect whose vendor has no look-up and gives no answer."""

    def lost(_key: str) -> str:
        raise OutsideUnanswered("no answer")

    outside = app.container.child(Call("publish.auto", "day/1", "run/1")).get(Outside)
    with pytest.raises(OutcomeUnknown):
        outside.perform(Plan(service="vendor", operation="say", key=key, payload={}, answer=str, send=lost))


def test_fresh_house_passes_all_22_questions(tmp_path: Path, database_url: str) -> None:
    app = open_house(tmp_path, REVENUE_DATABASE_URL=database_url)
    desk_of(app, "day/1").ask(job_holding("slot-1", 50_000))
    result = app.call("system.self_test").result
    assert [one["name"] for one in result["checks"]] == QUESTIONS
    assert (result["ok"], result["passed"], result["failed"], _failed(app)) == (True, 22, 0, {})
    app.close()


HOOK = """insert into actp_hook_inbox (service, external_id, kind, body, is_sandbox, occurred_at, received_at, status, attempts)
    values ('stripe', 'evt_1', 'x', '{}', 0, '2026-11-02', '2026-11-02 04:59:00', 'STATUS', 1)"""
APPROVAL = """insert into actp_approvals
    (id, topic, call_key, kind, payload, payload_hash, title, why, is_money, status, requested_by, requested_at, expires_at)
    values ('apr_1', 't', 'k', 'topic', '{}', 'no hash', 't', 'w', 0, 'pending', 'm', '2026-11-02', '2026-11-03')"""
BREAKS = [
    ("schema.tables", "drop table actp_budget_holds", "actp_budget_holds"),
    ("schema.columns", "alter table actp_tokens drop column revoked_at", "actp_tokens.revoked_at"),
    ("schema.mode", "update actp_meta set value = 'live' where name = 'mode'", "the database belongs to live"),
    ("secrets.tokens_hashed", "update actp_tokens set token_hash = 'rev_plain'", "phone"),
    ("approvals.bound", APPROVAL, "apr_1"),
    ("inbox.dead_letters", HOOK.replace("STATUS", "dead"), "1 webhooks could not be handled"),
    ("inbox.drained", HOOK.replace("STATUS", "received"), "1 webhooks wait for an hour"),
]


@pytest.mark.parametrize(("name", "statement", "detail"), BREAKS, ids=[one[0] for one in BREAKS])
def test_each_question_finds_its_break(app: App, name: str, statement: str, detail: str) -> None:
    app.container.get(Tokens).create("phone", ["read"], actor="owner")
    _statement(app, statement)
    assert _failed(app)[name] == detail


def test_broken_audit_chain_is_found(app: App) -> None:
    app.container.get(Tokens).create("phone", ["read"], actor="owner")
    app.audit.seal()
    _statement(app, "update actp_audit_log set actor = 'nobody' where sequence = 1")
    assert _failed(app)["audit.verifies"] == "conflict: the audit log is broken at entry 1"


def test_clock_behind_its_records_is_found(app: App) -> None:
    app.container.get(Tokens).create("phone", ["read"], actor="owner")
    app.clock.move_to(app.clock.now() - timedelta(minutes=1))  # type: ignore[attr-defined]
    assert _failed(app)["clock.forward"] == "it is 2026-11-02T05:59:00+00:00, but a record is from 2026-11-02T06:00:00+00:00"


def test_broken_owner_file_is_found(tmp_path: Path) -> None:
    (tmp_path / "revenue.toml").write_text("[business]\nnam = 'x'\n")
    app = open_house(tmp_path)
    assert _failed(app)["owner.file"].startswith(
        "revenue.toml line 1: business.name: is missing; revenue.toml line 2: business.nam: "
    )
    app.close()


def test_zero_budget_is_found(tmp_path: Path) -> None:
    app = open_house(tmp_path, REVENUE_BUDGET__DAY_USD="0")
    assert _failed(app) == {"budget.limits": "a budget of zero stops every model call"}
    app.close()


def test_heartbeat_names_every_part(app: App) -> None:
    result = app.call("system.heartbeat").result
    checks = {one["name"]: (one["status"], one["is_critical"]) for one in result["checks"]}
    assert (result["ok"], result["is_degraded"]) == (True, False)
    assert checks["database"] == checks["worker"] == ("ok", True)
    assert checks["stripe"] == ("ok", False)
    assert set(app.clients.services()) | {"database", "worker"} == set(checks)


def test_dead_vendor_only_degrades(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    def ping(_self: Any) -> None:
        raise OutsideUnavailable("Stripe answered HTTP 503")

    monkeypatch.setattr(StripeClient, "ping", ping, raising=False)
    result = app.call("system.heartbeat").result
    assert (result["ok"], result["is_degraded"]) == (True, True)
    assert [one["detail"] for one in result["checks"] if one["status"] == "down"] == [
        "outside_unavailable: Stripe answered HTTP 503"
    ]


def test_dead_database_fails_the_heartbeat(app: App) -> None:
    _statement(app, "drop table actp_workers")
    answer = app.call("system.heartbeat")
    assert not answer.ok
    assert answer.error is not None
    assert answer.error.code == "outside_unavailable"
    assert answer.error.message.startswith("database: the database does not answer: no such table")
    assert answer.error.details["checks"][0]["status"] == "down"


def test_lost_slot_fails_the_heartbeat(app: App) -> None:
    app.slot.free()
    answer = app.call("system.heartbeat")
    assert answer.error is not None
    assert answer.error.message == "worker: slot-0 is no longer held by this process"


def test_doubt_without_look_up_stays_parked(app: App) -> None:
    _publish_into_the_void(app)
    result = app.call("system.reconcile").result
    assert (result["settled"], result["parked"]) == (0, 1)
    assert result["parked_intents"][0]["operation"] == "say"
    assert result["parked_intents"][0]["state"] == "unknown"
    assert _failed(app) == {"intents.unknown": "vendor.say/slot/1"}


def test_lost_model_call_is_booked_at_worst_case(tmp_path: Path) -> None:
    app = open_house(tmp_path)
    desk_of(app, "day/1").ask(job_holding("slot-1", 50_000))
    _forget_the_answer(app)
    assert _failed(app)["intents.orphaned"] == "anthropic.complete/content.generate/day/1/slot-1"
    first, second = (app.call("system.reconcile").result for _ in range(2))
    assert (first["settled"], first["parked"], second["settled"]) == (1, 0, 0)
    assert scopes(app)["day:2026-11-02"] == (50_000, 0)
    assert _failed(app) == {}
    assert desk_of(app, "day/1").ask(job_holding("slot-1", 50_000)).cost_micro_usd == 150
    assert scopes(app)["day:2026-11-02"] == (50_150, 0)
    app.close()


def _forget_the_answer(app: App) -> None:
    """As a kill between the vendor's answer and its record leaves it: intent sent, hold open, nothing booked."""
    for statement in (
        "update actp_intents set state = 'sent', answer = null, settled_at = null, owner = 'slot-63'",
        "update actp_budget_holds set state = 'held', released_at = null",
        "update actp_credit_budgets set held_micro_usd = 50000, current_spend_micro_usd = 0",
        "delete from actp_ledger_entries",
        "delete from actp_credit_usage",
    ):
        _statement(app, statement)


def test_call_in_flight_is_no_doubt(tmp_path: Path) -> None:
    app: App
    seen: list[int] = []

    def answer(_request: httpx2.Request) -> httpx2.Response:
        seen.append(app.call("system.reconcile").result["settled"] + len(_failed(app)))
        return httpx2.Response(200, json=message('{"say":"yes"}'))

    app = open_house(tmp_path, answer)
    desk_of(app, "day/1").ask(replace(job_holding("slot-1", 50_000)))
    assert seen == [0]
    with app.database.reading() as connection:
        assert [row.state for row in connection.execute(INTENTS.select())] == ["settled"]
    app.close()
