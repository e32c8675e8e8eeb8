"""Who is who, what is said once, and who is shut out for good."""

from __future__ import annotations

from datetime import timedelta

import pytest

from revenue_machine.domains.crm import reads
from revenue_machine.domains.crm.models import ContactDraft, IdentityDraft
from revenue_machine.domains.crm.tables import CONTACTS, DOUBLES, IDENTITIES, INTERACTIONS, SCORES, TRANSITIONS
from revenue_machine.engine.switch import check_suppressed, suppress
from revenue_machine.engine.tables import EVENTS, SUPPRESSIONS
from revenue_machine.kit.errors import BadInput, Suppressed
from tests.app_fixture import START
from tests.domains.crm.conftest import Book

HOUR = timedelta(hours=1)


def kinds(book: Book) -> list[str]:
    return [row[0] for row in book.rows(EVENTS, "kind")]


def test_any_known_key_joins(book: Book) -> None:
    first = book.meets("Ada Lovelace", email="Ada@Acme.com", profile_url="https://linkedin.com/in/ada-l")
    again = book.meets(None, platform="linkedin", handle="@Ada-L", company="Acme", title="Founder", tags=("vip",))
    assert again == first
    person = dict(
        zip(
            ("name", "email", "company", "title", "tags"),
            book.rows(CONTACTS, "name", "email", "company", "title", "tags")[0],
            strict=True,
        )
    )
    assert person == {"name": "Ada Lovelace", "email": "Ada@Acme.com", "company": "Acme", "title": "Founder", "tags": ["vip"]}
    assert [row[0] for row in book.rows(IDENTITIES, "value_key")].count("linkedin:ada-l") == 1


def test_what_stands_is_never_overwritten(book: Book) -> None:
    book.meets("Ada", email="ada@acme.com", company="Acme")
    book.meets("Adele", email="ada@acme.com", company="Other")
    assert book.rows(CONTACTS, "name", "company") == [("Ada", "Acme")]


def test_keys_keep_where_they_came_from(book: Book) -> None:
    book.meets("Ada", email="ada@acme.com", source="linkedin.prospect", evidence="https://linkedin.com/in/ada")
    assert book.rows(IDENTITIES, "kind", "value", "source", "evidence", "confidence") == [
        ("email", "ada@acme.com", "linkedin.prospect", "https://linkedin.com/in/ada", 1.0)
    ]


def test_a_card_of_two_people_joins_neither(book: Book) -> None:
    ada, bob = book.meets("Ada", email="ada@acme.com"), book.meets("Bob", platform="x", handle="bob")
    assert book.meets(None, email="ada@acme.com", platform="x", handle="bob", source="upwork") == ada
    assert book.rows(DOUBLES, "first_id", "second_id", "reason") == [(*sorted((ada, bob)), "one card of upwork")]
    with book.reading() as connection:
        assert [(one.confidence, one.reasons) for one in reads.doubles(connection)] == [
            (0.95, ("named together on one card of upwork",))
        ]


def test_nobody_without_a_key_or_name(small_book: Book) -> None:
    with pytest.raises(BadInput), small_book.writing() as connection:
        small_book.crm.upsert(connection, ContactDraft(company="Acme"))


def test_a_send_and_a_reply_are_said_once(book: Book) -> None:
    ada = book.meets("Ada", email="ada@acme.com")
    for _ in range(2):
        book.logs(ada, "message_sent", direction="out", channel="linkedin", external_id="m1", occurred_at=START)
        book.logs(ada, "reply", direction="in", channel="linkedin", external_id="r1", content="yes", occurred_at=START + HOUR)
    assert len(book.rows(INTERACTIONS)) == 2
    assert kinds(book).count("person.touched") == kinds(book).count("person.replied") == 1
    assert [row[1:] for row in sorted(book.rows(TRANSITIONS, "id", "from_status", "to_status"), key=lambda row: row[2])] == [
        ("new", "contacted"), ("contacted", "replied"),
    ]  # fmt: skip
    with book.reading() as connection:
        assert reads.has_replied_since(connection, ada, START)
        assert not reads.has_replied_since(connection, ada, START + HOUR)
        assert reads.last_touch_at(connection, ada) == START
        assert [one.type for one in reads.conversation(connection, ada)] == ["message_sent", "reply"]


def test_first_and_last_move_outwards(book: Book) -> None:
    ada = book.meets("Ada", email="ada@acme.com")
    for hours in (5, 9, 1):
        book.logs(ada, "note", occurred_at=START + hours * HOUR)
    assert book.rows(CONTACTS, "first_contact_at", "last_interaction_at") == [(START + HOUR, START + 9 * HOUR)]


def test_opt_out_shuts_every_address(book: Book) -> None:
    ada = book.meets("Ada", email="ada@acme.com", platform="x", handle="ada")
    with book.writing() as connection:
        assert book.crm.opt_out(connection, ada, "stop", "email")
        assert not book.crm.opt_out(connection, ada, "stop", "email")
    with book.reading() as connection:
        for address in ("ADA+x@acme.com", "x:ada", f"person:{ada}"):
            with pytest.raises(Suppressed):
                check_suppressed(connection, address)
        person = reads.person(connection, ada)
    assert person is not None
    assert (person.status, person.opt_out_reason, person.email_opt_out, person.is_reachable) == ("archived", "stop", True, False)
    assert kinds(book).count("person.opted_out") == 1


def test_a_fresh_address_of_theirs_is_shut_too(book: Book) -> None:
    ada = book.meets("Ada", email="ada@acme.com")
    with book.writing() as connection:
        book.crm.opt_out(connection, ada, "stop", None)
        book.crm.link(connection, ada, IdentityDraft("email", "ada@home.org"))
    with book.reading() as connection, pytest.raises(Suppressed):
        check_suppressed(connection, "ada@home.org")


def test_meeting_again_revives_nobody(book: Book) -> None:
    ada = book.meets("Ada", email="ada@acme.com")
    with book.writing() as connection:
        book.crm.opt_out(connection, ada, "stop", None)
    assert book.meets("Ada", email="ada@acme.com", company="Acme") == ada
    assert book.call("crm.get_contact", contact_id=ada).contact.is_opted_out
    with book.writing() as connection:
        assert not book.crm.advance(connection, ada, "qualified", "again")


def test_a_suppressed_stranger_is_not_kept(book: Book) -> None:
    with book.writing() as connection:
        suppress(connection, book.app.database, "zoe@acme.com", reason="complained", source="mail", clock=book.clock)
    with pytest.raises(Suppressed), book.writing() as connection:
        book.crm.upsert(connection, ContactDraft(name="Zoe", email="Zoe+a@ACME.com"))
    assert book.rows(CONTACTS) == []


def test_the_list_is_keyed_per_installation(book: Book) -> None:
    from revenue_machine.engine.switch import address_hash

    with book.writing() as connection:
        suppress(connection, book.app.database, "zoe@acme.com", reason="x", source="mail", clock=book.clock)
    stored = book.rows(SUPPRESSIONS, "address_hash")[0][0]
    assert len(stored) == 64
    assert stored != address_hash("zoe@acme.com")


def test_scores_keep_their_history(book: Book) -> None:
    ada = book.meets("Ada", email="ada@acme.com")
    book.logs(ada, "reply", direction="in", intent_class="lead", external_id="1")
    book.clock.move_to(START + timedelta(days=10))
    with book.writing() as connection:
        assert book.crm.rescore_all(connection) == 1
    found = sorted(book.rows(SCORES, "created_at", "score", "predicted"))
    assert [(score, predicted) for _, score, predicted in found] == [(51.0, 0.05), (42.0, 0.05)]
    assert book.rows(CONTACTS, "score") == [(42.0,)]


def test_predictions_learn_from_outcomes(book: Book) -> None:
    for number in range(4):
        contact_id = book.meets(f"P{number}", email=f"p{number}@acme.com")
        book.logs(contact_id, "reply", direction="in", intent_class="lead", external_id=f"r{number}", occurred_at=START)
        book.clock.move_to(START + timedelta(days=1))
        if number % 2:
            book.logs(contact_id, "trial_started", external_id=f"t{number}", occurred_at=START + timedelta(days=2))
    book.clock.move_to(START + timedelta(days=40))
    with book.writing() as connection:
        book.crm.rescore_all(connection)
    bins = {one.tier: (one.scored, one.reached) for one in book.call("crm.stats").reliability}
    assert bins["building"] == (4, 2)
    with book.reading() as connection:
        assert reads.prediction(connection, "building") == 0.125  # (0.05 x 20 + 2) / 24
