"""The ten topics through the dispatcher."""

from __future__ import annotations

from datetime import timedelta

from revenue_machine.domains.crm.tables import CONTACTS
from tests.app_fixture import START
from tests.domains.crm.conftest import Book


def test_create_says_whether_it_is_new(book: Book) -> None:
    made = book.call("crm.create_contact", name="Ada", email="ada@acme.com", tags=["VIP"])
    assert made.is_new
    again = book.call("crm.create_contact", email="ADA@acme.com", title="Founder")
    assert (again.contact_id, again.is_new) == (made.contact_id, False)
    assert book.refused("crm.create_contact", company="Acme") == "bad_input"
    assert book.refused("crm.create_contact", handle="ada") == "bad_input"


def test_log_answers_status_and_score(book: Book) -> None:
    ada = book.call("crm.create_contact", name="Ada", email="ada@acme.com").contact_id
    said = book.call(
        "crm.log_interaction", contact_id="ada@acme.com", type="reply", direction="in", intent_class="lead", content="tell me more"
    )
    assert (said.contact_id, said.status, said.score) == (ada, "replied", 51.0)
    assert book.refused("crm.log_interaction", contact_id="bob@acme.com", type="note") == "not_found"


def test_the_same_call_logs_once(book: Book) -> None:
    book.call("crm.create_contact", name="Ada", email="ada@acme.com")
    payload = {"contact_id": "ada@acme.com", "type": "note", "content": "hello"}
    first = book.app.call("crm.log_interaction", payload, key="k1").value
    book.clock.move_to(START + timedelta(hours=1))
    assert book.app.call("crm.log_interaction", payload, key="k1").value.interaction_id == first.interaction_id  # type: ignore[union-attr]


def test_lists_filter_and_rank(book: Book) -> None:
    for number, (platform, tag) in enumerate([("x", "a"), ("x", "b"), ("linkedin", "a")]):
        book.call("crm.create_contact", name=f"P{number}", platform=platform, handle=f"p{number}", tags=[tag])
    book.logs(book.call("crm.get_contact", contact_id="x:p1").contact.id, "reply", direction="in", external_id="1")
    listed = book.call("crm.list_contacts", platform="x")
    assert [(one.name, one.stage, one.platform) for one in listed.contacts] == [("P1", "replied", "x"), ("P0", "new", "x")]
    assert listed.contacts[0].reason is not None
    assert book.call("crm.list_contacts", tag="a").total == 2
    assert book.call("crm.list_contacts", min_score=10).total == 1
    assert book.call("crm.list_contacts", limit=1, offset=1).contacts[0].name in ("P0", "P2")


def test_search_needs_every_word(book: Book) -> None:
    book.call("crm.create_contact", name="Ada Lovelace", email="ada@acme.com", title="Founder 100%")
    book.call("crm.create_contact", name="Bob Ross", email="bob@acme.com", title="Painter")
    assert [one.name for one in book.call("crm.search_contacts", query="ACME found").contacts] == ["Ada Lovelace"]
    assert book.call("crm.search_contacts", query="100%").total == 1
    assert book.call("crm.search_contacts", query="a_a").total == 0


def test_the_pipeline_says_no_with_a_reason(book: Book) -> None:
    book.call("crm.create_contact", name="Ada", email="ada@acme.com")
    moved = book.call("crm.advance_pipeline", contact_id="ada@acme.com", status="warming", why="fits")
    assert (moved.before, moved.status, moved.moved) == ("new", "warming", True)
    assert not book.call("crm.advance_pipeline", contact_id="ada@acme.com", status="warming").moved
    envelope = book.app.call("crm.advance_pipeline", {"contact_id": "ada@acme.com", "status": "qualified"})
    assert envelope.error is not None
    assert envelope.error.code == "conflict"
    assert "after warming comes one of ready_for_dm, contacted" in envelope.error.message


def test_tags_come_and_go(book: Book) -> None:
    book.call("crm.create_contact", name="Ada", email="ada@acme.com", tags=["b"])
    assert book.call("crm.add_tag", contact_id="ada@acme.com", tag=" A ").tags == ["a", "b"]
    assert book.call("crm.add_tag", contact_id="ada@acme.com", tag="b", remove=True).tags == ["a"]


def test_update_sets_and_adds_keys(book: Book) -> None:
    ada = book.call("crm.create_contact", name="Ada", email="ada@acme.com").contact_id
    book.call("crm.create_contact", name="Bob", email="bob@acme.com")
    done = book.call("crm.update_contact", contact_id=ada, name="Ada L", email="ada@home.org", timezone="Europe/Berlin")
    assert done.changed == ["email", "name", "timezone"]
    got = book.call("crm.get_contact", contact_id="ada@home.org")
    assert (got.contact.id, [one["value_key"] for one in got.identities]) == (ada, ["ada@acme.com", "ada@home.org"])
    assert book.refused("crm.update_contact", contact_id=ada, email="bob@acme.com") == "conflict"
    assert book.refused("crm.update_contact", contact_id=ada, email="nonsense") == "bad_input"
    assert book.call("crm.update_contact", contact_id=ada, opt_out="asked by phone").opted_out


def test_stats_count_the_week(book: Book) -> None:
    for number in range(3):
        book.call("crm.create_contact", name=f"P{number}", email=f"p{number}@acme.com", source="import")
    book.logs(book.call("crm.get_contact", contact_id="p1@acme.com").contact.id, "email_sent", direction="out", external_id="1")
    book.logs(book.call("crm.get_contact", contact_id="p1@acme.com").contact.id, "reply", direction="in", external_id="2")
    stats = book.call("crm.stats")
    assert (stats.contacts, stats.new_7d, stats.touched_7d, stats.replied_7d, stats.reply_rate_7d) == (3, 3, 1, 1, 1.0)
    assert stats.pipeline == {"new": 2, "replied": 1}
    assert stats.sources == {"import": 3}
    assert len(book.rows(CONTACTS)) == 3


def test_get_names_who_may_be_the_same(book: Book) -> None:
    ada = book.call("crm.create_contact", name="Ada Lovelace", company="Acme", email="ada@acme.com").contact_id
    book.call("crm.create_contact", name="Ada Lovelace", company="Acme Inc", platform="x", handle="ada_l")
    doubles = book.call("crm.get_contact", contact_id=ada).doubles
    assert [one["reasons"] for one in doubles] == [("the same name and company: ada lovelace, acme",)]
