"""How people come into sequences and leave them: trials, farewells, money, answers, a person's word on a text."""

from __future__ import annotations

import sqlalchemy as sa

from revenue_machine.domains.crm.models import ContactBook, IdentityDraft
from revenue_machine.domains.email.enrolling import Enroller
from revenue_machine.domains.email.text_desk import KIND, TextDesk
from revenue_machine.domains.links import reads as link_reads
from revenue_machine.engine.events import Event, on
from revenue_machine.kit.clock import Clock, local_date
from revenue_machine.kit.settings import Settings

MONDAY = 0


def _contact(connection: sa.Connection, book: ContactBook, user_id: str) -> str | None:
    return book.contact_of(connection, "distinct_id", user_id) or book.contact_of(connection, "subscriber", user_id)


@on("billing.trial_started", "billing.churned")
def begin(event: Event, connection: sa.Connection, enroller: Enroller, book: ContactBook) -> None:
    """A trial begins the onboarding, a farewell the win-back."""
    said = event.payload
    contact_id = _contact(connection, book, said["user_id"]) if said.get("user_id") else None
    if contact_id is None:
        return
    trigger = event.kind.removeprefix("billing.")
    enroller.begin(connection, trigger, contact_id, event.occurred_at, product=said["product"], user_id=said["user_id"])


@on("contact.linked")
def catch_up(event: Event, connection: sa.Connection, enroller: Enroller) -> None:
    """Somebody turns out to be a product's user who is in a trial, or left."""
    enroller.begin_for_user(connection, event.payload["contact_id"], event.payload["user_id"])


@on("billing.purchased", "billing.renewed", "billing.refunded")
def count_money(event: Event, connection: sa.Connection, enroller: Enroller, book: ContactBook) -> None:
    """Who pays needs no more reminders; who took the money back is left alone. With mail or without, it is counted."""
    said = event.payload
    contact_id = _contact(connection, book, said["user_id"]) if said.get("user_id") else None
    if contact_id is None:
        return
    enroller.convert(connection, contact_id, event.occurred_at, int(said["amount_micro_usd"]))
    if event.kind == "billing.refunded":
        enroller.end(connection, contact_id, "refunded")
    else:
        enroller.end(
            connection, contact_id, "purchased", {"trial_started": "purchased", "churned": "came back", "weekly": "purchased"}
        )


@on("person.replied")
def hear(event: Event, connection: sa.Connection, enroller: Enroller) -> None:
    """Somebody answered, wherever: nothing automatic goes to them any more."""
    enroller.end(connection, event.payload["contact_id"], "replied")


@on("person.opted_out")
def let_go(event: Event, connection: sa.Connection, enroller: Enroller) -> None:
    """Somebody asked for an end."""
    enroller.end(connection, event.payload["contact_id"], "opted out")


@on("visitor.signed_up")
def know_reader(event: Event, connection: sa.Connection, book: ContactBook) -> None:
    """Who signs up through a personal link is the person it was made for."""
    click_id = event.payload.get("click_id")
    contact_id = link_reads.contact_of_click(connection, str(click_id)) if click_id else None
    if contact_id is not None:
        book.link(
            connection,
            contact_id,
            IdentityDraft("distinct_id", event.payload["user_id"], None, "personal link", str(click_id), 0.9),
        )


@on("revenue.snapshot_taken")
def gather_readers(event: Event, connection: sa.Connection, enroller: Enroller, clock: Clock, settings: Settings) -> None:
    """On Monday morning everybody who is warm comes into the weekly mail."""
    if event.payload["slot"] == "am" and local_date(clock.now(), settings.zone).weekday() == MONDAY:
        enroller.begin_weekly(connection)


@on("approval.decided")
def take_word(event: Event, connection: sa.Connection, desk: TextDesk) -> None:
    """A person said yes or no to a text."""
    if event.payload["kind"] == KIND:
        desk.decided(connection, event.payload)
