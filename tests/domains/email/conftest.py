"""A house with one person in a trial, mail that can be approved, and everybody's mailboxes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from revenue_machine.app import App
from revenue_machine.domains.crm.models import ContactBook, ContactDraft, IdentityDraft
from revenue_machine.domains.email.enrolling import Enroller
from revenue_machine.domains.email.tables import ENROLMENTS, SENDS, TEMPLATES
from revenue_machine.engine.call import Moments
from revenue_machine.integrations.resend import fake as resend
from revenue_machine.sandbox.frontdoor import AsgiDoor, Reply
from revenue_machine.sandbox.vendors import Outside
from revenue_machine.surfaces.web.application import make_api
from tests.app_fixture import START, WorldClock, make_app


class House:
    """The whole product with the questions a mail test asks."""

    berlin = ZoneInfo("Europe/Berlin")

    def __init__(self, app: App, outside: Outside, clock: WorldClock) -> None:
        self.app, self.outside, self.clock = app, outside, clock

    def person(self, name: str, zone: str | None = "Europe/Berlin", **more: Any) -> str:
        """Somebody with a mail address and a user id of the product."""
        word = name.lower()
        draft = ContactDraft(
            name=f"{name} Example", email=f"{word}@people.example", timezone=zone, lawful_basis="customer", source="signup",
            identities=(IdentityDraft("distinct_id", f"user_{word}", source="signup"),), **more,
        )  # fmt: skip
        with self.app.database.writing() as connection:
            return self.book.upsert(connection, draft)

    def person_in(self, connection: sa.Connection, name: str) -> str:
        """The same inside a transaction."""
        draft = ContactDraft(
            name=f"{name} Example", email=f"{name.lower()}@people.example", timezone="Europe/Berlin", lawful_basis="customer",
            source="signup",
        )  # fmt: skip
        return self.book.upsert(connection, draft)

    def treat_everybody(self) -> None:
        """Nobody is held out."""
        with self.app.database.writing() as connection:
            values = {"status": "active", "arm": "treated", "next_due_at": self.clock.now(), "next_send_at": self.clock.now()}
            connection.execute(ENROLMENTS.update().where(ENROLMENTS.c.status == "held_out").values(**values))

    @property
    def book(self) -> ContactBook:
        return self.app.container.get(ContactBook)  # type: ignore[type-abstract]

    def enrol(
        self, contact_id: str, trigger: str = "trial_started", anchor: datetime = START, product: str = "everreach_pro"
    ) -> None:
        """Put somebody into what this begins, with mail: nobody here is held out."""
        with self.app.database.writing() as connection:
            self.app.container.get(Enroller).begin(connection, trigger, contact_id, anchor, product=product, user_id=None)
            treated = {"status": "active", "arm": "treated"}
            held = ENROLMENTS.c.status == "held_out"
            times = {"next_due_at": START, "next_send_at": ENROLMENTS.c.anchor_at}
            connection.execute(ENROLMENTS.update().where(held).values(**treated, **times))

    def send(self, limit: int = 1_000) -> dict[str, Any]:
        """One look at everything due; the counts that are not zero."""
        envelope = self.app.call("email.send", {"limit": limit})
        assert envelope.ok, envelope.as_dict()
        return {name: value for name, value in envelope.result.items() if value}

    def approve(self) -> int:
        """Say yes to every text that is asked about; how many were."""
        cards = [card for card in self.app.approvals.cards() if card["kind"] == "email_template"]
        for card in cards:
            self.app.approvals.decide(card["id"], "approve", card["payload_hash"], actor="owner")
        self.app.events.drain()
        return len(cards)

    def move(self, **after: int) -> None:
        """Let time pass."""
        self.clock.move_to(self.clock.now() + timedelta(**after))

    def rows(self, table: sa.Table) -> list[dict[str, Any]]:
        with self.app.database.reading() as connection:
            return [dict(row) for row in connection.execute(sa.select(table).order_by(*table.primary_key.columns)).mappings()]

    def sends(self) -> list[dict[str, Any]]:
        return sorted(self.rows(SENDS), key=lambda row: (row["created_at"], row["id"]))

    def enrolments(self) -> list[dict[str, Any]]:
        return self.rows(ENROLMENTS)

    def texts(self) -> list[dict[str, Any]]:
        return self.rows(TEMPLATES)

    def inbox(self, name: str) -> list[dict[str, Any]]:
        """What lies in a person's mailbox."""
        return resend.public_inbox(self.outside.state("resend"), f"{name.lower()}@people.example")

    def until_sent(self, count: int = 1, days: int = 12) -> None:
        """Live hour by hour until that many mails are out."""
        for _ in range(days * 24):
            if sum(row["sent_at"] is not None for row in self.sends()) >= count:
                return
            self.move(hours=1)
            self.send()
            self.approve()
        raise AssertionError(f"not {count} mails in {days} days: {self.enrolments()}")


HouseMaker = Callable[..., House]


@pytest.fixture
def make_house(tmp_path: Path) -> Iterator[HouseMaker]:
    """`make_house(REVENUE_…=…)` at START; closed at the end of the test."""
    made: list[App] = []

    def make(moments: Moments | None = None, **env: str) -> House:
        app, outside, clock = make_app(tmp_path, moments=moments, **env)
        made.append(app)
        return House(app, outside, clock)

    yield make
    for app in made:
        app.close()


@pytest.fixture
def house(make_house: HouseMaker) -> House:
    """A house as it comes."""
    return make_house()


@pytest.fixture
def knock(house: House) -> Iterator[Callable[..., Reply]]:
    """`knock("POST", "/u/…")` at the product's public door."""
    door = AsgiDoor(make_api(house.app))
    yield lambda method, path, body=b"": door.request(method, path, {}, body)
    door.close()
