"""The kill switch survives restarts, and whoever opted out stays out however the address is written."""

from __future__ import annotations

import unicodedata
from datetime import timedelta

import pytest
import sqlalchemy as sa

from revenue_machine.engine.audit import Audit
from revenue_machine.engine.database import Database
from revenue_machine.engine.switch import Stop, Switch, address_hash, check_suppressed, suppress
from revenue_machine.engine.tables import AUDIT, SUPPRESSIONS
from revenue_machine.kit.clock import PushedClock
from revenue_machine.kit.errors import Stopped, Suppressed
from tests.app_fixture import START


def test_a_stop_survives_a_restart(database: Database, clock: PushedClock, audit: Audit) -> None:
    Switch(database, clock, audit).set(stopped=True, actor="ada", reason="too many mails")
    again = Database(database.url)
    later = Switch(again, PushedClock(START + timedelta(days=30)), Audit(again, clock))
    assert later.is_stopped()
    assert later.stopped_by() == Stop("ada", "too many mails", START)
    with pytest.raises(Stopped), again.reading() as connection:
        later.check(connection)
    again.close()


def test_lifting_the_stop_lets_everything_through(database: Database, clock: PushedClock, audit: Audit) -> None:
    switch = Switch(database, clock, audit)
    assert switch.stopped_by() is None
    switch.set(stopped=True, actor="ada", reason="stop")
    switch.set(stopped=False, actor="bob", reason="go")
    assert (switch.is_stopped(), switch.stopped_by()) == (False, None)
    with database.reading() as connection:
        switch.check(connection)
        noted = connection.execute(sa.select(AUDIT.c.actor, AUDIT.c.action).order_by(AUDIT.c.id)).all()
    assert [tuple(row) for row in noted] == [("ada", "switch.stop"), ("bob", "switch.resume")]


SAME = [
    "zoe@example.com", "ZOE@Example.COM", "  zoe@example.com\t", "zoe+news@example.com", "Zoe+a+b@example.com", "zoe @example.com",
    "zoe@example.com\u200b", "\ufeffzoe@example.com", "zo\u00ade@example.com", "\uff5aoe@example.com", "zoe@example.com.",
    "zoe\u00a0@example.com",
]  # fmt: skip
OTHERS = ["zoe@example.org", "zoe@mail.example.com", "z.oe@example.com", "zoey@example.com", "example.com", "@zoe"]


@pytest.mark.parametrize("written", SAME)
def test_one_mailbox_has_one_hash(written: str) -> None:
    assert address_hash(written) == address_hash("zoe@example.com")


@pytest.mark.parametrize("written", OTHERS)
def test_another_mailbox_has_another_hash(written: str) -> None:
    assert address_hash(written) != address_hash("zoe@example.com")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (unicodedata.normalize("NFC", "ren\u00e9@b\u00fccher.de"), unicodedata.normalize("NFD", "REN\u00c9@B\u00dcCHER.DE")),
        ("a@b\u00fccher.de", "a@xn--bcher-kva.de"), ("stra\u00dfe@example.com", "STRASSE@example.com"),
        ("+49 170 1234", "+49\u2009170\u20091234"), ("@Ada", "@ada"), ("\u3392@example.com", "MHz@example.com"),
    ],
)  # fmt: skip
def test_unicode_forms_are_the_same_person(one: str, other: str) -> None:
    assert address_hash(one) == address_hash(other)


@pytest.mark.parametrize(
    "odd", ["", "@", "a@", "+tag@example.com", "a@b@c", "a@" + "x" * 80 + ".com", "a@xn--\u00fc.de", "a@xn--a.de"]
)
def test_odd_addresses_have_a_hash_too(odd: str) -> None:
    assert len(address_hash(odd)) == 64


def test_a_second_opt_out_keeps_the_first_reason(database: Database, clock: PushedClock) -> None:
    for reason in ("complained", "clicked"):
        with database.writing() as connection:
            suppress(connection, database, "Zoe+x@example.com", reason=reason, source="mail", clock=clock)
    with database.reading() as connection:
        rows = connection.execute(sa.select(SUPPRESSIONS)).mappings().all()
        assert [row["reason"] for row in rows] == ["complained"]
        assert "zoe" not in str(rows).lower()
        for written in SAME:
            with pytest.raises(Suppressed):
                check_suppressed(connection, written)
        for written in OTHERS:
            check_suppressed(connection, written)


def test_an_older_list_is_keyed_with_the_first_key(database: Database, clock: PushedClock) -> None:
    with database.writing() as connection:
        row = {"address_hash": address_hash("zoe@example.com"), "reason": "old", "source": "x", "created_at": clock.now()}
        connection.execute(SUPPRESSIONS.insert(), row)
        suppress(connection, database, "ada@example.com", reason="new", source="x", clock=clock)
    with database.reading() as connection:
        stored = connection.execute(sa.select(SUPPRESSIONS.c.address_hash)).scalars().all()
        assert not {address_hash("zoe@example.com"), address_hash("ada@example.com")} & set(stored)
        for address in ("Zoe+x@example.com", "ada@example.com"):
            with pytest.raises(Suppressed):
                check_suppressed(connection, address)
