"""Decides what a person's words lead to, on whatever channel they came: their class, an end, a no, or an answer that is owed."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from revenue_machine.domains.crm import reads as crm_reads
from revenue_machine.domains.crm.models import ContactBook, Interaction
from revenue_machine.domains.outreach import replies, rules, store
from revenue_machine.domains.outreach.sender import blank_row
from revenue_machine.engine.database import Database
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.ids import content_hash, make_id


@dataclass(frozen=True)
class Answering:
    """Works inside the caller's transaction and asks no model: the answer is written when its row is due."""

    database: Database
    clock: Clock
    book: ContactBook

    def take(self, connection: sa.Connection, interaction_id: str) -> str | None:
        """opted_out, declined, silent, history or owed; repeated, it changes nothing. None for what is no reply."""
        said = crm_reads.interaction(connection, interaction_id)
        if said is None or said.direction != "in":
            return None
        if said.content is None:
            return "silent"
        read = None if said.intent_class else replies.intent_of(said.content)
        if read is not None:
            self.book.class_reply(connection, said.id, read)
        is_history = said.occurred_at < self.clock.now() - rules.HISTORY_BEFORE
        outcome = replies.outcome_of(said.content, said.intent_class or read, is_history=is_history)
        if outcome == "opted_out":
            self.book.opt_out(connection, said.contact_id, "asked to stop", said.channel)
        elif outcome == "declined":
            self.book.advance(connection, said.contact_id, "closed_lost", "said no")
        elif outcome == "owed":
            self._owe(connection, said)
        return outcome

    def _owe(self, connection: sa.Connection, said: Interaction) -> None:
        """A draft without words, due now; where nobody can be answered the inbox has the reply alone."""
        platform = rules.answered_on(said.platform, said.channel)
        if platform is None:
            return
        now = self.clock.now()
        row = blank_row(make_id("out", "reply", platform, said.external_id or said.id), now) | {
            "contact_id": said.contact_id, "action": "reply", "message": "", "drafted_text": "", "message_hash": content_hash(""),
            "platform": platform, "channel": rules.channel_of(platform), "lane": "reply", "reason": "they wrote",
            "answers_id": said.id, "scheduled_at": now,
        }  # fmt: skip
        store.keep_rows(connection, self.database, [row])
