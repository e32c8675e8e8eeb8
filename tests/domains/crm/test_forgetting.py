"""A forgotten person is named nowhere any more, stays shut for ever, and the audit log still verifies."""

from __future__ import annotations

import base64
import pickle
from datetime import timedelta

import pytest
import sqlalchemy as sa

from revenue_machine import domains
from revenue_machine.domains.crm.models import IdentityDraft
from revenue_machine.domains.crm.tables import CONTACTS, INTERACTIONS
from revenue_machine.engine.forgetting import GONE, Forgetting, Markers
from revenue_machine.engine.switch import check_suppressed
from revenue_machine.engine.tables import EVENTS, HOOK_INBOX, META, RECORDINGS
from revenue_machine.kit.errors import NotFound, Suppressed
from tests.app_fixture import START
from tests.domains.crm.conftest import Book


def forgetting(book: Book) -> Forgetting:
    app = book.app
    return Forgetting(app.database, app.settings, app.audit, app.container, domains)


def plant(book: Book) -> str:
    """Ada in every corner: contact, talk, dead letters, recordings, events, library tables, notes, exports, logs."""
    ada = book.meets(
        "Ada Lovelace", email="ada.lovelace@acme.com", platform="x", handle="@ada_lovelace", phone="+49 30 1234567",
        profile_url="https://www.linkedin.com/in/ada-lovelace-1815/", company="Analytical Engines",
    )  # fmt: skip
    book.meets("Bob Ross", email="nada.lovelace@acme.com", platform="x", handle="bob")
    book.logs(
        ada, "reply", direction="in", channel="x", external_id="r1", content="It is me, Ada Lovelace (ADA.Lovelace@acme.com)."
    )
    hook = {
        "service": "resend",
        "external_id": "h1",
        "kind": "bounced",
        "body": '{"to": "ada.lovelace@acme.com"}',
        "is_sandbox": True,
    }
    times = {"occurred_at": START, "received_at": START}
    recording = {
        "id": "rec_1", "topic": "dm.send", "call_key": "k", "place": 1, "service": "x", "method": "POST", "path": "/dm/ada_lovelace",
        "request_hash": "h", "status": 200, "answer": '{"to": "Ada Lovelace"}', "recorded_at": START,
    }  # fmt: skip
    packed = base64.b64encode(pickle.dumps({"args": ("ada.lovelace@acme.com", 7)})).decode()
    with book.writing() as connection:
        book.crm.link(connection, ada, IdentityDraft("distinct_id", "user-1815"))
        connection.execute(HOOK_INBOX.insert(), {**hook, **times, "status": "dead", "attempts": 5})
        connection.execute(
            RECORDINGS.insert(), [{**recording, "contact_id": ada}, {**recording, "id": "rec_2", "contact_id": None}]
        )
        event = {"key": "x/ada.lovelace@acme.com", "kind": "x", "payload": {"who": ["\nx:ada_lovelace"]}, "occurred_at": START}
        connection.execute(EVENTS.insert(), {**event, "created_at": START})
        connection.execute(META.insert(), {"name": "note", "value": "call +49 30 1234567"})
        connection.exec_driver_sql("create table library_runs (id text primary key, inputs text)")
        connection.execute(sa.text("insert into library_runs values ('r1', :packed)"), {"packed": packed})
    for name, text in {
        "vault/2026-11-02.md": "Met **Ada Lovelace**, https://www.linkedin.com/in/ada-lovelace-1815/", "exports/contacts.csv":
        "name,email\nAda Lovelace,ada.lovelace@acme.com\nBob Ross,nada.lovelace@acme.com\n", "logs/day.log": "/u?m=ada.lovelace%40acme.com",
        "prompts/ada_lovelace.txt": "Write to @ada_lovelace",
    }.items():  # fmt: skip
        (book.home / name).parent.mkdir(exist_ok=True)
        (book.home / name).write_text(text, encoding="utf-8")
    return ada


def everything(book: Book) -> str:
    """Every cell, and every file that is no database, as one text."""
    with book.reading() as connection:
        cells = [str(row) for row in connection.exec_driver_sql("select * from library_runs")]
    files = [
        f"{path} {path.read_text('utf-8')}" for path in sorted(book.home.rglob("*")) if path.is_file() and ".db" not in path.name
    ]
    return "\n".join([str(book.dump()), *cells, *files])


def test_nothing_names_a_forgotten_person(book: Book) -> None:
    ada = plant(book)
    text = everything(book).lower()
    planted = [word for word in ("ada.lovelace@acme.com", "ada_lovelace", "ada lovelace", "1234567", "1815") if word in text]
    assert len(planted) == 5
    proof = forgetting(book).forget("Ada.Lovelace@acme.com", "owner")
    after = everything(book).lower().replace("nada.lovelace@acme.com", "")
    assert [word for word in planted if word in after] == []
    assert (proof.contact_id, proof.after) == (ada, {})
    assert {
        "actp_contacts.email",
        "actp_hook_inbox.body",
        "actp_recordings.answer",
        "library_runs.inputs",
        "file vault/2026-11-02.md",
    } <= set(proof.before)
    assert sum(proof.before.values()) >= 15
    assert proof.audit_entries > 0


def test_neighbours_and_money_stay(book: Book) -> None:
    ada = plant(book)
    book.logs(ada, "purchased", channel="product", external_id="p1", value_micro_usd=5_000_000, occurred_at=START)
    forgetting(book).forget(ada, "owner")
    with book.reading() as connection:
        check_suppressed(connection, "nada.lovelace@acme.com")
    assert ("Bob Ross", "nada.lovelace@acme.com") in book.rows(CONTACTS, "name", "email")
    assert (ada, "purchased", 5_000_000) in book.rows(INTERACTIONS, "contact_id", "type", "value_micro_usd")
    assert "Bob Ross,nada.lovelace@acme.com" in (book.home / "exports/contacts.csv").read_text("utf-8")
    with book.reading() as connection:
        packed = connection.exec_driver_sql("select inputs from library_runs").scalar_one()
    assert pickle.loads(base64.b64decode(packed)) == {"args": ("*" * 21, 7)}


def test_the_addresses_stay_shut(book: Book) -> None:
    ada = plant(book)
    forgetting(book).forget(ada, "owner")
    for address in ("ADA.Lovelace+x@acme.com", "x:ada_lovelace", f"person:{ada}"):
        with book.reading() as connection, pytest.raises(Suppressed):
            check_suppressed(connection, address)
    assert book.refused("crm.create_contact", name="Ada", email="ada.lovelace@acme.com") == "suppressed"


def test_forgetting_twice_is_harmless(book: Book) -> None:
    ada = plant(book)
    forgetting(book).forget(ada, "owner")
    book.clock.move_to(START + timedelta(days=1))
    again = forgetting(book).forget(ada, "owner")
    assert (again.markers, again.before, again.after) == (0, {}, {})
    with pytest.raises(NotFound):
        forgetting(book).forget("ada.lovelace@acme.com", "owner")


def test_whoever_was_joined_is_forgotten_too(book: Book) -> None:
    ada = plant(book)
    other = book.meets("Augusta King", email="augusta@king.example")
    book.call("crm.merge_contacts", kept_id=ada, merged_id=other)
    forgetting(book).forget(ada, "owner")
    assert "augusta" not in everything(book).lower()


def test_a_look_changes_nothing(book: Book) -> None:
    ada = plant(book)
    before = everything(book)
    person, found = forgetting(book).look("x:ada_lovelace")
    assert (person.contact_id, found["actp_hook_inbox.body"]) == (ada, 1)
    assert everything(book) == before


def test_a_common_name_is_left_alone(small_book: Book) -> None:
    small_book.meets("John Smith", email="john1@acme.com")
    small_book.meets("John Smith", email="john2@acme.com")
    forgetting(small_book).forget("john1@acme.com", "owner")
    assert sorted(small_book.rows(CONTACTS, "name", "email"), key=str) == [("John Smith", "john2@acme.com"), (None, None)]


@pytest.mark.parametrize(("text", "left"), [
    ("to ada@acme.com.", f"to {GONE}."), ("nada@acme.com", "nada@acme.com"), ("j.ada@acme.com", "j.ada@acme.com"),
    ('{"a": "x\\nada@acme.com"}', f'{{"a": "x\\n{GONE}"}}'), ("m=%3Cada%40acme.com%3E", f"m=%3C{GONE}%3E"),
    ("ZO\u00cb M\u00dcLLER rang", f"{GONE} rang"), ("Zo\\u00eb M\\u00fcller", GONE), ("Zoe\u0308 Mu\u0308ller", GONE),
])  # fmt: skip
def test_markers_are_found_in_every_spelling(text: str, left: str) -> None:
    assert Markers(["ada@acme.com", "Zo\u00eb M\u00fcller"]).replaced(text) == left
