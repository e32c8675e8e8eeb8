"""Puts written messages into the queue, each with its question; what still breaks a rule is held with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.outreach import rules, store
from revenue_machine.domains.outreach.sender import blank_row, queue_key
from revenue_machine.domains.outreach.writing import Wish, Written
from revenue_machine.engine.approvals import Approvals, Question
from revenue_machine.engine.database import Database
from revenue_machine.engine.gates import hours_of
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.ids import content_hash
from revenue_machine.kit.money import show

_TITLES = {"connect": "Invite {} on LinkedIn", "reply": "Answer {} {}", "follow_up": "Follow up with {} {}"}


@dataclass(frozen=True)
class Filer:
    """Files one question per message, bound to its bytes."""

    database: Database
    clock: Clock
    approvals: Approvals

    def file(self, written: Sequence[Written]) -> tuple[list[str], list[Written]]:
        """(questions asked, messages held back); all of them in one transaction."""
        asked: list[str] = []
        held = [one for one in written if one.flaws]
        if not written:
            return asked, held
        with self.database.writing() as connection:
            for one in written:
                if one.flaws:
                    self._hold(connection, one)
                else:
                    asked.append(self._ask(connection, one))
        return asked, held

    def _ask(self, connection: sa.Connection, one: Written) -> str:
        question = question_for(one)
        approval_id = self.approvals.file(connection, question)
        values = {"status": "pending_approval", "approval_id": approval_id}
        self._put(connection, one, values)
        return approval_id

    def _hold(self, connection: sa.Connection, one: Written) -> None:
        """A text that breaks a rule twice is nobody's to approve; it stays as a failed draft that says why."""
        self._put(connection, one, {"status": "failed", "error": "held by the lint: " + "; ".join(one.flaws)})

    def _put(self, connection: sa.Connection, one: Written, values: dict[str, Any]) -> None:
        row = queue_row(one, self.clock.now()) | values
        if store.keep_rows(connection, self.database, [row]) == 0:
            names = ("message", "message_hash", "drafted_text", "lane", "offer", "reason", "link_id", "model", "cost_micro_usd")
            changed = {name: row[name] for name in (*names, *values)} | {"scheduled_at": None}
            store.change_row(connection, one.wish.key, changed, self.clock.now())


def queue_row(one: Written, now: Any) -> dict[str, Any]:
    """A written message as a row."""
    wish = one.wish
    return blank_row(wish.key, now) | {
        "contact_id": wish.person.id, "action": wish.action, "message": one.text, "drafted_text": one.text,
        "message_hash": content_hash(one.text), "platform": wish.platform, "channel": rules.channel_of(wish.platform),
        "step": wish.step, "campaign_id": wish.campaign_id, "lane": wish.lane,
        "offer": None if wish.product is None else wish.product.key, "reason": wish.reason, "evidence_url": wish.evidence_url,
        "answers_id": wish.answers_id, "link_id": one.link_id, "model": one.model, "cost_micro_usd": one.cost_micro_usd,
        "predicted_value_micro_usd": wish.predicted_value_micro_usd,
    }  # fmt: skip


def payload_for(wish: Wish, text: str) -> dict[str, Any]:
    """The exact input of the topic that will send it."""
    payload = {"contact_id": wish.person.id, "text": text, "queue_id": wish.key}
    return payload | ({} if wish.platform == "linkedin" else {"platform": wish.platform})


def question_for(one: Written) -> Question:
    """What the owner is asked: the words, why this person, on what evidence, what it cost and may bring."""
    wish = one.wish
    who = wish.person.name or wish.person.handle or "somebody"
    title = _TITLES.get(wish.action, "Write to {} {}").format(who, rules.place_words(wish.platform))
    value = "" if wish.predicted_value_micro_usd is None else f"; worth about {show(wish.predicted_value_micro_usd)}"
    why = f"{wish.reason} (lane {wish.lane.replace('_', ' ')}; written for {show(one.cost_micro_usd)}{value})"
    channel = rules.channel_of(wish.platform)
    return Question(
        topic=rules.topic_of(wish.action, wish.platform), call_key=queue_key(wish.key), payload=payload_for(wish, one.text),
        title=title, why=why, evidence=wish.evidence_url, channel=channel, hours_of=hours_of(channel, wish.person.timezone),
    )  # fmt: skip
