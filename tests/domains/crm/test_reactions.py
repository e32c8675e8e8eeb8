"""Users of the products are known by their mail, their click or their key, and their money stands on their timeline."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from revenue_machine.domains.attribution.tables import ATTRIBUTION_EVENTS
from revenue_machine.domains.crm.models import IdentityDraft
from revenue_machine.domains.crm.tables import CONTACTS, IDENTITIES, INTERACTIONS
from revenue_machine.engine.events import Events
from tests.app_fixture import START
from tests.domains.crm.conftest import Book

HOUR = timedelta(hours=1)


def states(book: Book, kind: str, key: str, at: int, **payload: Any) -> None:
    said = {"subscription_id": "sub_1", "product": "everreach_pro", "amount_micro_usd": 0, **payload}
    with book.writing() as connection:
        book.app.container.get(Events).emit(connection, kind, key, said, START + at * HOUR)
    book.app.events.drain()


def test_a_known_user_buys(book: Book) -> None:
    ada = book.meets("Ada", email="ada@acme.com")
    with book.writing() as connection:
        book.crm.link(connection, ada, IdentityDraft("distinct_id", "user-1", source="click"))
    states(book, "visitor.signed_up", "user-1", 1, user_id="user-1", utm_source="x")
    states(book, "billing.trial_started", "t1", 2, user_id="user-1")
    for _ in range(2):
        states(book, "billing.purchased", "p1", 3, user_id="user-1", amount_micro_usd=19_990_000)
    got = book.call("crm.get_contact", contact_id=ada)
    assert [(one["type"], one["kind"], one["value_micro_usd"]) for one in got.timeline] == [
        ("purchased", "money", 19_990_000), ("trial_started", "product", 0), ("signed_up", "product", 0),
    ]  # fmt: skip
    assert (got.contact.stage, got.value_micro_usd) == ("closed_won", 19_990_000)
    assert {row[0] for row in book.rows(ATTRIBUTION_EVENTS, "crm_contact_id")} == {ada}
    assert ("subscriber", "user-1", "event:billing.trial_started") in book.rows(IDENTITIES, "kind", "value", "source")


def test_whoever_turns_out_to_be_a_user_catches_up(book: Book) -> None:
    states(book, "billing.trial_started", "t1", 1, user_id="user-9")
    ada = book.meets("Ada", email="ada@acme.com")
    assert book.rows(INTERACTIONS) == []
    with book.writing() as connection:
        book.crm.link(connection, ada, IdentityDraft("subscriber", "user-9"))
    book.app.events.drain()
    assert book.rows(INTERACTIONS, "contact_id", "type", "occurred_at") == [(ada, "trial_started", START + HOUR)]
    assert book.rows(ATTRIBUTION_EVENTS, "crm_contact_id") == [(ada,)]


@pytest.mark.parametrize("user_id", ["ada@acme.com", "ADA@ACME.com"])
def test_a_user_id_that_is_a_known_address(book: Book, user_id: str) -> None:
    ada = book.meets("Ada", email="ada@acme.com")
    states(book, "billing.trial_started", "t1", 1, user_id=user_id)
    assert book.rows(INTERACTIONS, "contact_id", "type") == [(ada, "trial_started")]


def test_strangers_make_no_contact(book: Book) -> None:
    states(book, "billing.purchased", "p1", 1, user_id="who", amount_micro_usd=5)
    states(book, "visitor.signed_up", "v1", 2, user_id="zoe@acme.com")
    assert book.rows(CONTACTS) == []
