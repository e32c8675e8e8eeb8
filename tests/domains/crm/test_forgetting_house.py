"""Forgetting reaches every table of the house: whatever a domain, the engine or a library kept of the person is gone."""

from __future__ import annotations

import json
from typing import Any

import pytest
import sqlalchemy as sa

from revenue_machine import domains
from revenue_machine.domains.crm.imports import IMPORTS
from revenue_machine.domains.crm.tables import CONTACTS
from revenue_machine.engine.forgetting import Forgetting, Markers, Proof
from revenue_machine.engine.importing import ImportWishes, import_file
from revenue_machine.engine.switch import check_suppressed
from revenue_machine.kit.db import metadata
from revenue_machine.kit.errors import Suppressed
from tests.app_fixture import START
from tests.domains.crm.conftest import Book

MAIL, HANDLE, NAME = "ada.lovelace@acme.com", "ada_lovelace", "Ada Lovelace"
WORDS = f"Hello {NAME} <{MAIL}>, are you @{HANDLE}?"
SWEPT = (
    "actp_outreach_queue", "actp_outreach_profiles", "actp_outreach_lessons", "actp_email_enrolments", "actp_email_templates",
    "actp_email_sends", "actp_email_replies", "actp_email_captures", "actp_hand_tasks", "actp_approvals", "actp_events",
    "actp_hook_inbox", "actp_upwork_jobs",
)  # fmt: skip
# Where a marker would be no row any more: these hold what decides which row it is.
LEFT = frozenset({"status", "kind", "key", "channel", "topic", "service"})


def planted_row(table: sa.Table, contact_id: str) -> dict[str, Any]:
    """One row with the person in every text that can hold one."""
    row: dict[str, Any] = {}
    for column in table.columns:
        if column.computed is not None:
            continue
        key = column.primary_key or column.name in LEFT or column.unique
        if column.name in ("contact_id", "person_id"):
            row[column.name] = contact_id
        elif (
            isinstance(column.type, sa.JSON)
            or "json" in type(column.type).__name__.lower()
            or "document" in type(column.type).__name__.lower()
        ):
            row[column.name] = {"who": WORDS}
        elif column.type.python_type is str:
            row[column.name] = f"{table.name}-1" if key else WORDS
        elif column.type.python_type in (int, float, bool) and not column.primary_key:
            row[column.name] = 0
        elif not column.primary_key:
            row[column.name] = START
    if table.name == "actp_approvals":
        row["payload"] = json.dumps({"contact_id": contact_id, "text": "a first name alone: Ada", "queue_id": "q"})
    return row


def plant(book: Book) -> str:
    """Ada in the contact book, in one row of every table that may name her, and in the durable library's own tables."""
    ada = book.meets(NAME, email=MAIL, platform="x", handle=HANDLE)
    book.logs(ada, "email_reply", direction="in", channel="email", external_id="m1", content=WORDS)
    book.app.durable.launch()
    payload = {"name": NAME, "email": MAIL, "platform": "x", "handle": HANDLE}
    book.app.ticker.run_topic("crm.create_contact", "1815", payload)
    book.app.durable.settle(timeout_s=30)
    with book.writing() as connection:
        for name in SWEPT:
            connection.execute(metadata.tables[name].insert(), planted_row(metadata.tables[name], ada))
    return ada


def named_in(book: Book) -> set[str]:
    """Every `table` of the whole database, the libraries' own too, that names her (plain or packed)."""
    marks = Markers([MAIL, HANDLE, NAME])
    found = set()
    with book.reading() as connection:
        inspector = sa.inspect(connection)
        is_postgres = connection.dialect.name == "postgresql"
        schemas = [one for one in inspector.get_schema_names() if one != "information_schema"] if is_postgres else [None]
        for schema in schemas:
            for name in inspector.get_table_names(schema=schema):
                full = f'"{schema}"."{name}"' if schema else f'"{name}"'
                rows = connection.exec_driver_sql(f"select * from {full}").all()
                if any(marks.found_in(str(cell)) for row in rows for cell in row):
                    found.add(name)
    return found


@pytest.fixture
def forgotten(book: Book) -> tuple[str, Proof]:
    """(her id, the proof), after the tables were seen to name her."""
    ada = plant(book)
    before = named_in(book)
    assert set(SWEPT) - {"actp_approvals"} <= before
    assert "actp_approvals" in before
    assert before & {"workflow_status", "workflow_input"}, before
    proof = Forgetting(book.app.database, book.app.settings, book.app.audit, book.app.container, domains).forget(ada, "owner")
    return ada, proof


def test_no_table_of_the_house_names_her(book: Book, forgotten: tuple[str, Proof]) -> None:
    _, proof = forgotten
    assert named_in(book) == set()
    assert proof.after == {}
    assert proof.audit_entries > 0
    assert book.app.audit.verify() == proof.audit_entries


def test_words_without_a_marker_are_gone_too(book: Book, forgotten: tuple[str, Proof]) -> None:
    """A greeting by first name is no marker: rows of hers are emptied by whose they are."""
    _, proof = forgotten
    tables = metadata.tables
    assert book.rows(tables["actp_approvals"], "payload", "status") == [("{}", "actp_approvals-1")]
    assert set(book.rows(tables["actp_outreach_queue"], "message", "drafted_text")) == {("", "")}
    assert book.rows(tables["actp_email_sends"], "subject", "recipient") == [("", "")]
    assert book.rows(tables["actp_hand_tasks"], "text", "link") == [("", "")]
    assert book.rows(tables["actp_upwork_jobs"], "proposal_text", "description") == [(None, None)]
    assert book.rows(tables["actp_email_replies"]) == []
    assert {"outreach", "email", "upwork", "crm", "approvals", "hand_tasks"} <= set(proof.rows)


def test_she_stays_shut_and_no_list_revives_her(book: Book, forgotten: tuple[str, Proof]) -> None:
    ada, _ = forgotten
    for address in (MAIL, f"x:{HANDLE}", f"person:{ada}"):
        with book.reading() as connection, pytest.raises(Suppressed):
            check_suppressed(connection, address)
    before = len(book.rows(CONTACTS))
    path = book.home / "again.csv"
    path.write_text(f"email,first_name,last_name,companyName,personalization,phone\n{MAIL},Ada,Lovelace,Acme,,\n", encoding="utf-8")
    report = import_file(IMPORTS["contacts"], path, ImportWishes(), book.app.container)
    path.unlink()
    assert report.stored == 0
    assert len(book.rows(CONTACTS)) == before
    assert [row for row in book.rows(CONTACTS, "email", "name") if row != (None, None)] == []
    assert book.refused("crm.create_contact", name=NAME, email=MAIL) == "suppressed"
