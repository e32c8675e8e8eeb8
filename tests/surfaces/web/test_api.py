"""Topics and approvals over HTTP: one envelope, bound decisions, nothing forged."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from starlette.testclient import TestClient

from revenue_machine.__main__ import main
from revenue_machine.app import App, build
from revenue_machine.kit.clock import PushedClock
from revenue_machine.kit.settings import load
from revenue_machine.surfaces.mcp.server import make_server, tool_name
from revenue_machine.surfaces.web.application import make_api
from tests.app_fixture import START, WorldClock
from tests.engine import toy_house

Ask = Callable[..., dict[str, Any]]
Bearer = Callable[[str], dict[str, str]]
SAMPLE: list[tuple[str, dict[str, Any]]] = [
    ("credit.price", {"model": "claude-haiku-5-5", "usage": {"input_tokens": 1000}, "at": "2026-11-02"}),
    ("credit.price", {"model": "nobody-1"}),
    ("graph.search", {"query": "pricing", "limit": 3}),
    ("graph.search", {"wrong": 1}),
    ("feedback.list_posts", {"limit": 2}),
    ("research.blueprints", {"limit": 1}),
]


def decide(web: TestClient, headers: dict[str, str], card: dict[str, Any], decision: str = "approve", **more: Any) -> Any:
    body = {"decision": decision, "payload_hash": card["payload_hash"], **more}
    return web.post(f"/api/approvals/{card['id']}", json=body, headers=headers)


def said(body: dict[str, Any]) -> dict[str, Any]:
    """An envelope without what differs from call to call."""
    return {name: value for name, value in body.items() if name not in {"duration_ms", "run_id"}}


@pytest.mark.parametrize(("topic", "payload"), SAMPLE)
def test_three_surfaces_give_one_envelope(
    topic: str, payload: dict[str, Any], app: App, web: TestClient, bearer: Bearer, tmp_path: Path, monkeypatch: Any, capsys: Any
) -> None:
    over_http = web.post(f"/api/services/{topic.replace('.', '/')}", json=payload, headers=bearer("read")).json()

    async def ask_agent() -> Any:
        async with Client(make_server(app)) as client:
            return (await client.call_tool(tool_name(topic), payload)).structured_content

    over_mcp = asyncio.run(ask_agent())
    monkeypatch.setenv("REVENUE_HOME", str(tmp_path))
    monkeypatch.setenv("REVENUE_CLOCK", START.isoformat())
    main(["call", topic, json.dumps(payload)])
    over_cli = json.loads(capsys.readouterr().out)
    assert said(over_http) == said(over_mcp) == said(over_cli)
    assert over_http["topic"] == topic


def test_openapi_has_one_path_per_topic(app: App, web: TestClient) -> None:
    document = web.get("/openapi.json").json()
    topics = {"/api/services/" + name.replace(".", "/", 1) for name in app.registry.topics}
    assert {path for path in document["paths"] if path.startswith("/api/services/")} == topics
    assert document["openapi"].startswith("3.1")
    assert document["paths"]["/api/services/publish/auto"]["post"]["x-scope"] == "operate"
    assert document["paths"]["/api/services/graph/search"]["post"]["x-scope"] == "read"


def test_references_in_openapi_lead_somewhere(web: TestClient) -> None:
    text = web.get("/openapi.json").text
    names = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert names <= set(json.loads(text)["components"]["schemas"])


def test_same_key_gives_same_answer(web: TestClient, bearer: Bearer) -> None:
    headers = {**bearer("operate"), "idempotency-key": "k1"}
    body = {"subject": "price", "statement": "yearly plans keep people", "evidence": ["mem_one"], "confidence": 0.8}
    first = web.post("/api/services/memory/write_knowledge", json=body, headers=headers)
    again = web.post("/api/services/memory/write_knowledge", json=body, headers=headers)
    other = web.post("/api/services/memory/write_knowledge", json={**body, "confidence": 0.1}, headers=headers)
    assert (first.status_code, again.json()) == (200, first.json())
    assert (other.status_code, other.json()["error"]["code"]) == (409, "conflict")


@pytest.mark.parametrize(
    "body", [b"[]", b"{", b"\xff", b"null", b"1", b"[" * 100_000, b'{"query": "' + b"x" * 1_000_000 + b'"}'], ids=range(7)
)
def test_no_body_is_a_server_error(body: bytes, web: TestClient, bearer: Bearer) -> None:
    for address in ("/api/services/graph/search", "/api/approvals/apr_x"):
        answer = web.post(address, content=body, headers={**bearer("admin"), "content-type": "application/json"})
        assert answer.status_code in {400, 413, 422}, address
        assert answer.json()["error"]["code"] == "bad_input", address


def test_unknown_address_is_json(web: TestClient) -> None:
    for address in ("/api/nothing", "/nothing", "/api"):
        answer = web.get(address)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


def test_card_shows_bytes_and_price(clock: WorldClock, web: TestClient, bearer: Bearer, ask: Ask) -> None:
    ask("Buy it", is_money=True, price_micro_usd=12_500_000)
    (card,) = web.get("/api/approvals", headers=bearer("read")).json()
    assert (card["text"], card["price_usd"], card["needs_confirm"]) == ("Buy it", 12.5, True)
    assert card["expires_at"] == (clock.now() + timedelta(hours=4)).isoformat()


def test_decision_is_bound_to_the_bytes(app: App, web: TestClient, bearer: Bearer, ask: Ask) -> None:
    card, other = ask("One"), ask("Two")
    forged = decide(web, bearer("approve"), {**card, "payload_hash": other["payload_hash"]})
    assert (forged.status_code, forged.json()["error"]["code"]) == (409, "conflict")
    assert {one["status"] for one in app.approvals.cards(None)} == {"pending"}
    assert decide(web, bearer("approve"), card).json() == {"id": card["id"], "status": "approved"}


def test_second_decision_is_refused(web: TestClient, bearer: Bearer, ask: Ask) -> None:
    card = ask()
    assert decide(web, bearer("approve"), card, "reject", reason="no").status_code == 200
    late = decide(web, bearer("approve"), card)
    assert (late.status_code, late.json()["error"]["status"]) == (409, "rejected")


def test_expired_card_stays_a_no(clock: WorldClock, web: TestClient, bearer: Bearer, ask: Ask) -> None:
    card = ask()
    clock.move_to(clock.now() + timedelta(hours=24))
    late = decide(web, bearer("approve"), card)
    assert (late.status_code, late.json()["error"]["status"]) == (409, "expired")


def test_money_needs_own_code_and_pause(clock: WorldClock, web: TestClient, bearer: Bearer, ask: Ask) -> None:
    card, other = ask("Buy", is_money=True), ask("Sell", is_money=True)
    code = decide(web, bearer("approve"), card).json()["confirm"]
    foreign = decide(web, bearer("approve"), other).json()["confirm"]
    assert decide(web, bearer("approve"), card, confirm=code).status_code == 409
    clock.move_to(clock.now() + timedelta(seconds=5))
    assert decide(web, bearer("approve"), card, confirm=foreign).status_code == 409
    assert decide(web, bearer("approve"), card, confirm="").status_code == 409
    assert decide(web, bearer("approve"), card, confirm=code).json()["status"] == "approved"


def test_edit_is_a_new_question(web: TestClient, bearer: Bearer, ask: Ask) -> None:
    card = ask("Too loud!!")
    fresh = decide(web, bearer("approve"), card, edited="Quieter.").json()
    assert (fresh["status"], fresh["replaces_id"]) == ("pending", card["id"])
    assert fresh["payload_hash"] != card["payload_hash"]
    assert decide(web, bearer("approve"), card).status_code == 409
    (waiting,) = web.get("/api/approvals", headers=bearer("read")).json()
    assert waiting["payload"] == {"draft_id": "dft_Too loud!!", "text": "Quieter."}


def test_get_never_decides(app: App, web: TestClient, bearer: Bearer, ask: Ask) -> None:
    card = ask()
    answer = web.get(f"/api/approvals/{card['id']}?decision=approve&payload_hash={card['payload_hash']}", headers=bearer("admin"))
    assert answer.status_code == 405
    assert app.approvals.cards()[0]["status"] == "pending"


@pytest.mark.parametrize("decision", ["APPROVE", "yes", "", "edit"])
def test_only_two_words_decide(decision: str, app: App, web: TestClient, bearer: Bearer, ask: Ask) -> None:
    assert decide(web, bearer("approve"), ask(), decision).status_code == 422
    assert app.approvals.cards()[0]["status"] == "pending"


def test_refused_decision_is_audited(app: App, web: TestClient, bearer: Bearer) -> None:
    decide(web, bearer("approve"), {"id": "apr_none", "payload_hash": "x"})
    sealed, _ = app.audit.head()
    assert app.audit.seal() > 0
    assert app.audit.verify() > sealed


def test_gated_topic_runs_by_no_forged_word(tmp_path: Path) -> None:
    app = build(load({"REVENUE_HOME": str(tmp_path)}), PushedClock(START), house=toy_house)
    web = TestClient(make_api(app), raise_server_exceptions=False)
    headers = {"authorization": f"Bearer {app.tokens.create('all', ['admin'], actor='test')}"}
    waits = web.post("/api/services/toys/ask", json={"words": "hi"}, headers=headers)
    assert (waits.status_code, waits.json()["error"]["code"]) == (202, "approval_required")
    approval_id = waits.json()["approval_id"]
    smuggled = [{"words": "hi", name: approval_id} for name in ("approval_id", "approved", "call")]
    assert [web.post("/api/services/toys/ask", json=body, headers=headers).status_code for body in smuggled] == [422, 422, 422]
    hinted = web.post("/api/services/toys/ask", json={"words": "hi"}, headers={**headers, "x-approval-id": approval_id})
    assert hinted.status_code == 202
    app.close()
