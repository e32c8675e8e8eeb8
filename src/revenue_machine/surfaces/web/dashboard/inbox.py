"""The page Inbox: what waits for a person's yes, as cards with the exact words, and the decisions one can take on them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from revenue_machine.app import App
from revenue_machine.engine.approvals import Approvals
from revenue_machine.engine.page import page
from revenue_machine.kit.clock import Clock, parse_instant
from revenue_machine.kit.errors import BadInput, Failure
from revenue_machine.kit.money import micro, show
from revenue_machine.kit.settings import Settings
from revenue_machine.surfaces.web.decisions import Decision, take

SOON = timedelta(hours=2)


@dataclass(frozen=True)
class Card:
    """One question: the exact words, what else is in the payload, and what helps to decide."""

    id: str
    payload_hash: str
    title: str
    words: str
    is_plain_text: bool
    facts: tuple[tuple[str, str], ...]
    why: str
    evidence: str
    price: str
    expires: str
    is_soon: bool
    needs_confirm: bool
    replaces_id: str | None
    topic: str


@dataclass(frozen=True)
class InboxView:
    """The cards that wait, the most urgent first."""

    title: str
    lead: str
    cards: tuple[Card, ...]


@page("/inbox", title="Inbox", order=20)
def inbox(approvals: Approvals, clock: Clock, settings: Settings) -> InboxView:
    """Everything that waits for a decision now."""
    rows = sorted(approvals.cards(), key=lambda row: (row["expires_at"], row["id"]))
    cards = tuple(card_of(row, clock.now(), settings.zone) for row in rows)
    waiting = "One card waits" if len(cards) == 1 else f"{len(cards)} cards wait"
    lead = f"{waiting} for your decision. What you do not answer in time counts as no." if cards else "Nothing waits for you."
    return InboxView("Inbox", lead, cards)


def card_of(row: Mapping[str, Any], now: datetime, zone: ZoneInfo) -> Card:
    """A card in a person's words."""
    payload: dict[str, Any] = row["payload"]
    expires_at = parse_instant(row["expires_at"])
    is_plain_text = isinstance(row["text"], str)
    return Card(
        id=row["id"],
        payload_hash=row["payload_hash"],
        title=row["title"],
        words=row["text"] if is_plain_text else json.dumps(payload, indent=2, ensure_ascii=False, sort_keys=True),
        is_plain_text=is_plain_text,
        facts=_facts(payload) if is_plain_text else (),
        why=row["why"],
        evidence=row["evidence"] or "",
        price="" if row["price_usd"] is None else show(micro(str(row["price_usd"]))),
        expires=_until(expires_at.astimezone(zone), now.astimezone(zone)),
        is_soon=expires_at - now <= SOON,
        needs_confirm=row["needs_confirm"],
        replaces_id=row["replaces_id"],
        topic=row["topic"],
    )


def _facts(payload: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """What a payload says besides its text."""
    return tuple((name.replace("_", " "), str(value)) for name, value in sorted(payload.items()) if name != "text")


def _until(expires: datetime, now: datetime) -> str:
    days = (expires.date() - now.date()).days
    return f"{'today' if days == 0 else 'tomorrow' if days == 1 else f'{expires:%A}'} {expires:%H:%M}"


def approve(app: App, card: Card, actor: str, confirm: str | None = None) -> str | None:
    """Say yes to exactly this card; money answers with the code for the second step."""
    answer = take(app, card.id, Decision(decision="approve", payload_hash=card.payload_hash, confirm=confirm), actor)
    code: str | None = answer.get("confirm")
    return code


def approve_all(app: App, cards: Sequence[Card], actor: str) -> list[str]:
    """Say yes to each; one line per card that could not be approved (money never in a batch)."""
    refused: list[str] = []
    for card in cards:
        try:
            if card.needs_confirm:
                raise BadInput("money is approved one by one")
            approve(app, card, actor)
        except Failure as failure:
            refused.append(f"{card.title}: {failure.message}")
    return refused


def reject(app: App, card: Card, actor: str, reason: str) -> None:
    """Say no, and why: the machine writes better for knowing."""
    if not reason.strip():
        raise BadInput("say in a few words why", field="reason")
    take(app, card.id, Decision(decision="reject", payload_hash=card.payload_hash, reason=reason.strip()), actor)


def edit(app: App, card: Card, actor: str, words: str) -> str:
    """Other words are another question: this card is void and a new one waits. Returns the new id."""
    edited = words if card.is_plain_text else _object(words)
    if words == card.words:
        raise BadInput("nothing was changed", field="text")
    if not words.strip():
        raise BadInput("an empty text is nothing to approve; reject the card instead", field="text")
    answer = take(app, card.id, Decision(decision="approve", payload_hash=card.payload_hash, edited=edited), actor)
    return str(answer["id"])


def _object(words: str) -> dict[str, Any]:
    try:
        payload = json.loads(words)
    except ValueError as error:
        raise BadInput(f"this is not JSON: {error}", field="text") from None
    if not isinstance(payload, dict):
        raise BadInput("the payload stays a JSON object", field="text")
    return payload
