"""Questions for the tests of approvals: filed, looked at, approved, used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from revenue_machine.engine.approvals import Approvals, Question
from revenue_machine.engine.database import Database

PAYLOAD = {"text": "hello", "to": "ada"}


def ask(
    approvals: Approvals, payload: Mapping[str, Any] = PAYLOAD, key: str = "k1", *, topic: str = "dm.send", money: bool = False
) -> dict[str, Any]:
    """File a question; its card."""
    failure = approvals.require(Question(topic, key, payload, "Send it?", "it reaches a person", is_money=money))
    (found,) = [one for one in approvals.cards(None) if one["id"] == failure.details["approval_id"]]
    return found


def status_of(approvals: Approvals, approval_id: str) -> str:
    (found,) = [one["status"] for one in approvals.cards(None) if one["id"] == approval_id]
    return str(found)


def approve(approvals: Approvals, card: Mapping[str, Any], **rest: str) -> dict[str, Any]:
    return approvals.decide(card["id"], "approve", card["payload_hash"], actor="ada", **rest)


def claim(
    database: Database, approvals: Approvals, card: Mapping[str, Any], payload: Mapping[str, Any] = PAYLOAD,
    *, key: str = "k1", topic: str = "dm.send",
) -> None:  # fmt: skip
    with database.writing() as connection:
        approvals.claim(connection, card["id"], payload, topic=topic, call_key=key)
