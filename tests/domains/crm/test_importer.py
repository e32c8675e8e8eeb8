"""Lists of people as HubSpot, Instantly, Smartlead and LinkedIn write them: taken in once, never against a wish, and undone."""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from revenue_machine import domains
from revenue_machine.domains.crm.importer import ContactImport
from revenue_machine.domains.crm.imports import IMPORTS
from revenue_machine.domains.crm.tables import CONTACTS, IDENTITIES, IMPORTED
from revenue_machine.engine.database import Database
from revenue_machine.engine.importing import ImportReport, ImportSource, ImportWishes, discover_imports, import_file, undo_import
from revenue_machine.engine.switch import suppress
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.errors import BadInput, NotFound
from revenue_machine.surfaces.cli.files import _csv
from tests.app_fixture import START, make_app
from tests.domains.crm.conftest import Book

KIND = IMPORTS["contacts"]
HUBSPOT = """Record ID,First Name,Last Name,Email,Phone Number,Associated Company,Job Title,Lifecycle Stage,Unsubscribed from all email
1,Ada,Lovelace,Ada@Acme.com,030 1234567,Acme,Founder,lead,
2,Bob,Ross,bob@paint.example,,Paint,Painter,customer,true
"""
INSTANTLY = """email,first_name,last_name,companyName,personalization,phone
grace@navy.example,Grace,Hopper,Navy,loved your compiler,
"""
SMARTLEAD = """first_name,last_name,email,phone_number,company_name,location,custom_fields,linkedin_profile,company_url,is_unsubscribed
Alan,Turing,alan@bletchley.example,,Bletchley,London,{},https://uk.linkedin.com/in/alan-turing,,false
"""
LINKEDIN = """Notes:
"When exporting your connection data, you may notice that some of the email addresses are missing."

First Name,Last Name,URL,Email Address,Company,Position,Connected On
Linus,T,https://www.linkedin.com/in/linus-t,,Kernel,Maintainer,01 Nov 2026
"Zo\u00eb",M,https://www.linkedin.com/in/zo%C3%AB-m,zoe@m.example,"M, Inc.",CEO,02 Nov 2026
"""


def bring(book: Book, text: str, name: str = "people.csv", **wishes: bool) -> ImportReport:
    path = book.home / name
    path.write_text(text, encoding="utf-8")
    return import_file(KIND, path, ImportWishes(**wishes), book.app.container)  # type: ignore[arg-type]


def people(book: Book, *names: str) -> list[tuple[object, ...]]:
    return sorted(book.rows(CONTACTS, *names), key=str)


@pytest.mark.parametrize(("text", "layout", "found"), [
    (HUBSPOT, "hubspot", [("Ada Lovelace", "Ada@Acme.com", "Acme", "Founder"), ("Bob Ross", "bob@paint.example", "Paint", "Painter")]),
    (INSTANTLY, "instantly", [("Grace Hopper", "grace@navy.example", "Navy", None)]),
    (SMARTLEAD, "smartlead", [("Alan Turing", "alan@bletchley.example", "Bletchley", None)]),
    (LINKEDIN, "linkedin", [("Linus T", None, "Kernel", "Maintainer"), ("Zo\u00eb M", "zoe@m.example", "M, Inc.", "CEO")]),
])  # fmt: skip
def test_every_layout_comes_as_it_is(small_book: Book, text: str, layout: str, found: list[tuple[object, ...]]) -> None:
    report = bring(small_book, text)
    assert report.notes[0] == f"layout: {layout}"
    assert (report.stored, len(report.bad)) == (len(found), 0)
    assert people(small_book, "name", "email", "company", "title") == found


def test_linkedin_profiles_are_handles_too(book: Book) -> None:
    bring(book, LINKEDIN)
    keys = [row for row in book.rows(IDENTITIES, "kind", "value_key") if row[0] in ("handle", "profile_url")]
    assert sorted(keys) == [
        ("handle", "linkedin:linus-t"), ("handle", "linkedin:zo\u00eb-m"), ("profile_url", "linkedin.com/in/linus-t"),
        ("profile_url", "linkedin.com/in/zo\u00eb-m"),
    ]  # fmt: skip


def test_the_same_file_changes_nothing(book: Book) -> None:
    bring(book, HUBSPOT)
    before = book.dump()
    book.clock.move_to(START + timedelta(days=1))
    report = bring(book, HUBSPOT, name="renamed.csv")
    # Bob opted out at HubSpot: he is on our list now and is left out the second time.
    assert (report.stored, report.duplicates, len(report.left_out)) == (0, 1, 1)
    assert book.dump() == before


def test_a_preview_writes_nothing(book: Book) -> None:
    book.meets("Ada", email="ada@acme.com")
    before = book.dump()
    report = bring(book, HUBSPOT, is_dry_run=True)
    assert not report.applied
    assert "would add up to 1 people; 1 rows are about known people" in report.notes
    assert book.dump() == before


def test_messy_cells_are_read_or_named(small_book: Book) -> None:
    text = (
        "Email;Name;LinkedIn URL\n"
        "Ada Byron <ada@acme.com>; Ada ;\n"
        '"mailto:bob@acme.com, bob@home.org";Bob;\n'
        "carl @acme.com;Carl;\n"
        "not an address;Dora;\n"
        "NaN;Emil;linkedin.com/in/emil\n"
        ";Nobody;\n"
        "fay@acme.com;Fay;nonsense\n"
    )
    report = bring(small_book, text, skips_bad_rows=True)
    assert [(one.line, one.reason) for one in report.bad] == [
        (5, "'not' is no e-mail address"), (8, "'nonsense' is no address of a profile"),
    ]  # fmt: skip
    assert [(one.line, one.reason) for one in report.left_out] == [(7, "no e-mail, handle or profile: nobody to find again")]
    assert [row[0] for row in people(small_book, "name")] == ["Ada", "Bob", "Carl", "Emil"]
    emails = sorted(row[1] for row in small_book.rows(IDENTITIES, "kind", "value_key") if row[0] == "email")
    assert emails == ["ada@acme.com", "bob@acme.com", "bob@home.org", "carl@acme.com"]


def test_bad_rows_stop_the_whole_file(small_book: Book) -> None:
    report = bring(small_book, "Email\nada@acme.com\nbroken\n")
    assert (report.applied, [one.line for one in report.bad]) == (False, [3])
    assert small_book.rows(CONTACTS) == []


def variants(number: int) -> list[str]:
    """Ten ways to write one mailbox."""
    name = f"person{number}@example.com"
    wide = "".join(chr(ord(sign) + 0xFEE0) if sign.isalnum() else sign for sign in f"person{number}") + "@example.com"
    return [
        name, name.upper(), f"  {name}", f"{name} ", f"person{number}+news@example.com", f"Person{number}+A+b@Example.com",
        f"person{number}\u200b@example.com", f"per\u00adson{number}@example.com", wide, f"person{number}\u00a0@example.com",
    ]  # fmt: skip


def test_nobody_who_opted_out_comes_back(book: Book) -> None:
    with book.writing() as connection:
        for number in range(20):
            suppress(connection, book.app.database, f"person{number}@example.com", reason="stop", source="x", clock=book.clock)
    written = [one for number in range(20) for one in variants(number)]
    report = bring(book, "Email,Name\n" + "".join(f'"{one}",P\n' for one in written) + "fresh@example.com,Fresh\n")
    assert len(written) == 200
    assert len(report.left_out) == 200
    assert people(book, "name") == [("Fresh",)]
    assert "200 people opted out earlier and were not taken in" in report.notes


def test_many_batches_are_one_import(book: Book) -> None:
    text = "Email,Name\n" + "".join(f"p{number}@acme.com,P {number}\n" for number in range(4500)) + "p7@acme.com,Again\n"
    assert (bring(book, text).stored, len(book.rows(CONTACTS))) == (4500, 4500)
    before = book.dump()
    assert (bring(book, text).stored, book.dump() == before) == (0, True)


def test_a_key_of_somebody_else_is_not_taken(book: Book) -> None:
    ada, bob = book.meets("Ada", email="ada@acme.com"), book.meets("Bob", platform="x", handle="bob")
    bring(book, "Email,Platform,Handle,Company\nada@acme.com,x,bob,Acme\n")
    assert sorted(book.rows(CONTACTS, "id", "email", "handle", "platform", "company")) == sorted([
        (ada, "ada@acme.com", None, None, "Acme"), (bob, None, "bob", "x", None),
    ])  # fmt: skip


def test_a_file_that_changes_meanwhile_is_refused(small_book: Book) -> None:
    path = small_book.home / "people.csv"
    path.write_text("Email\nada@acme.com\n", encoding="utf-8")

    def begin(source: ImportSource, database: Database, clock: Clock) -> ContactImport:
        path.write_text("Email\nbob@acme.com\n", encoding="utf-8")
        return ContactImport(source, database, clock)

    with pytest.raises(BadInput, match="changed while it was read"):
        import_file(replace(KIND, begin=begin), path, ImportWishes(), small_book.app.container)
    assert small_book.rows(CONTACTS) == []


def test_known_people_are_filled_not_overwritten(book: Book) -> None:
    ada = book.meets("Ada", email="ada@acme.com")
    report = bring(book, HUBSPOT)
    assert (report.stored, report.duplicates) == (1, 1)
    assert ("Ada", "Acme", "Founder") in people(book, "name", "company", "title")
    assert book.rows(IMPORTED, "person_id", "before")[0][0] == ada


def test_undo_leaves_what_was_before(book: Book) -> None:
    book.meets("Ada", email="ada@acme.com")
    tables = ("actp_contact_imports", "actp_suppressions", "actp_contacts")
    before, contacts = book.dump(*tables), people(book, "id", "name", "company", "title", "phone")
    book.clock.move_to(START + timedelta(days=1))
    bring(book, HUBSPOT.replace(",true", ","))
    undone = undo_import(KIND, str(book.home / "people.csv"), book.app.container)
    assert (undone.removed, undone.restored, undone.kept) == (1, 1, ())
    assert book.dump(*tables) == before
    assert people(book, "id", "name", "company", "title", "phone") == contacts


def test_undo_keeps_whom_somebody_touched(book: Book) -> None:
    bring(book, INSTANTLY + "kept@navy.example,K,E,Navy,x,\n")
    kept = book.call("crm.get_contact", contact_id="kept@navy.example").contact.id
    book.logs(kept, "message_sent", direction="out", external_id="1")
    undone = undo_import(KIND, str(book.home / "people.csv"), book.app.container)
    assert (undone.removed, undone.kept) == (1, (f"{kept} was touched since",))
    assert people(book, "id") == [(kept,)]
    with pytest.raises(NotFound):
        undo_import(KIND, str(book.home / "people.csv"), book.app.container)
    assert bring(book, INSTANTLY + "kept@navy.example,K,E,Navy,x,\n").stored == 1


def test_our_export_makes_the_same_people(book: Book, tmp_path: Path) -> None:
    bring(book, HUBSPOT)
    bring(book, LINKEDIN, name="linkedin.csv")
    book.call("crm.add_tag", contact_id="ada@acme.com", tag="vip")
    book.call("crm.advance_pipeline", contact_id="ada@acme.com", status="qualified")
    text = "".join(_csv(book.app, CONTACTS))
    assert bring(book, text, name="export.csv").stored == 0
    app, _, clock = make_app(tmp_path / "other")
    other = Book(app, clock, tmp_path / "other")
    assert bring(other, text).stored == 4
    same = ("id", "name", "email", "handle", "platform", "company", "title", "profile_url", "status", "tags", "email_opt_out")
    assert people(other, *same) == people(book, *same)
    app.close()


def test_the_command_line_knows_the_kind() -> None:
    assert discover_imports(domains)["contacts"] is KIND
    from revenue_machine.surfaces.cli.parser import make_parser

    with redirect_stdout(io.StringIO()):
        args = make_parser().parse_args(["import", "contacts", "--undo", "imp_1"])
    assert (args.undo, args.file) == (True, "imp_1")
