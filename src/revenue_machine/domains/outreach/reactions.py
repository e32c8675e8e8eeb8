"""What the owner's word, a person's answer, a purchase or a closed task changes in the queue."""

from __future__ import annotations

import sqlalchemy as sa

from revenue_machine.domains.crm import reads as crm_reads
from revenue_machine.domains.crm.models import ContactBook, IdentityDraft
from revenue_machine.domains.outreach import reads, store
from revenue_machine.domains.outreach.answering import Answering
from revenue_machine.domains.outreach.models import QueueRow
from revenue_machine.domains.outreach.sender import Sender, queue_key, window_of
from revenue_machine.engine.approvals import Approvals, decision_reason, load_payload
from revenue_machine.engine.database import Database
from revenue_machine.engine.events import Event, on
from revenue_machine.engine.handwork import Handwork
from revenue_machine.kit.clock import Clock

TOPICS = frozenset({"linkedin.connect", "linkedin.message", "dm.send"})
_PREFIX = "queue/"


@on("approval.decided")
def message_decided(
    event: Event, connection: sa.Connection, database: Database, clock: Clock, approvals: Approvals
) -> None:  # fmt: skip
    """A yes moves the message on in exactly the approved words; a no ends it, and both teach the next drafts."""
    said = event.payload
    if said["kind"] != "topic" or said["topic"] not in TOPICS or not str(said["call_key"]).startswith(_PREFIX):
        return
    row = reads.row(connection, str(said["call_key"]).removeprefix(_PREFIX))
    now, status = clock.now(), str(said["status"])
    if row is None or status == "replaced" or row.status not in ("draft", "pending_approval", "approved"):
        return
    if status == "approved":
        text = str(load_payload(connection, said["approval_id"]).get("text", ""))
        if text != row.drafted_text:
            store.keep_lesson(connection, database, row, "edited", now, before_text=row.drafted_text, after_text=text)
        store.set_words(connection, row.id, text, now)
        values = {"status": "approved", "decided_at": event.occurred_at, "approval_id": said["approval_id"]}
        store.change_row(connection, row.id, values, now)
        person = crm_reads.current_person(connection, row.contact_id)
        window = window_of(row.channel, None if person is None else person.timezone)
        opens_at = None if window.is_open(now) else window.opens_at(now)
        if opens_at is not None:
            approvals.wait(connection, str(said["approval_id"]), opens_at)
        return
    reason = decision_reason(connection, said["approval_id"])
    if status == "rejected":
        store.keep_lesson(connection, database, row, "rejected", now, reason=reason, before_text=row.drafted_text)
    ended = "cancelled" if status == "rejected" else "expired"
    words = f"rejected: {reason or 'no reason given'}" if status == "rejected" else reason or "nobody answered in time"
    store.close(connection, row.id, ended, words, now)


@on("hand_task.closed")
def task_closed(event: Event, connection: sa.Connection, clock: Clock, sender: Sender) -> None:
    """The owner sent it by hand, or did not."""
    said = event.payload
    if said["topic"] not in TOPICS or not str(said["key"]).startswith(_PREFIX):
        return
    row = reads.row(connection, str(said["key"]).removeprefix(_PREFIX))
    if row is None:
        return
    if said["outcome"] == "done":
        sender.note_sent(connection, row, str(said["task_id"]))
    else:
        status = "expired" if said["outcome"] == "expired" else "cancelled"
        store.close(connection, row.id, status, f"the task was {said['outcome']}", clock.now())


@on("person.replied")
def person_replied(
    event: Event, connection: sa.Connection, clock: Clock, approvals: Approvals, handwork: Handwork, answering: Answering
) -> None:  # fmt: skip
    """Whoever answers, on whatever channel, gets nothing more that was planned before, and is owed an answer."""
    contact_id, now = crm_reads.current_id(connection, str(event.payload["contact_id"])), clock.now()
    last = reads.last_sent(connection, contact_id)
    if last is not None and last.replied_at is None and (last.sent_at or now) <= event.occurred_at:
        store.change_row(connection, last.id, {"replied_at": event.occurred_at}, now)
    for row in reads.open_rows_of(connection, [contact_id]):
        if row.answers_id != event.payload.get("interaction_id") and row.created_at <= event.occurred_at:
            _end(connection, row, "they answered", (clock, approvals, handwork))
    answering.take(connection, str(event.payload["interaction_id"]))


@on("person.opted_out")
def person_opted_out(event: Event, connection: sa.Connection, clock: Clock, approvals: Approvals, handwork: Handwork) -> None:
    """Nothing is left in line for somebody who asked to be left alone."""
    for row in reads.open_rows_of(connection, [str(event.payload["contact_id"])]):
        _end(connection, row, "they asked not to be written to", (clock, approvals, handwork))


@on("contact.moved")
def person_won(event: Event, connection: sa.Connection, clock: Clock, approvals: Approvals, handwork: Handwork) -> None:
    """A customer gets no message meant to win them; answers stay."""
    if event.payload["to"] != "closed_won":
        return
    for row in reads.open_rows_of(connection, [str(event.payload["contact_id"])]):
        if row.action != "reply" and row.lane != "retention":
            _end(connection, row, "they have bought", (clock, approvals, handwork))


@on("visitor.signed_up")
def visitor_signed_up(event: Event, connection: sa.Connection, book: ContactBook) -> None:
    """Who signed up through a personal link is the person it was written to."""
    row = reads.row_of_campaign_tag(connection, str(event.payload.get("utm_campaign") or ""))
    if row is not None and event.payload.get("user_id"):
        identity = IdentityDraft("distinct_id", str(event.payload["user_id"]), None, "personal link", row.id)
        book.link(connection, row.contact_id, identity)


def _end(connection: sa.Connection, row: QueueRow, why: str, parts: tuple[Clock, Approvals, Handwork]) -> None:
    """End one message everywhere it stands; one that may be out already is left to its send."""
    clock, approvals, handwork = parts
    is_with_owner = handwork.withdraw(connection, queue_key(row.id))
    if row.status == "sending" and not is_with_owner:
        return
    if store.close(connection, row.id, "cancelled", why, clock.now()) and row.approval_id is not None:
        approvals.withdraw(connection, row.approval_id, why)
