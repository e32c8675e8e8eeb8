"""A thousand mails under way; people leave, complain and bounce during it: nobody of them hears from us again, and no import brings them back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa

from revenue_machine.domains.crm.models import ContactDraft
from revenue_machine.domains.email.enrolling import Enroller
from revenue_machine.domains.email.tables import ENROLMENTS, SENDS
from revenue_machine.engine.switch import check_suppressed
from revenue_machine.integrations.resend import fake as resend
from revenue_machine.kit.errors import Suppressed
from revenue_machine.sandbox.delivery import Delivery
from revenue_machine.sandbox.frontdoor import AsgiDoor
from revenue_machine.surfaces.web.application import make_api
from tests.app_fixture import make_app
from tests.domains.conftest import Letterbox
from tests.domains.email.conftest import House

WHOLE, SAMPLE = 1_000, 120
FIRST_MAIL, SECOND_MAIL = datetime(2026, 11, 3, 9, 30, tzinfo=UTC), datetime(2026, 11, 5, 9, 30, tzinfo=UTC)
AT_ONCE = 90  # the pretend provider takes 100 requests a second


@dataclass(frozen=True)
class Crowd:
    """A house and its people: of ten one leaves, of twenty one complains and one's mailbox is gone."""

    house: House
    people: int

    @property
    def strikes(self) -> list[tuple[str, int]]:
        """(what they do, how many), in rounds."""
        each = {"leave": self.people // 10, "complain": self.people // 20, "bounce": self.people // 20}
        rounds = [(kind, count // 4) for _ in range(4) for kind, count in each.items()]
        return [*rounds, *((kind, count % 4) for kind, count in each.items())]


@pytest.fixture(params=[SAMPLE, pytest.param(WHOLE, marks=pytest.mark.proof)])
def crowd(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> Iterator[Crowd]:
    """People in the trial sequence, every text approved, their first mail due."""
    house = House(*make_app(tmp_path, REVENUE_DATABASE_URL=database_url, REVENUE_CAPS__EMAIL__PER_DAY="1000"))
    anchor = datetime(2026, 11, 2, 6, tzinfo=UTC)
    with house.app.database.writing() as connection:
        enroller = house.app.container.get(Enroller)
        for number in range(request.param):
            draft = ContactDraft(
                name=f"Per Son {number}",
                email=f"p{number}@people.example",
                platform="x",
                handle=f"p{number}",
                timezone="Europe/Berlin",
            )
            contact_id = house.book.upsert(connection, draft)
            enroller.begin(connection, "trial_started", contact_id, anchor, product="everreach_pro", user_id=None)
        connection.execute(ENROLMENTS.update().values(status="active", arm="treated", next_due_at=anchor, next_send_at=anchor))
    house.send(1)
    house.approve()
    yield Crowd(house, request.param)
    house.app.close()


def deliver(house: House) -> None:
    Delivery(house.outside, Letterbox(house.app), seed=7).deliver()
    house.app.inbox.drain()
    house.app.events.drain()


def goes_on(house: House, limit: int) -> int:
    """A slice of the run; a person lifts the stop that so many complaints rightly bring."""
    house.app.switch.unpause("email", actor="owner", reason="scenario")
    house.clock.move_to(house.clock.now() + timedelta(minutes=20))
    return int(house.send(limit).get("sent", 0))


def strike(house: House, door: AsgiDoor, rows: list[dict[str, str]], kind: str) -> set[str]:
    """One-click POSTs, complaints or bounces of these mails; the addresses they came from."""
    state = house.outside.state("resend")
    for row in rows:
        if kind == "leave":
            (mail,) = resend.public_inbox(state, row["recipient"])
            path = urlsplit(mail["headers"]["List-Unsubscribe"].strip("<>")).path
            assert door.request("POST", path, {}, b"List-Unsubscribe=One-Click").status == 200
            assert door.request("POST", path, {}, b"List-Unsubscribe=One-Click").status == 200
        elif kind == "complain":
            resend.public_complain(state, row["provider_id"])
        else:
            resend.public_bounce(state, row["provider_id"])
    return {row["recipient"] for row in rows}


def mails_per_person(house: House) -> dict[str, int]:
    """Mails that left, by address."""
    with house.app.database.reading() as connection:
        query = sa.select(SENDS.c.recipient, sa.func.count()).where(SENDS.c.sent_at.is_not(None)).group_by(SENDS.c.recipient)
        return {row[0]: int(row[1]) for row in connection.execute(query)}


def variants(address: str) -> list[str]:
    name, _, host = address.partition("@")
    fullwidth = "".join(chr(ord(sign) + 0xFEE0) if sign.isalnum() else sign for sign in name)
    return [address.upper(), f"{name}+news@{host}", f"  {address} ", f"{fullwidth}@{host}"]


def test_nobody_who_left_hears_from_us(crowd: Crowd) -> None:
    house, slice_size, gone = crowd.house, min(AT_ONCE, crowd.people // 12), set[str]()
    door = AsgiDoor(make_api(house.app))
    house.clock.move_to(FIRST_MAIL - timedelta(minutes=80))
    assert sum(goes_on(house, slice_size) for _ in range(4)) >= 0.3 * crowd.people
    waiting = iter([row for row in house.sends() if row["sent_at"] is not None])
    for kind, count in crowd.strikes:
        gone |= strike(house, door, list(islice(waiting, count)), kind)
        deliver(house)
        goes_on(house, slice_size)
    assert len(gone) == crowd.people // 5
    before = mails_per_person(house)
    for _ in range(40):
        if sum(mails_per_person(house).values()) >= crowd.people:
            break
        goes_on(house, AT_ONCE)
    house.clock.move_to(SECOND_MAIL)
    for _ in range(14):
        goes_on(house, AT_ONCE)
    after = mails_per_person(house)
    assert {address for address in gone if after[address] != before[address]} == set()
    assert sum(count == 2 for count in after.values()) >= crowd.people // 2
    door.close()
    assert revived(house, gone) == []


def revived(house: House, gone: set[str]) -> list[str]:
    """Those of the gone whom an import in another spelling, or any channel, could reach again."""
    found = []
    for address in sorted(gone):
        assert re.fullmatch(r"p\d+@people\.example", address)
        for spelling in (*variants(address), f"x:{address.partition('@')[0].upper()}"):
            with house.app.database.reading() as connection:
                try:
                    check_suppressed(connection, spelling)
                except Suppressed:
                    continue
                found.append(spelling)
        with house.app.database.writing() as connection:
            for spelling in variants(address):
                try:
                    contact_id = house.book.upsert(connection, ContactDraft(name="Again", email=spelling, source="import"))
                except Suppressed:
                    continue
                begun = house.app.container.get(Enroller).begin(
                    connection, "churned", contact_id, house.clock.now(), product=None, user_id=None
                )
                found += [spelling] if begun else []
    return found
