"""A merge takes everything along, and its undo leaves no trace."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from revenue_machine.domains.attribution.tables import ATTRIBUTION_EVENTS
from revenue_machine.domains.crm import reads
from revenue_machine.domains.crm.models import IdentityDraft
from revenue_machine.domains.crm.store import columns_naming_people
from revenue_machine.domains.crm.tables import CONTACTS, IDENTITIES, INTERACTIONS
from revenue_machine.engine.ledger import Entry, Ledger
from revenue_machine.engine.switch import check_suppressed
from revenue_machine.engine.tables import LEDGER
from revenue_machine.kit.errors import Suppressed
from tests.app_fixture import START
from tests.domains.crm.conftest import Book

# What is only ever added to, and the note that credit is to be traced anew.
UNTOUCHED = ("actp_contact_merges", "actp_events", "actp_event_handlings", "actp_audit_log", "actp_attribution_stale")


def two_people(book: Book) -> tuple[str, str]:
    """Ada twice: by mail with money, and by handle with a talk."""
    mail = book.meets("Ada Lovelace", email="ada@acme.com", company="Acme", tags=("lead",))
    handle = book.meets(None, platform="x", handle="adalovelace", headline="Founder", tags=("x",))
    book.logs(mail, "email_sent", direction="out", channel="email", external_id="e1", occurred_at=START)
    book.logs(handle, "message_sent", direction="out", channel="x", external_id="m1", occurred_at=START + timedelta(days=1))
    book.logs(handle, "reply", direction="in", channel="x", external_id="r1", content="sure", occurred_at=START + timedelta(days=2))
    with book.writing() as connection:
        book.crm.link(connection, handle, IdentityDraft("distinct_id", "user-1"))
        book.app.container.get(Ledger).book(
            connection, Entry("k1", "ai", "anthropic", -2_500, "topic", "dm.ai_generate", START, contact_id=handle)
        )
    book.app.events.drain()
    return mail, handle


def test_undo_restores_the_exact_state(book: Book) -> None:
    kept, merged = two_people(book)
    before = book.dump(*UNTOUCHED)
    book.clock.move_to(START + timedelta(days=3))
    done = book.call("crm.merge_contacts", kept_id=kept, merged_id=merged)
    assert done.moved > 10
    between = book.dump(*UNTOUCHED)
    assert between != before
    undone = book.call("crm.merge_contacts", undo=done.merge_id)
    assert undone.stayed == []
    assert book.dump(*UNTOUCHED) == before


def test_everything_moves_to_the_kept(book: Book) -> None:
    kept, merged = two_people(book)
    book.call("crm.merge_contacts", kept_id=kept, merged_id="x:adalovelace")
    for table, column in columns_naming_people():
        assert merged not in [row[0] for row in book.rows(table, column.name)], table.name
    got = book.call("crm.get_contact", contact_id=merged)
    assert (got.contact.id, got.contact.stage, got.contact.tags) == (kept, "replied", ["lead", "x"])
    assert (got.contact.handle, got.profile["headline"], got.cost_micro_usd) == ("adalovelace", "Founder", 2_500)
    assert [one["type"] for one in got.timeline] == ["reply", "message_sent", "email_sent", "ai"]


def test_the_same_merge_twice_is_one(book: Book) -> None:
    kept, merged = two_people(book)
    first = book.call("crm.merge_contacts", kept_id=kept, merged_id=merged)
    again = book.call("crm.merge_contacts", kept_id=kept, merged_id=merged)
    assert again.merge_id == first.merge_id


def test_what_changed_since_is_not_undone(book: Book) -> None:
    kept, merged = two_people(book)
    done = book.call("crm.merge_contacts", kept_id=kept, merged_id=merged)
    book.call("crm.update_contact", contact_id=kept, headline="Countess")
    fresh = book.logs(kept, "note", content="met her", external_id="n1")
    undone = book.call("crm.merge_contacts", undo=done.merge_id)
    assert undone.stayed == [f"actp_contacts {kept} headline"]
    assert dict(book.rows(INTERACTIONS, "id", "contact_id"))[fresh] == kept
    assert dict(book.rows(CONTACTS, "id", "merged_into_id")) == {kept: None, merged: None}


def test_a_key_of_the_merged_finds_the_kept(book: Book) -> None:
    kept, merged = two_people(book)
    book.call("crm.merge_contacts", kept_id=kept, merged_id=merged)
    assert book.meets(None, platform="x", handle="adalovelace") == kept
    book.logs(merged, "note", external_id="late")
    with book.reading() as connection:
        assert reads.current_id(connection, merged) == kept
        assert reads.addresses(connection, kept) == ("ada@acme.com", "x:adalovelace")


def test_the_stricter_wish_wins_and_comes_back(book: Book) -> None:
    kept, merged = two_people(book)
    with book.writing() as connection:
        book.crm.opt_out(connection, merged, "stop", "x")
    before = book.dump(*UNTOUCHED)
    done = book.call("crm.merge_contacts", kept_id=kept, merged_id=merged)
    assert book.call("crm.get_contact", contact_id=kept).contact.is_opted_out
    with book.reading() as connection, pytest.raises(Suppressed):
        check_suppressed(connection, "ada@acme.com")
    book.call("crm.merge_contacts", undo=done.merge_id)
    assert book.dump(*UNTOUCHED) == before
    with book.reading() as connection:
        check_suppressed(connection, "ada@acme.com")


def test_a_merge_under_another_is_undone_first(book: Book) -> None:
    kept, merged = two_people(book)
    first = book.call("crm.merge_contacts", kept_id=kept, merged_id=merged)
    third = book.meets("A. Lovelace", email="al@home.org")
    second = book.call("crm.merge_contacts", kept_id=third, merged_id=kept)
    assert book.refused("crm.merge_contacts", undo=first.merge_id) == "conflict"
    assert book.refused("crm.merge_contacts", kept_id=kept, merged_id=third) == "conflict"
    book.call("crm.merge_contacts", undo=second.merge_id)
    book.call("crm.merge_contacts", undo=first.merge_id)
    assert [row[0] for row in book.rows(CONTACTS, "merged_into_id")] == [None, None, None]


def test_other_domains_tables_follow(book: Book) -> None:
    kept, merged = two_people(book)
    names = {f"{table.name}.{column.name}" for table, column in columns_naming_people()}
    assert {f"{one.name}.contact_id" for one in (IDENTITIES, INTERACTIONS, LEDGER)} <= names
    assert f"{ATTRIBUTION_EVENTS.name}.crm_contact_id" in names
    book.call("crm.merge_contacts", kept_id=kept, merged_id=merged)
    with book.reading() as connection:
        assert connection.execute(sa.select(LEDGER.c.contact_id)).scalars().all() == [kept]


@pytest.mark.parametrize("payload", [{}, {"kept_id": "con_a"}, {"kept_id": "con_a", "merged_id": "con_b", "undo": "mrg_x"}])
def test_half_a_wish_is_refused(small_book: Book, payload: dict[str, str]) -> None:
    assert small_book.refused("crm.merge_contacts", **payload) == "bad_input"


def test_one_and_the_same_is_refused(small_book: Book) -> None:
    ada = small_book.meets("Ada", email="ada@acme.com")
    assert small_book.refused("crm.merge_contacts", kept_id=ada, merged_id="ada@acme.com") == "bad_input"
    assert small_book.refused("crm.merge_contacts", undo="mrg_nope") == "not_found"
