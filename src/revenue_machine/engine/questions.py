"""What a question looks like to a person, who counts as one, and why people said no."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from revenue_machine.engine.tables import APPROVALS, TOKENS
from revenue_machine.kit.errors import BadInput
from revenue_machine.kit.money import json_dollars


@dataclass(frozen=True)
class Verdict:
    """One item of a batch: a decision on exactly these bytes."""

    approval_id: str
    payload_hash: str
    decision: str
    reason: str | None = None


@dataclass(frozen=True)
class Refusal:
    """Why a person said no, and to what."""

    approval_id: str
    call_key: str
    reason: str
    payload: dict[str, Any]
    decided_at: datetime


def card(row: Mapping[str, Any]) -> dict[str, Any]:
    """What a person sees of a question."""
    shown = (
        "id", "topic", "kind", "channel", "title", "why", "evidence", "status", "payload_hash", "decided_by", "reason",
        "replaces_id", "confirm_by",
    )  # fmt: skip
    times = ("requested_at", "expires_at", "decided_at")
    payload = json.loads(row["payload"])
    return {
        **{name: row[name] for name in shown},
        **{name: None if row[name] is None else row[name].isoformat() for name in times},
        "payload": payload,
        "text": payload.get("text"),
        "price_usd": json_dollars(row["price_micro_usd"]),
        "predicted_value_usd": json_dollars(row["predicted_value_micro_usd"]),
        "needs_confirm": bool(row["is_money"]),
    }


def reasons(connection: sa.Connection, topic: str, since: datetime) -> list[Refusal]:
    """Why people said no to what a topic wanted, newest first; silence is no reason."""
    query = (
        sa.select(APPROVALS)
        .where(
            APPROVALS.c.topic == topic,
            APPROVALS.c.status == "rejected",
            APPROVALS.c.reason.is_not(None),
            APPROVALS.c.decided_at >= since,
        )
        .order_by(APPROVALS.c.decided_at.desc(), APPROVALS.c.id)
    )
    return [
        Refusal(row["id"], row["call_key"], row["reason"], json.loads(row["payload"]), row["decided_at"])
        for row in connection.execute(query).mappings()
    ]


def people_who_decide(connection: sa.Connection, now: datetime) -> int:
    """How many tokens that name the scope `approve` are active: each counts as a person."""
    query = sa.select(TOKENS.c.scopes).where(
        TOKENS.c.revoked_at.is_(None), sa.or_(TOKENS.c.expires_at.is_(None), TOKENS.c.expires_at > now)
    )
    return sum("approve" in scopes.split(",") for scopes in connection.execute(query).scalars())


def with_words(payload: Mapping[str, Any], words: str) -> dict[str, Any]:
    """The same payload with another text; `bad_input` when it has none or gets an empty one."""
    if not isinstance(payload.get("text"), str):
        raise BadInput("this question has no text to replace; send the whole payload", field="edited")
    if not words.strip():
        raise BadInput("an empty text is nothing to approve; reject it instead", field="edited")
    return {**payload, "text": words}
