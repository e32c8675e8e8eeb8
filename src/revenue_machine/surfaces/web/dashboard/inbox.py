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
from revenue_machine.engine.handwork import Handwork
from revenue_machine.engine.page import page
from revenue_machine.engine.questions import Verdict
from revenue_machine.kit.clock import Clock, parse_instant
from revenue_machine.kit.errors import BadInput
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
    value: str
    expires: str
    is_soon: bool
    needs_confirm: bool
    replaces_id: str | None
    topic: str


@dataclass(frozen=True)
class Task:
    """One thing to send by hand: the exact words and where they go."""

    id: str
    text_hash: str
    title: str
    words: str
    link: str
    channel: str
    expires: str
    is_soon: bool


@dataclass(frozen=True)
class InboxView:
    """The cards that wait, the most urgent first; then what is approved and waits to be sent by hand."""

    title: str
    lead: str
    cards: tuple[Card, ...]
    tasks: tuple[Task, ...] = ()


@page("/inbox", title="Inbox", order=20)
def inbox(approvals: Approvals, handwork: Handwork, clock: Clock, settings: Settings) -> InboxView:
    """Everything that waits for a decision, or for a hand, now."""
    rows = sorted(approvals.cards(), key=lambda row: (row["expires_at"], row["id"]))
    cards = tuple(card_of(row, clock.now(), settings.zone) for row in rows)
    waiting = "One card waits" if len(cards) == 1 else f"{len(cards)} cards wait"
    lead = f"{waiting} for your decision. What you do not answer in time counts as no." if cards else "Nothing waits for you."
    tasks = tuple(task_of(row, clock.now(), settings.zone) for row in handwork.cards())
    if tasks:
        lead += f" {len(tasks)} to send by hand."
    return InboxView("Inbox", lead, cards, tasks)


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
        value="" if row["predicted_value_usd"] is None else show(micro(str(row["predicted_value_usd"]))),
        expires=_until(expires_at.astimezone(zone), now.astimezone(zone)),
        is_soon=expires_at - now <= SOON,
        needs_confirm=row["needs_confirm"],
        replaces_id=row["replaces_id"],
        topic=row["topic"],
    )


def task_of(row: Mapping[str, Any], now: datetime, zone: ZoneInfo) -> Task:
    """A task in a person's words."""
    expires_at = parse_instant(row["expires_at"])
    return Task(
        id=row["id"], text_hash=row["text_hash"], title=row["title"], words=row["text"], link=row["link"], channel=row["channel"],
        expires=_until(expires_at.astimezone(zone), now.astimezone(zone)), is_soon=expires_at - now <= SOON,
    )  # fmt: skip


def close_task(app: App, task: Task, actor: str, *, is_done: bool) -> None:
    """Sent, or not: exactly these words."""
    try:
        app.handwork.close(task.id, is_done=is_done, text_hash=task.text_hash, actor=actor)
    finally:
        app.events.drain()


def _facts(payload: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """What a payload says besides its text."""
    return tuple((name.replace("_", " "), str(value)) for name, value in sorted(payload.items()) if name != "text")


def _until(expires: datetime, now: datetime) -> str:
    days = (expires.date() - now.date()).days
    return f"{'today' if days == 0 else 'tomorrow' if days == 1 else f'{expires:%A}'} {expires:%H:%M}"


@dataclass(frozen=True)
class SecondStep:
    """What the second step for money needs: a code, and maybe somebody else."""

    code: str
    needs_other_person: bool


def approve(app: App, card: Card, actor: str, confirm: str | None = None) -> SecondStep | None:
    """Say yes to exactly this card; money answers with what the second step needs."""
    answer = take(app, card.id, Decision(decision="approve", payload_hash=card.payload_hash, confirm=confirm), actor)
    return SecondStep(answer["confirm"], answer["needs_other_person"]) if "confirm" in answer else None


def approve_all(app: App, cards: Sequence[Card], actor: str) -> list[str]:
    """Say yes to each; one line per card that could not be approved (money never in a batch)."""
    return _all(app, cards, [Verdict(card.id, card.payload_hash, "approve") for card in cards], actor)


def reject_all(app: App, cards: Sequence[Card], actor: str, reason: str) -> list[str]:
    """Say no to each for one reason; one line per card that could not be rejected."""
    why = _reason(reason)
    return _all(app, cards, [Verdict(card.id, card.payload_hash, "reject", why) for card in cards], actor)


def _all(app: App, cards: Sequence[Card], verdicts: Sequence[Verdict], actor: str) -> list[str]:
    try:
        answers = app.approvals.decide_all(verdicts, actor=actor)
    finally:
        app.events.drain()
    return [f"{card.title}: {answer['error']['message']}" for card, answer in zip(cards, answers, strict=True) if "error" in answer]


def _reason(text: str) -> str:
    if not text.strip():
        raise BadInput("say in a few words why", field="reason")
    return text.strip()


def reject(app: App, card: Card, actor: str, reason: str) -> None:
    """Say no, and why: the machine writes better for knowing."""
    reason = _reason(reason)
    take(app, card.id, Decision(decision="reject", payload_hash=card.payload_hash, reason=reason), actor)


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
