"""What becomes of a mail (delivered, opened, clicked, answered, bounced, complained), and what follows for person and channel."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.crm import reads as crm_reads
from revenue_machine.domains.crm.models import ContactBook, InteractionDraft
from revenue_machine.domains.email import reads, rules, store
from revenue_machine.domains.email.models import Send
from revenue_machine.domains.email.postman import CHANNELS
from revenue_machine.domains.links import reads as link_reads
from revenue_machine.engine.clients import Clients
from revenue_machine.engine.database import Database
from revenue_machine.engine.effects import Outside, Plan
from revenue_machine.engine.events import Events
from revenue_machine.engine.switch import Pause, pause_channel, suppress
from revenue_machine.integrations.posthog.posthog_client import PostHogClient
from revenue_machine.integrations.posthog.wire import CaptureEvent
from revenue_machine.integrations.resend.resend_client import ResendClient
from revenue_machine.integrations.resend.wire import ReceivedEmail
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.errors import Failure
from revenue_machine.kit.ids import content_hash

FETCH_AGAIN = timedelta(minutes=5)
MOST_FETCHES = 3
MOST_CAPTURES = 500
MOST_WORDS = 4_000


class Aftermath:
    """Methods that take a connection work inside the caller's transaction; the others ask outside and open their own."""

    def __init__(self, *, database: Database, clock: Clock, clients: Clients, book: ContactBook, events: Events) -> None:
        self._database, self._clock, self._clients = database, clock, clients
        self._book, self._events = book, events

    def delivered(self, connection: sa.Connection, send: Send, at: datetime) -> None:
        """The mailbox took it."""
        store.advance(connection, send, "delivered", self._clock.now(), delivered_at=at)
        person = crm_reads.current_person(connection, send.contact_id)
        if person is not None and person.email_state == "unknown":
            self._book.mark_email(connection, send.contact_id, "valid")

    def delayed(self, connection: sa.Connection, send: Send) -> None:
        """The mailbox is asked again; nothing follows from it."""
        store.advance(connection, send, "delayed", self._clock.now())

    def opened(self, connection: sa.Connection, send: Send, at: datetime) -> None:
        """Somebody, or a program, loaded the pictures: noted, and nothing is ever decided by it."""
        store.advance(connection, send, "opened", self._clock.now(), opened_at=at)
        self._happened(connection, send, "email_opened", at)

    def clicked(self, connection: sa.Connection, send: Send, at: datetime) -> None:
        """A person followed a link of ours; however often, and whoever else saw it, it is one click."""
        store.advance(connection, send, "clicked", self._clock.now(), clicked_at=at)
        self._happened(connection, send, "email_clicked", at)

    def clicked_at_vendor(self, connection: sa.Connection, send: Send, at: datetime) -> None:
        """What the provider saw of a click: scanners follow links too, so only ours counts; this is kept beside it."""
        store.change_send(connection, send.id, self._clock.now(), vendor_clicked_at=at)

    def bounced(self, connection: sa.Connection, send: Send, at: datetime) -> None:
        """The address is no good for ever: nothing goes there any more, on any channel."""
        store.advance(connection, send, "bounced", self._clock.now(), bounced_at=at)
        self._end(connection, send, "email_bounced", at, "hard bounce")
        self._watch(connection)

    def complained(self, connection: sa.Connection, send: Send, at: datetime) -> None:
        """They call it spam: nothing goes there any more, on any channel."""
        store.advance(connection, send, "complained", self._clock.now(), complained_at=at)
        self._end(connection, send, "email_complained", at, "complaint")
        self._watch(connection)

    def failed(self, connection: sa.Connection, send: Send, reason: str) -> None:
        """The provider could not send what it had taken."""
        store.advance(connection, send, "failed", self._clock.now())
        store.change_send(connection, send.id, self._clock.now(), hold_reason=reason[:400])

    def refused(self, connection: sa.Connection, send: Send, at: datetime) -> None:
        """The provider knows the address as dead or hostile from before: so it is for us, though this mail harmed nobody."""
        self.failed(connection, send, "the provider's own suppression list has this address")
        self._end(connection, send, "email_bounced", at, "suppressed by the provider")

    def unsubscribed(self, connection: sa.Connection, send: Send) -> None:
        """They asked for an end: on every channel, from this moment on."""
        now = self._clock.now()
        store.advance(connection, send, send.status, now, unsubscribed_at=now)
        suppress(connection, self._database, send.recipient, reason="unsubscribed", source=send.id, clock=self._clock)
        if crm_reads.current_person(connection, send.contact_id) is not None:
            self._book.opt_out(connection, send.contact_id, "unsubscribed", "email")

    def received(self, connection: sa.Connection, external_id: str, sender: str, subject: str, at: datetime) -> None:
        """A mail came in: from now on nothing is sent to its writer; its words are fetched next."""
        contact_id = self._book.contact_of(connection, "email", sender)
        if contact_id is None:
            return
        last = reads.last_send_to(connection, contact_id)
        row = {
            "id": external_id, "contact_id": contact_id, "send_id": None if last is None else last.id, "subject": subject[:400],
            "status": "due", "attempts": 0, "due_at": self._clock.now(), "received_at": at,
        }  # fmt: skip
        store.keep_reply(connection, self._database, row)

    def fetch_replies(self) -> int:
        """Read every answer that waits; how many were read."""
        with self._database.reading() as connection:
            due = reads.due_replies(connection, self._clock.now())
        return sum(self._fetch(row) for row in due)

    def _fetch(self, row: Mapping[str, Any]) -> int:
        try:
            mail = self._clients.get(ResendClient).received(str(row["id"]))
        except Failure as failure:
            if row["attempts"] + 1 < MOST_FETCHES:
                later = {"attempts": row["attempts"] + 1, "due_at": self._clock.now() + FETCH_AGAIN}
                with self._database.writing() as connection:
                    store.change_reply(connection, row["id"], **later)
                return 0
            mail = None
            self._lost(row, failure)
        with self._database.writing() as connection:
            self._take_words(connection, row, mail)
            store.change_reply(connection, row["id"], status="read" if mail is not None else "lost")
        return 1

    def _take_words(self, connection: sa.Connection, row: Mapping[str, Any], mail: ReceivedEmail | None) -> None:
        text = "" if mail is None else (mail.text or "")
        is_machine = mail is not None and rules.is_automatic(mail.subject, text, mail.headers)
        content = None if mail is None else rules.own_words(text)[:MOST_WORDS] or row["subject"]
        self._book.log(connection, InteractionDraft(
            row["contact_id"], "auto_reply" if is_machine else "email_reply",
            content=content, channel="email", direction="none" if is_machine else "in",
            external_id=row["id"], occurred_at=row["received_at"], intent_class="automated" if is_machine else None,
        ))  # fmt: skip
        if is_machine:
            store.drop_reply(connection, row["id"])
            return
        send = None if row["send_id"] is None else reads.send(connection, row["send_id"])
        if send is not None:
            store.advance(connection, send, send.status, self._clock.now(), replied_at=row["received_at"])
        if rules.is_stop(text):
            self._book.opt_out(connection, row["contact_id"], "asked to stop", "email")

    def _lost(self, row: Mapping[str, Any], failure: Failure) -> None:
        with self._database.writing() as connection:
            text = f"An answer by mail could not be read ({failure.code}); look at it in your mail service: {row['subject']}"
            key = f"reply/{row['id']}"
            self._events.emit(connection, "alert.raised", key, {"kind": "email", "text": text, "key": key})

    def take_clicks(self) -> int:
        """Read the redirector's clicks since the last look and note those on links of mails; how many were."""
        with self._database.reading() as connection:
            changes = link_reads.changes_after(connection, reads.place(connection, reads.CLICK_MARK))
            clicks = [one.click for one in changes if one.is_counted and one.click.utm_medium == "email"]
            sends = reads.sends_of_links(connection, sorted({one.post_id for one in clicks if one.post_id}))
        if not changes:
            return 0
        with self._database.writing() as connection:
            for click in clicks:
                send = sends.get(click.post_id or "")
                if send is not None:
                    self.clicked(connection, send, click.clicked_at)
            store.keep_mark(connection, self._database, reads.CLICK_MARK, changes[-1].click.clicked_at, changes[-1].arrival)
        return len(clicks)

    def note(self, connection: sa.Connection, send: Send, event: str, at: datetime) -> None:
        """Analytics is to hear of it, under the name it knows the person by."""
        users = crm_reads.identity_values(connection, crm_reads.current_id(connection, send.contact_id), ("distinct_id",))
        if users:
            store.keep_captures(connection, self._database, [store.capture_row(send.id, event, users[0], at)])

    def tell_analytics(self, outside: Outside) -> int:
        """Record what happened to mails with analytics; how much was."""
        client = self._clients.maybe(PostHogClient)
        with self._database.reading() as connection:
            rows = reads.due_captures(connection, MOST_CAPTURES)
            named = reads.sends_of_links(connection, sorted({row["send_id"] for row in rows}))
        if client is None or not rows:
            return 0
        batch = [_capture(row, named.get(row["send_id"])) for row in rows]
        ids = [row["id"] for row in rows]
        key = content_hash(ids)[:32]
        plan = Plan(
            service="posthog", operation="capture", key=f"email/{key}", payload={"ids": ids}, answer=int,
            send=lambda _key: client.capture(batch), repeats_safely=True,
        )  # fmt: skip
        try:
            told = outside.perform(plan)
        except Failure:
            return 0  # analytics is down: the rows stay due and go with the next look
        with self._database.writing() as connection:
            store.captured(connection, ids)
        return told

    def _happened(self, connection: sa.Connection, send: Send, event: str, at: datetime) -> None:
        """On the person's timeline and to analytics, once per mail."""
        if crm_reads.current_person(connection, send.contact_id) is None:
            return
        self._book.log(connection, InteractionDraft(
            send.contact_id, event, content=send.subject, channel="email", direction="none", external_id=send.id, occurred_at=at,
        ))  # fmt: skip
        if event in ("email_opened", "email_clicked"):
            self.note(connection, send, event, at)

    def _end(self, connection: sa.Connection, send: Send, event: str, at: datetime, reason: str) -> None:
        suppress(connection, self._database, send.recipient, reason=reason, source=send.id, clock=self._clock)
        if crm_reads.current_person(connection, send.contact_id) is None:
            return
        self._book.mark_email(connection, send.contact_id, "bounced" if event == "email_bounced" else "complained")
        self._happened(connection, send, event, at)
        self._book.opt_out(connection, send.contact_id, reason, "email")

    def _watch(self, connection: sa.Connection) -> None:
        """Stop marketing before the mailbox providers do; a person lifts it, and the counting begins anew."""
        now = self._clock.now()
        health = reads.health(connection, now)
        stop, warn = rules.reason_to_stop(health), rules.reason_to_warn(health)
        if stop is None and warn is None:
            return
        key = f"email/{'stop' if stop else 'warn'}/{now.date().isoformat()}" + (
            f"/{health.complained}/{health.bounced}" if stop else ""
        )
        text = f"Marketing mail is stopped: {stop}. Lift it with `revenue resume --channel email`" if stop else f"Mail: {warn}"
        self._events.emit(connection, "alert.raised", key, {"kind": "email_health", "text": text, "key": key})
        if stop is not None:
            pause_channel(connection, self._database, Pause(CHANNELS["marketing"], None, stop, "email"), now)
            store.keep_mark(connection, self._database, reads.COUNT_MARK, now)


def _capture(row: Mapping[str, Any], send: Send | None) -> CaptureEvent:
    properties: dict[str, Any] = {"send_id": row["send_id"]}
    if send is not None:
        properties |= {"sequence_id": send.sequence_id, "step": send.step_number, "utm_source": "email", "utm_medium": "email"}
    return CaptureEvent(
        event=row["event"], distinct_id=row["distinct_id"], at=row["occurred_at"], natural_key=row["id"], properties=properties
    )
