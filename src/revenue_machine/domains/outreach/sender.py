"""Sends exactly what was approved: looks once more at the person, goes through every gate, by interface or by the owner's hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from revenue_machine.domains.crm import reads as crm_reads
from revenue_machine.domains.crm.models import ContactBook, InteractionDraft, Person, Status
from revenue_machine.domains.outreach import reads, rules, store
from revenue_machine.domains.outreach.asked import SendResult
from revenue_machine.domains.outreach.models import Profile, QueueRow
from revenue_machine.domains.outreach.platforms import Platforms, Target
from revenue_machine.domains.outreach.replies import block_signal
from revenue_machine.engine.call import Call
from revenue_machine.engine.caps import Ceiling
from revenue_machine.engine.database import Database
from revenue_machine.engine.effects import Outside, Plan
from revenue_machine.engine.events import Events
from revenue_machine.engine.gates import Speech, Window
from revenue_machine.engine.handwork import HandTask, Handwork
from revenue_machine.engine.switch import Pause, check_channel, pause_channel
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.errors import BadInput, Conflict, Failure, NotFound, OutcomeUnknown, OutsideUnavailable, Suppressed
from revenue_machine.kit.ids import content_hash, make_id

ENDED = ("cancelled", "failed", "expired")


class Over(Conflict):
    """What this message was for is over."""


@dataclass(frozen=True)
class Order:
    """What is to be sent: the exact words, to whom, where; `queue_id` the draft, None when somebody calls by himself."""

    topic: str
    action: str
    platform: str
    contact_id: str
    text: str
    queue_id: str | None


@dataclass(frozen=True)
class Sender:
    """The only way anything of this domain reaches a person."""

    database: Database
    clock: Clock
    book: ContactBook
    events: Events
    handwork: Handwork
    platforms: Platforms

    def send(self, order: Order, outside: Outside, call: Call) -> SendResult:
        """Send or hand over once, whatever crashes.

        Raises: suppressed, conflict (answered, bought, merged, cancelled since), cap_reached, stopped, the outside_* family,
        outcome_unknown; what a gate forbids for now leaves the message approved.
        """
        row = self._row(order, call)
        if row.status == "sent":
            return SendResult(status="sent", queue_id=row.id, contact_id=row.contact_id, external_id=row.external_id)
        try:
            row, person = self._admit(row, order)
            target = self.platforms.target(row, person)
            with self.database.writing() as connection:
                values = {"status": "sending", "mode": target.mode, "message": order.text, "message_hash": content_hash(order.text)}
                store.change_row(connection, row.id, values, self.clock.now())
            answer = outside.perform(self._plan(row, person, target, order))
        except Failure as failure:
            self._failed(row, failure)
            raise
        return self._done(row, person, target, answer)

    def settle(self, row: QueueRow, outside: Outside, call: Call) -> bool:
        """Find out what became of a send whose answer was lost: looked up, and sent if it surely never left."""
        topic = rules.topic_of(row.action, row.platform)
        self.send(Order(topic, row.action, row.platform, row.contact_id, row.message, row.id), outside, call)
        return True

    def _row(self, order: Order, call: Call) -> QueueRow:
        """The draft behind an order; a call by somebody himself gets a row of its own."""
        row_id = order.queue_id or make_id("out", "call", order.topic, call.key)
        with self.database.writing() as connection:
            found = reads.row(connection, row_id)
            if found is None and order.queue_id is not None:
                raise NotFound(f"there is no message {order.queue_id}", field="queue_id")
            if found is None:
                store.keep_rows(connection, self.database, [self._own_row(row_id, order, call)])
                found = reads.row(connection, row_id)
        if found is None or rules.topic_of(found.action, found.platform) != order.topic or found.platform != order.platform:
            raise BadInput("this draft belongs to another topic", field="queue_id")
        return found

    def _own_row(self, row_id: str, order: Order, call: Call) -> dict[str, object]:
        now = self.clock.now()
        return blank_row(row_id, now) | {
            "contact_id": order.contact_id, "action": order.action, "message": order.text, "drafted_text": order.text,
            "message_hash": content_hash(order.text), "platform": order.platform, "channel": rules.channel_of(order.platform),
            "lane": "reply" if order.action == "reply" else "service", "reason": f"asked for by {call.actor}",
            "approval_id": call.approval_id, "status": "approved", "decided_at": now,
        }  # fmt: skip

    def _admit(self, row: QueueRow, order: Order) -> tuple[QueueRow, Person]:
        """Everything that may have changed since the yes, read now."""
        if row.status in ENDED:
            raise Over(f"this message was {row.status}: {row.error or 'it is over'}", queue_id=row.id)
        if not order.text.strip() or len(order.text) > rules.most_chars_sent(row.action, row.platform):
            most = rules.most_chars_sent(row.action, row.platform)
            raise BadInput(f"{row.platform} takes 1 to {most} characters", field="text")
        if row.platform == "email" and row.action != "reply":
            raise BadInput("only an answer goes by mail from here; mails of your own are sequences", field="platform")
        with self.database.reading() as connection:
            person = crm_reads.current_person(connection, order.contact_id)
            if person is None:
                raise NotFound(f"there is no contact {order.contact_id}", field="contact_id")
            if person.opted_out_at is not None:
                raise Suppressed(f"{person.id} asked not to be written to", contact_id=person.id)
            check_channel(connection, rules.pause_name(row.platform), self.clock.now())
        if row.status != "sending":  # one that may be out already is looked up first, and checked before it would go again
            self._check(row, person)
        return row, person

    def _check(self, row: QueueRow, person: Person) -> None:
        with self.database.reading() as connection:
            why = self._is_over(connection, row, person)
        if why is not None:
            raise Over(why, contact_id=person.id)

    def _guarded(self, row: QueueRow, person: Person, send: Callable[[str], str]) -> Callable[[str], str]:
        """The send with a last look at the person; what stops it there surely never left."""

        def go(key: str) -> str:
            self._check(row, person)
            return send(key)

        return go

    def _is_over(self, connection: sa.Connection, row: QueueRow, person: Person) -> str | None:
        """Why this message has no place any more."""
        if crm_reads.has_replied_since(connection, person.id, row.created_at):
            return "they wrote since this was drafted"
        if row.action != "reply" and person.status == "closed_won" and row.lane != "retention":
            return "they have bought since"
        if person.id != row.contact_id or row.action == "connect":
            twin = [
                one
                for one in reads.rows_of(connection, person.id, statuses=("sent", "sending"))
                if one.id != row.id and one.platform == row.platform and one.action == row.action and one.step == row.step
            ]
            if twin and row.action != "reply":
                return "the same step went to this person already"
        return None

    def _plan(self, row: QueueRow, person: Person, target: Target, order: Order) -> Plan[str]:
        rule = rules.CHANNELS[row.channel]
        is_answer = row.action == "reply"
        share = (rules.PER_PERSON_ANSWERS_DAY, rules.PER_PERSON_ANSWERS_WEEK) if is_answer else (
            rules.PER_PERSON_DAY, rules.PER_PERSON_WEEK,
        )  # fmt: skip
        speech = Speech(
            row.channel,
            Ceiling(rule.per_day, rule.per_week, rule.min_gap, rule.warm_up, is_irregular=True),
            recipient=target.address, window=window_of(row.channel, person.timezone),
            person_id=person.id, per_person=Ceiling(*share),
        )  # fmt: skip
        payload = {"to": target.user_id or target.address, "text": order.text, "contact_id": person.id}
        key = queue_key(row.id)
        if target.mode == "assisted":
            plan = Plan(service="assisted", operation=row.action, key=key, payload=payload, answer=str, send=str, speech=speech)
            hand = self._handing(row, person, target, order, plan.intent_key)
            return replace(plan, send=self._guarded(row, person, hand), repeats_safely=True)
        send, look_up = self.platforms.line(row, target, order.text)
        return Plan(
            service=target.service, operation=row.action, key=key, payload=payload, answer=str,
            send=self._guarded(row, person, send), look_up=look_up, speech=speech,
        )  # fmt: skip

    def _handing(
        self, row: QueueRow, person: Person, target: Target, order: Order, intent_key: str
    ) -> Callable[[str], str]:  # fmt: skip
        """Puts the exact words before the owner, with the place they go to."""
        words = {"connect": "Invite", "reply": "Answer"}.get(row.action, "Write to")
        task = HandTask(
            key=queue_key(row.id), topic=order.topic, channel=row.channel, intent_key=intent_key,
            title=f"{words} {person.name or target.address} {rules.place_words(row.platform)}", text=order.text,
            link=target.link, contact_id=person.id,
        )  # fmt: skip
        return lambda _key: self.handwork.hand_over(task)

    def _done(self, row: QueueRow, person: Person, target: Target, answer: str) -> SendResult:
        if target.mode == "assisted":
            return SendResult(status="handed_over", queue_id=row.id, contact_id=person.id, task_id=answer)
        with self.database.writing() as connection:
            self.note_sent(connection, row, answer)
        return SendResult(status="sent", queue_id=row.id, contact_id=person.id, external_id=answer)

    def note_sent(self, connection: sa.Connection, row: QueueRow, external_id: str | None) -> None:
        """It is out: the row, the person's timeline, and how they stand on the platform."""
        now = self.clock.now()
        fresh = reads.row(connection, row.id)
        if fresh is None or fresh.status == "sent":
            return
        contact_id = crm_reads.current_id(connection, fresh.contact_id)
        values = {"status": "sent", "sent_at": now, "external_id": external_id, "error": None, "contact_id": contact_id}
        store.change_row(connection, row.id, values, now)
        self.book.log(connection, InteractionDraft(
            contact_id, f"{fresh.platform}_{fresh.action}", content=fresh.message, platform=fresh.platform,
            channel="email" if fresh.platform == "email" else fresh.channel,
            direction="out", external_id=fresh.id, occurred_at=now, campaign=f"outreach_{fresh.id}",
        ))  # fmt: skip
        if fresh.action == "follow_up" and fresh.step in (1, 2):
            status: Status = "follow_up_1" if fresh.step == 1 else "follow_up_2"
            self.book.advance(connection, contact_id, status, f"follow-up {fresh.step} went out")
        profile = reads.profile_of(connection, contact_id, fresh.platform)
        if fresh.action == "connect" and profile is not None and profile.standing == "none":
            store.change_profile(connection, profile.id, {"standing": "invited", "invited_at": now}, now)

    def _failed(self, row: QueueRow, failure: Failure) -> None:
        """Where a message stands after a refusal; a block closes the channel for a day and is told."""
        now = self.clock.now()
        with self.database.writing() as connection:
            stands = reads.row(connection, row.id)
            if stands is None or stands.status in (*ENDED, "sent"):
                return
            if isinstance(failure, Conflict) and not isinstance(failure, Over):
                return  # somebody else is at it
            if failure.is_for_now:
                store.change_row(connection, row.id, {"status": "approved", "error": failure.message}, now)
            elif isinstance(failure, OutcomeUnknown | OutsideUnavailable) and not failure.nothing_happened:
                store.change_row(connection, row.id, {"status": "sending", "error": failure.message}, now)
            else:
                status = "cancelled" if isinstance(failure, Suppressed | Over) else "failed"
                store.change_row(connection, row.id, {"status": status, "error": failure.message}, now)
            self._heed_block(connection, row, failure, now)

    def _heed_block(self, connection: sa.Connection, row: QueueRow, failure: Failure, now: datetime) -> None:
        if failure.details.get("reason") in rules.UNREACHABLE:
            self._note_gone(connection, row, now)
        why = block_signal(failure.details.get("reason"))
        if why is None:
            return
        name = rules.pause_name(row.platform)
        pause_channel(connection, self.database, Pause(name, now + rules.BLOCKED_FOR, why, "outreach"), now)
        if failure.details.get("reason") == "blocked":
            self._note_blocked(connection, row, now)
        text = f"{row.platform} rests for 24 hours: {why} ({failure.message})"
        said = {"kind": "outreach", "text": text, "key": row.id}
        self.events.emit(connection, "alert.raised", f"{name}/{now:%Y-%m-%d}/{failure.details['reason']}", said)

    def _note_gone(self, connection: sa.Connection, row: QueueRow, now: datetime) -> str:
        """Whoever is not there for us is written to no more on that platform; the contact."""
        contact_id = crm_reads.current_id(connection, row.contact_id)
        profile: Profile | None = reads.profile_of(connection, contact_id, row.platform)
        if profile is not None:
            store.change_profile(connection, profile.id, {"standing": "blocked"}, now)
        return contact_id

    def _note_blocked(self, connection: sa.Connection, row: QueueRow, now: datetime) -> None:
        """Whoever blocks us has opted out of every channel."""
        contact_id = self._note_gone(connection, row, now)
        self.book.log(connection, InteractionDraft(
            contact_id, "blocked", platform=row.platform, channel=row.channel, external_id=f"blocked/{row.id}", occurred_at=now,
        ))  # fmt: skip
        self.book.opt_out(connection, contact_id, f"blocked us on {row.platform}", row.channel)


def queue_key(row_id: str) -> str:
    """The business key of a message, wherever one is wanted."""
    return f"queue/{row_id}"


def window_of(channel: str, zone: str | None) -> Window:
    """The hours in which somebody of that zone may be written to."""
    rule = rules.CHANNELS[channel]
    return Window(zone, rule.opens, rule.closes, rule.days)


def blank_row(row_id: str, now: datetime) -> dict[str, object]:
    """A message with every column, nothing decided."""
    names = (
        "scheduled_at", "sent_at", "mode", "subject", "campaign_id", "offer", "evidence_url", "approval_id", "answers_id",
        "external_id", "link_id", "model", "cost_micro_usd", "predicted_value_micro_usd", "error", "replied_at", "decided_at",
    )  # fmt: skip
    fixed = {"id": row_id, "step": 0, "approval_required": True, "status": "draft", "created_at": now, "updated_at": now}
    return {**dict.fromkeys(names), **fixed}
