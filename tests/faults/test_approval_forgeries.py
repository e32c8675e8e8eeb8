"""Scenario 20: two hundred forged decisions over HTTP, MCP and Telegram; none counts, each is on the record, honest ones pass."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from mcp import Client
from starlette.testclient import TestClient

from revenue_machine.app import App
from revenue_machine.engine.approvals import Question
from revenue_machine.engine.tables import AUDIT
from revenue_machine.integrations.telegram import fake
from revenue_machine.kit.fakeserver import FakeState
from revenue_machine.kit.settings import sandbox_webhook_secret
from revenue_machine.surfaces.mcp.server import make_server
from revenue_machine.surfaces.web.application import make_api
from tests.app_fixture import WorldClock, make_app

# The sandbox's chat, here with three people in it of whom one may decide.
CHAT, OWNER, STRANGER = 700100200, 7, 999
EACH = 20
HEADER = "x-telegram-bot-api-secret-token"


@dataclass
class House:
    """The product, its web face, the chat, and what lies in the inbox."""

    app: App
    web: TestClient
    state: FakeState
    clock: WorldClock
    tokens: dict[str, str]
    updates: int = 0
    seen: list[dict[str, Any]] = field(default_factory=list)

    def file(self, number: int, *, is_money: bool = False) -> dict[str, Any]:
        question = Question(
            "toys.tell", f"k{number}", {"text": f"Words {number}"}, f"Q {number}", "asked", kind="other", is_money=is_money
        )
        with self.app.database.writing() as connection:
            approval_id = self.app.approvals.file(connection, question)
        return self.app.approvals.find(approval_id)

    def turn(self, seconds: float = 1) -> None:
        self.clock.move_to(self.clock.now() + timedelta(seconds=seconds))
        for topic in ("inbox.answer", "inbox.tell", "inbox.answer"):
            self.app.inbox.drain()
            self.app.events.drain()
            assert self.app.call(topic).ok

    def post(self, card: dict[str, Any], body: dict[str, Any], who: str | None = "approver") -> tuple[int, dict[str, Any]]:
        headers = {} if who is None else {"authorization": f"Bearer {self.tokens.get(who, who)}"}
        sent = {"decision": "approve", "payload_hash": card["payload_hash"], **body}
        answer = self.web.post(f"/api/approvals/{card['id']}", json=sent, headers=headers)
        return answer.status_code, answer.json()

    def message_about(self, card: dict[str, Any]) -> dict[str, Any]:
        (found,) = [one for one in fake.public_messages(self.state) if f"\n{card['text']}\n" in f"{one['text']}\n"]
        return found

    def button(self, card: dict[str, Any]) -> str:
        return str(self.message_about(card)["buttons"][0][0]["data"])

    def update(self, card: dict[str, Any], data: str, user: int, update_id: int | None = None) -> dict[str, Any]:
        self.updates += 1
        message = {"message_id": self.message_about(card)["message_id"], "date": 1793599200, "chat": {"id": CHAT, "type": "group"}}
        sender = {"id": user, "is_bot": False, "first_name": "P"}
        query = {"id": str(self.updates), "from": sender, "message": message, "chat_instance": "1", "data": data}
        return {"update_id": update_id or self.updates, "callback_query": query}

    def hook(self, update: dict[str, Any], secret: str | None = None) -> int:
        headers = {HEADER: sandbox_webhook_secret("telegram") if secret is None else secret, "content-type": "application/json"}
        return self.web.post("/hooks/telegram", content=json.dumps(update), headers=headers).status_code

    def tried(self) -> int:
        """Entries of the audit log that tell of an attempt."""
        kinds = ("approval.refused", "webhook.refused", "webhook.repeated", "mcp.refused")
        with self.app.database.reading() as connection:
            return int(
                connection.execute(sa.select(sa.func.count()).select_from(AUDIT).where(AUDIT.c.action.in_(kinds))).scalar_one()
            )


@pytest.fixture
def house(database_url: str, tmp_path: Path) -> Iterator[House]:
    env = {
        "REVENUE_DATABASE_URL": database_url,
        "REVENUE_TELEGRAM__APPROVER_IDS": str(OWNER), "REVENUE_TELEGRAM__CARDS_PER_HOUR": "60",
    }  # fmt: skip
    app, outside, clock = make_app(tmp_path, moments=None, **env)
    tokens = {
        "approver": app.tokens.create("approver", ["approve"], actor="test"),
        "agent": app.tokens.create("agent", ["operate"], actor="test"),
        "reader": app.tokens.create("reader", ["read"], actor="test"),
        "revoked": app.tokens.create("revoked", ["approve"], actor="test"),
    }
    app.tokens.revoke("revoked", actor="test")
    web = TestClient(make_api(app), base_url="http://127.0.0.1:8080", follow_redirects=False)
    yield House(app, web, outside.state("telegram"), clock, tokens)
    app.close()


Forge = Callable[[House, list[dict[str, Any]], int], object]


def wrong_hash(house: House, cards: list[dict[str, Any]], turn: int) -> object:
    body = {"payload_hash": cards[(turn + 1) % EACH]["payload_hash"]}
    return house.post(cards[turn], body)[0]


def without_right(house: House, cards: list[dict[str, Any]], turn: int) -> object:
    return house.post(cards[turn], {}, (None, "agent", "reader", "revoked", "rev_invented")[turn % 5])[0]


def by_get(house: House, cards: list[dict[str, Any]], turn: int) -> object:
    headers = {"authorization": f"Bearer {house.tokens['approver']}"}
    query = {"decision": "approve", "payload_hash": cards[turn]["payload_hash"]}
    return house.web.get(f"/api/approvals/{cards[turn]['id']}", params=query, headers=headers).status_code


def malformed(house: House, cards: list[dict[str, Any]], turn: int) -> object:
    body = ({"payload_hash": None}, {"decision": "approved"}, {"unknown": True}, {"confirm": 7})[turn % 4]
    return house.post(cards[turn], body)[0]


def in_a_batch(house: House, cards: list[dict[str, Any]], turn: int) -> object:
    items = [{"id": cards[turn]["id"], "payload_hash": "0" * 64, "decision": "approve"}]
    who = ("approver", "agent")[turn % 2]
    answer = house.web.post("/api/approvals", json=items, headers={"authorization": f"Bearer {house.tokens[who]}"})
    return answer.status_code if who == "agent" else answer.json()[0]["error"]["code"]


def money_in_one_step(house: House, cards: list[dict[str, Any]], turn: int) -> object:
    money = house.seen[turn]
    if turn % 2:
        return house.post(money, {"confirm": "0" * 16})[0]
    items = [{"id": money["id"], "payload_hash": money["payload_hash"], "decision": "approve"}]
    headers = {"authorization": f"Bearer {house.tokens['approver']}"}
    return house.web.post("/api/approvals", json=items, headers=headers).json()[0]["error"]["code"]


def over_mcp(house: House, cards: list[dict[str, Any]], turn: int) -> object:
    names = ("approve", "approvals.decide", "inbox_answer", "system_approve", "post_api_approvals")
    arguments = {"id": cards[turn]["id"], "decision": "approve", "payload_hash": cards[turn]["payload_hash"]}

    async def ask() -> Any:
        async with Client(make_server(house.app)) as client:
            return await client.call_tool(names[turn % 5], arguments)

    return asyncio.run(ask()).is_error


def stranger_taps(house: House, cards: list[dict[str, Any]], turn: int) -> object:
    return house.hook(house.update(cards[turn], house.button(cards[turn]), STRANGER))


def other_button(house: House, cards: list[dict[str, Any]], turn: int) -> object:
    data = "invented" if turn % 2 else house.button(cards[(turn + 1) % EACH])
    return house.hook(house.update(cards[turn], data, OWNER))


def wrong_secret(house: House, cards: list[dict[str, Any]], turn: int) -> object:
    secret = ("", "guess", sandbox_webhook_secret("stripe"), sandbox_webhook_secret("telegram")[:-1])[turn % 4]
    return house.hook(house.update(cards[turn], house.button(cards[turn]), OWNER), secret)


FORGERIES: tuple[tuple[Forge, set[object]], ...] = (
    (wrong_hash, {409}), (without_right, {401, 403}), (by_get, {405}), (malformed, {422}), (in_a_batch, {403, "conflict"}),
    (money_in_one_step, {409, "bad_input"}), (over_mcp, {True}), (stranger_taps, {200}), (other_button, {200}), (wrong_secret, {401, 400}),
)  # fmt: skip


def test_two_hundred_forgeries_decide_nothing(house: House) -> None:
    cards = [house.file(number) for number in range(EACH)]
    house.turn()
    house.seen = [house.file(100 + number, is_money=True) for number in range(EACH)]
    assert len(fake.public_messages(house.state)) == EACH
    tries = 0
    for forge, answers in FORGERIES:
        before = house.tried()
        got = {forge(house, cards, turn) for turn in range(EACH)}
        house.turn()
        assert got <= answers, f"{forge.__name__} was answered {got}"
        assert house.tried() - before == EACH, f"{forge.__name__}: not every attempt is on the record"
        tries += EACH
    assert tries == 200
    assert {card["status"] for card in house.app.approvals.cards(None)} == {"pending"}
    assert_honest_ones_pass(house, cards)
    house.app.audit.seal()
    assert house.app.audit.verify() > tries


def assert_honest_ones_pass(house: House, cards: list[dict[str, Any]]) -> None:
    """Half over HTTP, half by taps; a replayed tap or update changes nothing; money after two steps."""
    for card in cards[: EACH // 2]:
        assert house.post(card, {})[0] == 200
    for card in cards[EACH // 2 :]:
        update = house.update(card, house.button(card), OWNER)
        assert (house.hook(update), house.hook(update)) == (200, 200)
        house.turn()
    replayed = house.tried()
    assert {house.app.approvals.find(card["id"])["status"] for card in cards} == {"approved"}
    money = house.seen[0]
    _, first = house.post(money, {})
    assert house.post(money, {"confirm": first["confirm"]})[0] == 409
    house.turn(5)
    assert house.post(money, {"confirm": first["confirm"]})[1]["status"] == "approved"
    assert house.tried() == replayed + 1


def test_expired_and_replayed_taps_decide_nothing(house: House) -> None:
    cards = [house.file(number) for number in range(10)]
    house.turn()
    late = [house.update(card, house.button(card), OWNER) for card in cards]
    used = [house.update(card, house.button(card), OWNER) for card in cards[:5]]
    for card in cards[:5]:
        assert house.post(card, {"decision": "reject", "reason": "no"})[0] == 200
    for update in used:
        assert house.hook(update) == 200
    house.turn(24 * 3600)
    house.app.approvals.expire()
    before = house.tried()
    for update in (*late, *used):
        assert house.hook(update) == 200
    house.turn()
    assert house.tried() - before == 15
    statuses = [house.app.approvals.find(card["id"])["status"] for card in cards]
    assert statuses == ["rejected"] * 5 + ["expired"] * 5
