"""Sends what is due, each mail once: asks what stands in its way at the last moment, and writes down what became of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from revenue_machine.domains.crm.models import ContactBook, InteractionDraft
from revenue_machine.domains.email import letterpress, reads, store
from revenue_machine.domains.email.aftermath import Aftermath
from revenue_machine.domains.email.enrolling import Enroller
from revenue_machine.domains.email.models import Enrolment, Letter, Send, SendResult, Sequence, Step, Wording
from revenue_machine.domains.email.outgoing import Outgoing, no_longer_wanted
from revenue_machine.domains.email.postman import CHANNELS, Order, Postman
from revenue_machine.domains.email.text_desk import TextDesk
from revenue_machine.domains.email.writing import Writer
from revenue_machine.domains.owner.models import Business
from revenue_machine.engine.call import Moments
from revenue_machine.engine.database import Database
from revenue_machine.engine.effects import Outside
from revenue_machine.engine.events import Events
from revenue_machine.engine.inbox import Inbox
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.errors import CapReached, Conflict, Failure, NotConfigured, OutcomeUnknown, Stopped, Suppressed
from revenue_machine.kit.settings import Settings

LOOK_AGAIN = timedelta(hours=6)
ASK_AGAIN = timedelta(minutes=10)
REST = timedelta(hours=1)
AT_ONCE = 100


@dataclass(frozen=True)
class Ground:
    """What the engine stands on."""

    database: Database
    clock: Clock
    settings: Settings
    business: Business
    book: ContactBook
    events: Events
    inbox: Inbox
    moments: Moments


class ChannelClosed(Exception):
    """No mail of this kind goes now; the sweep is over."""

    def __init__(self, reason: str, until: datetime) -> None:
        super().__init__(reason)
        self.reason, self.until = reason, until


class EmailEngine:
    """The one way a due enrolment becomes a mail."""

    def __init__(
        self, *, ground: Ground, enroller: Enroller, desk: TextDesk, outgoing: Outgoing, postman: Postman, aftermath: Aftermath
    ) -> None:
        self._ground, self._enroller, self._desk = ground, enroller, desk
        self._outgoing, self._postman, self._aftermath = outgoing, postman, aftermath
        self._database, self._clock = ground.database, ground.clock

    def send_due(self, limit: int, outside: Outside, writer: Writer) -> SendResult:
        """Fetch answers, read clicks, send what is due, tell analytics.

        Raises: not_configured when no marketing mail can go at all (then nothing but answers and notes is done).
        """
        counts: Counter[str] = Counter()
        counts["replies"] = self._aftermath.fetch_replies()
        self._aftermath.take_clicks()
        refusal = self.refusal()
        reason = None
        try:
            if refusal is None:
                self._sweep(limit, outside, writer, counts)
            else:
                self._rest(self._clock.now() + REST)
        except ChannelClosed as closed:
            reason = closed.reason
            self._rest(closed.until)
        counts["captured"] = self._aftermath.tell_analytics(outside)
        if refusal is not None:
            raise refusal
        names = ("sent", "held", "waiting", "prepared", "ended", "failed", "unknown", "replies", "captured")
        return SendResult(**{name: counts[name] for name in names}, reason=reason)

    def _rest(self, until: datetime) -> None:
        """Nothing is due before that."""
        with self._database.writing() as connection:
            store.keep_mark(connection, self._database, reads.HOLD_MARK, until)

    def refusal(self) -> NotConfigured | None:
        """Why no mail of a sequence can go at all; None when it can."""
        try:
            _ = self._postman.provider
        except NotConfigured as missing:
            return missing
        if not self._ground.business.postal_address:
            return NotConfigured(
                "marketing mail needs your postal address: [business] postal_address in revenue.toml", field="postal_address"
            )
        if self._ground.settings.public_url is None:
            return NotConfigured("unsubscribe links need a public address: set REVENUE_PUBLIC_URL", field="REVENUE_PUBLIC_URL")
        return self._outgoing.sender_refusal()

    def _sweep(self, limit: int, outside: Outside, writer: Writer, counts: Counter[str]) -> None:
        """One after the other, the longest waiting first; whatever webhooks said meanwhile counts."""
        seen: set[str] = set()
        while counts["sent"] + counts["unknown"] < limit:
            with self._database.writing() as connection:
                sequences = self._enroller.sequences(connection)
            with self._database.reading() as connection:
                due = [
                    one for one in reads.due_enrolments(connection, self._clock.now(), AT_ONCE + len(seen)) if one.id not in seen
                ]
            if not due:
                return
            for enrolment in due:
                if counts["sent"] + counts["unknown"] >= limit:
                    return
                self._ground.inbox.drain()
                counts[self._handle(enrolment, sequences[enrolment.sequence_id], outside, writer)] += 1
                seen.add(enrolment.id)

    def _handle(self, enrolment: Enrolment, sequence: Sequence, outside: Outside, writer: Writer) -> str:
        step = sequence.step(enrolment.step)
        if step is None or not sequence.active:
            return self._hold(enrolment, f"the sequence {sequence.name} is switched off", LOOK_AGAIN)
        with self._database.reading() as connection:
            made = reads.send_at(connection, sequence.id, enrolment.contact_id, enrolment.step)
            why = (
                None
                if made is not None and made.status != "planned"
                else self._outgoing.exit_reason(connection, enrolment, sequence)
            )
        if why is not None:
            return self._exit(enrolment, why)
        if made is not None and made.status not in ("planned", "sending"):
            return self._go_on(enrolment, sequence, "sent" if made.sent_at else "failed")
        wording = self._wording_of(made)
        if wording is None:
            found = self._text(enrolment, sequence, step, writer)
            if not isinstance(found, Wording):
                return found
            wording = found
        if made is None and enrolment.next_send_at is not None and self._clock.now() < enrolment.next_send_at:
            return self._until_its_hour(enrolment)
        return self._send(enrolment, sequence, wording, outside)

    def _wording_of(self, made: Send | None) -> Wording | None:
        """A mail that was on its way goes on with the words it had."""
        if made is None or made.status != "sending":
            return None
        with self._database.reading() as connection:
            return reads.wording(connection, made.template_id)

    def _text(self, enrolment: Enrolment, sequence: Sequence, step: Step, writer: Writer) -> Wording | str:
        """The approved text, or what became of an enrolment without one. The texts of later steps are asked about along with it."""
        try:
            found = self._desk.find(self._desk.wanted(step, sequence.trigger, enrolment, enrolment.step), writer)
            for later in sequence.steps:
                if later.number > step.number and later.policy == "once":
                    self._desk.find(self._desk.wanted(later, sequence.trigger, enrolment, later.number), writer)
        except Failure as failure:
            return self._hold(enrolment, f"no text: {failure.message}", LOOK_AGAIN)
        if found.left_out is not None:
            return self._go_on(enrolment, sequence, "ended", found.left_out)
        if found.wording is None:
            return self._hold(enrolment, found.waits_for or "a text", LOOK_AGAIN, "waiting")
        return found.wording

    def _send(self, enrolment: Enrolment, sequence: Sequence, wording: Wording, outside: Outside) -> str:
        claimed = self._outgoing.claim(enrolment, sequence, wording, self._postman.provider)
        if claimed is None:
            return "held"
        send, letter, zone = claimed
        self._ground.moments.reached("mail:rendered", send.id)
        order = Order(send, letter, zone, lambda connection: no_longer_wanted(self._outgoing, connection, enrolment, sequence))
        try:
            handed = outside.perform(self._postman.plan(order))
        except Failure as failure:
            return self._not_sent(enrolment, sequence, send, failure)
        self.record(enrolment, sequence, send, handed.provider_id)
        return "sent"

    def record(self, enrolment: Enrolment, sequence: Sequence, send: Send, provider_id: str) -> None:
        """The provider has it: the row, the person's timeline, analytics, and the next step, all or nothing."""
        now = self._clock.now()
        zone = self._outgoing.zone_of(enrolment)
        with self._database.writing() as connection:
            store.advance(connection, send, "sent", now, sent_at=now, provider_id=provider_id)
            self._ground.book.log(connection, InteractionDraft(
                send.contact_id, "email_sent", content=send.subject, channel="email", direction="out", external_id=send.id,
                occurred_at=now, campaign=f"{sequence.name}-{send.step_number}", product=enrolment.product,
            ))  # fmt: skip
            self._aftermath.note(connection, send, "email_sent", now)
            self._forward(connection, enrolment, sequence, zone, last_sent_at=now)

    def settle(self, send_id: str, outside: Outside) -> bool:
        """Look once more what became of a mail whose answer was lost; whether that is known now."""
        with self._database.reading() as connection:
            send = reads.send(connection, send_id)
            enrolment = None if send is None else reads.enrolment(connection, send.enrolment_id)
            wording = None if send is None else reads.wording(connection, send.template_id)
        if send is None or enrolment is None or wording is None or send.provider != "resend":
            return False
        with self._database.reading() as connection:
            sequence = reads.sequences(connection)[send.sequence_id]
        return send.sent_at is not None or self._send(enrolment, sequence, wording, outside) != "unknown"

    def _not_sent(self, enrolment: Enrolment, sequence: Sequence, send: Send, failure: Failure) -> str:
        """What a failure means: later, for everybody later, never, or nobody knows."""
        now, channel = self._clock.now(), CHANNELS[send.kind]
        if isinstance(failure, Conflict):  # another worker has it, or its bytes are not the ones that were promised
            return self._park(enrolment, sequence, send, failure) if "other content" in failure.message else "held"
        if isinstance(failure, OutcomeUnknown) or self._is_in_doubt(send):
            if send.provider == "resend":
                return self._hold(enrolment, failure.message, ASK_AGAIN, "unknown")
            return self._park(enrolment, sequence, send, failure)
        self._outgoing.release(send, failure.message)
        if isinstance(failure, Suppressed):
            return self._exit(enrolment, str(failure.details.get("reason", "suppressed")))
        is_channel = isinstance(failure, Stopped) or failure.details.get("channel") == channel
        if isinstance(failure, CapReached | Stopped) and is_channel:
            raise ChannelClosed(failure.message, now + _after(failure, timedelta(minutes=15)))
        if self._outgoing.is_bad_address(failure):
            return self._bad_address(enrolment, sequence, send, failure)
        if failure.is_for_now and not failure.code.startswith("outside_"):
            return self._hold(enrolment, failure.message, _after(failure, timedelta(hours=1)))
        raise ChannelClosed(f"{send.provider}: {failure.message}", now + _after(failure, REST))

    def _is_in_doubt(self, send: Send) -> bool:
        """Whether it may have gone out although this failure says nothing of it: the look-up itself failed."""
        with self._database.reading() as connection:
            return reads.intent_state(connection, f"{send.provider}.send/{send.id}") in ("sent", "unknown")

    def _bad_address(self, enrolment: Enrolment, sequence: Sequence, send: Send, failure: Failure) -> str:
        now = self._clock.now()
        with self._database.writing() as connection:
            store.change_send(connection, send.id, now, status="failed", hold_reason=failure.message, owner=None)
            self._aftermath.bounced(connection, send, now)
        return self._exit(enrolment, "bounced", "failed")

    def _park(self, enrolment: Enrolment, sequence: Sequence, send: Send, failure: Failure) -> str:
        """It may have gone out and nobody can tell: never again, and the owner hears of it."""
        now = self._clock.now()
        zone = self._outgoing.zone_of(enrolment)
        with self._database.writing() as connection:
            store.change_send(connection, send.id, now, status="unknown", hold_reason=failure.message, owner=None)
            text = f"Mail {send.id} ({sequence.name} {send.step_number}): nobody can tell whether it went out; it is not sent again"
            self._ground.events.emit(
                connection, "alert.raised", f"{send.id}/unknown", {"kind": "email", "text": text, "key": send.id}
            )
            self._forward(connection, enrolment, sequence, zone)
        return "unknown"

    def _hold(self, enrolment: Enrolment, reason: str, after: timedelta, word: str = "held") -> str:
        now = self._clock.now()
        with self._database.writing() as connection:
            store.move(connection, enrolment, now, next_due_at=now + after, hold_reason=reason[:400])
        return word

    def _until_its_hour(self, enrolment: Enrolment) -> str:
        with self._database.writing() as connection:
            store.move(connection, enrolment, self._clock.now(), next_due_at=enrolment.next_send_at, hold_reason=None)
        return "prepared"

    def _exit(self, enrolment: Enrolment, reason: str, word: str = "ended") -> str:
        with self._database.writing() as connection:
            store.finish(connection, enrolment.id, "exited", reason, self._clock.now())
        return word

    def _go_on(self, enrolment: Enrolment, sequence: Sequence, word: str, reason: str | None = None) -> str:
        zone = self._outgoing.zone_of(enrolment)
        with self._database.writing() as connection:
            self._forward(connection, replace(enrolment, hold_reason=reason), sequence, zone)
        return word

    def _forward(
        self,
        connection: sa.Connection,
        enrolment: Enrolment,
        sequence: Sequence,
        zone: str | None,
        last_sent_at: datetime | None = None,
    ) -> None:
        """To the next step, or to the end."""
        now = self._clock.now()
        times = self._enroller.next_times(sequence, enrolment, zone)
        if times is None:
            store.finish(connection, enrolment.id, "completed", enrolment.hold_reason, now)
        else:
            store.move(connection, enrolment, now, **times)
        if last_sent_at is not None:
            store.stamp_enrolment(connection, enrolment.id, last_sent_at)


def _after(failure: Failure, otherwise: timedelta) -> timedelta:
    return otherwise if failure.retry_after_s is None else timedelta(seconds=max(1.0, failure.retry_after_s))


def preview_letter(wording: Wording, business: Business, recipient: letterpress.Recipient) -> Letter:
    """A text as somebody would get it."""
    return letterpress.plate(wording, business).print(recipient)
