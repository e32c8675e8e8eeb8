"""From a visitor's id to the contact and the subscriber, with where each link is known from."""

from __future__ import annotations

import pytest

from revenue_machine.domains.crm.models import ContactBook, ContactDraft, IdentityDraft
from revenue_machine.engine.forgetting import Forgotten
from revenue_machine.kit.errors import Failure
from tests.domains.analytics.conftest import Shelf

ANN = {"$anon_distinct_id": "anon-1", "$set": {"email": "Ann@people.example"}}


def contact(shelf: Shelf, email: str, *identities: IdentityDraft) -> str:
    with shelf.app.database.writing() as connection:
        return shelf.app.container.get(ContactBook).upsert(connection, ContactDraft(name="A", email=email, identities=identities))  # type: ignore[type-abstract]


def visit(shelf: Shelf) -> None:
    shelf.keep(
        ("anon-1", "open", "2026-01-01"), ("ann", "$identify", "2026-01-02", ANN), ("ann", "buy", "2026-01-03"),
        ("bob", "$identify", "2026-01-04", {"$anon_distinct_id": "anon-1"}), ("bob", "open", "2026-01-05"),
    )  # fmt: skip


def test_merged_visitor_is_one_person(shelf_anywhere: Shelf) -> None:
    visit(shelf_anywhere)
    assert shelf_anywhere.people(["open", "buy"]) == [(None, 2), (None, 1)]
    seen = shelf_anywhere.ask("posthog.identity", id="anon-1")
    assert (seen["person_id"], seen["distinct_ids"], seen["events"]) == ("ann", ["ann", "anon-1"], 3)
    assert seen["conflicts"] == ["anon-1 was not joined to bob: anon-1 is ann already"]
    assert [(one["outcome"], one["kind"]) for one in seen["merges"]] == [("merged", "$identify"), ("conflict", "$identify")]


def test_contact_and_subscriber_are_named(shelf: Shelf) -> None:
    contact_id = contact(shelf, "ann@people.example", IdentityDraft("subscriber", "rc-ann", source="event:billing"))
    visit(shelf)
    for wanted in ("anon-1", "ann", "rc-ann", "ann@people.example", contact_id):
        seen = shelf.ask("posthog.identity", id=wanted)
        assert (seen["contact_id"], seen["subscribers"], seen["distinct_ids"]) == (contact_id, ["rc-ann"], ["ann", "anon-1"])
    seen = shelf.ask("posthog.identity", id="ann")
    assert [(one["value"], one["source"], one["confidence"]) for one in seen["contacts"]] == [("ann", "event:$identify", 1.0)]


def test_two_contacts_are_a_conflict(shelf: Shelf) -> None:
    first = contact(shelf, "one@people.example", IdentityDraft("distinct_id", "ann"))
    second = contact(shelf, "two@people.example", IdentityDraft("distinct_id", "anon-1"))
    visit(shelf)
    seen = shelf.ask("posthog.identity", id="ann")
    assert seen["contact_id"] is None
    assert seen["conflicts"][-1].startswith(f"the ids belong to several contacts: {', '.join(sorted((first, second)))}")


def test_address_of_another_owner_moves_no_id(shelf: Shelf) -> None:
    owner = contact(shelf, "owner@people.example", IdentityDraft("distinct_id", "ann"))
    contact(shelf, "ann@people.example")
    visit(shelf)
    assert shelf.ask("posthog.identity", id="ann")["contact_id"] == owner


def test_merge_is_taken_back(shelf_anywhere: Shelf) -> None:
    shelf = shelf_anywhere
    visit(shelf)
    merge_id = shelf.ask("posthog.identity", id="ann")["merges"][0]["id"]
    assert shelf.ask("posthog.unmerge", merge_id=merge_id, reason="a shared laptop")["undone"] is True
    assert shelf.ask("posthog.unmerge", merge_id=merge_id)["undone"] is False
    seen = shelf.ask("posthog.identity", id="ann")
    assert (seen["distinct_ids"], seen["merges"][0]["undone_why"]) == (["ann"], "a shared laptop")
    assert shelf.ask("posthog.identity", id="anon-1")["person_id"] == "bob"
    shelf.keep(("zoe", "open", "2026-02-01"), name="more.jsonl")
    assert shelf.ask("posthog.identity", id="ann")["distinct_ids"] == ["ann"]


def test_late_identify_changes_the_past(shelf: Shelf) -> None:
    visit(shelf)
    shelf.keep(("carl", "$identify", "2026-01-01T12:00:00Z", {"$anon_distinct_id": "anon-1"}), name="late.jsonl")
    seen = shelf.ask("posthog.identity", id="anon-1")
    assert (seen["person_id"], len(seen["conflicts"])) == ("carl", 2)


@pytest.mark.parametrize(("topic", "payload"), [("posthog.identity", {"id": "nobody"}), ("posthog.unmerge", {"merge_id": "idm_x"})])
def test_unknown_ids_are_not_found(topic: str, payload: dict[str, str], shelf: Shelf) -> None:
    error = shelf.app.call(topic, payload).error
    assert isinstance(error, Failure)
    assert error.code == "not_found"


def test_forgotten_person_leaves_only_counts(shelf_anywhere: Shelf) -> None:
    from revenue_machine.domains.analytics.forgetting import forget

    shelf = shelf_anywhere
    contact_id = contact(shelf, "ann@people.example")
    visit(shelf)
    with shelf.app.database.writing() as connection:
        person = Forgotten(contact_id, (contact_id,), ("ann@people.example",))
        assert forget(person, connection) == 5
        assert forget(person, connection) == 0
    assert shelf.app.call("posthog.identity", {"id": "ann"}).error is None
    assert shelf.people(["open", "buy"]) == [(None, 2), (None, 1)]
