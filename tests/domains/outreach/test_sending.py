"""From a draft to the person: approved bytes only, every gate once more, nothing twice."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from revenue_machine.domains.crm.models import ContactBook
from revenue_machine.domains.outreach import reads
from revenue_machine.domains.outreach.models import QueueRow
from revenue_machine.domains.outreach.sender import Sender
from revenue_machine.engine.ledger import Ledger
from revenue_machine.kit.errors import OutsideRejected
from tests.domains.outreach.conftest import MONDAY
from tests.domains.outreach.house import OutreachHouse, open_outreach_house

SOON = timedelta(minutes=30)


def drafted(house: OutreachHouse, count: int = 1) -> list[dict[str, Any]]:
    """Invitations that wait for the owner."""
    house.people(max(count, 5))
    house.ask("linkedin.prospect", {"most": count})
    return house.rows(action="connect", status="pending_approval")


def queue_row(house: OutreachHouse, row_id: str) -> QueueRow:
    with house.app.database.reading() as connection:
        found = reads.row(connection, row_id)
    assert found is not None
    return found


def opt_out(house: OutreachHouse, contact_id: str) -> None:
    with house.app.database.writing() as connection:
        house.app.container.get(ContactBook).opt_out(connection, contact_id, "asked by mail", "email")  # type: ignore[type-abstract]


def test_nothing_goes_without_a_yes(house: OutreachHouse) -> None:
    (row,) = drafted(house)
    house.tick(MONDAY + SOON)
    payload = {"contact_id": row["contact_id"], "text": row["message"], "queue_id": row["id"]}
    refused = house.call("linkedin.connect", payload)
    assert refused.error is not None
    assert refused.error.code == "approval_required"
    assert house.invitations() == []


def test_a_yes_sends_exactly_these_words(house: OutreachHouse) -> None:
    (row,) = drafted(house)
    house.decide(row)
    assert house.row(row["id"])["status"] == "approved"
    house.tick(MONDAY + SOON)
    (invitation,) = house.invitations()
    assert invitation["message"] == row["message"]
    sent = house.row(row["id"])
    assert (sent["status"], sent["mode"], sent["external_id"]) == ("sent", "api", invitation["id"])
    (touch,) = house.rows("actp_interactions", type="linkedin_connect")
    assert (touch["direction"], touch["contact_id"], touch["content"]) == ("out", row["contact_id"], row["message"])
    house.tick(MONDAY + timedelta(days=1))
    assert len(house.invitations()) == 1


def test_an_edit_is_asked_anew_and_learnt(house: OutreachHouse) -> None:
    (row,) = drafted(house)
    house.edit(row, "Hello, I would like to be connected with you.")
    house.tick(MONDAY + SOON)
    assert house.invitations() == []
    house.decide(row)
    house.tick(MONDAY + SOON)
    assert [one["message"] for one in house.invitations()] == ["Hello, I would like to be connected with you."]
    (lesson,) = house.rows("actp_outreach_lessons")
    assert (lesson["kind"], lesson["before_text"]) == ("edited", row["message"])
    assert lesson["after_text"] == "Hello, I would like to be connected with you."
    assert house.row(row["id"])["drafted_text"] == row["message"]


def test_a_no_ends_it_and_teaches(house: OutreachHouse) -> None:
    (row,) = drafted(house)
    house.decide(row, "reject", "too stiff, write as you talk")
    assert (house.row(row["id"])["status"], house.row(row["id"])["error"]) == (
        "cancelled",
        "rejected: too stiff, write as you talk",
    )
    house.ask("linkedin.prospect", {"most": 3}, key="again")
    prompts = house.outside.store.run("select request from journal where service = 'anthropic' order by place desc limit 1")
    assert "too stiff, write as you talk" in prompts[0][0]
    house.tick(MONDAY + SOON)
    assert house.invitations() == []


def test_no_answer_in_a_day_is_a_no(house: OutreachHouse) -> None:
    (row,) = drafted(house)
    house.clock.move_to(MONDAY + timedelta(hours=24))
    house.app.approvals.expire()
    house.app.events.drain()
    assert house.row(row["id"])["status"] == "expired"


def test_opting_out_after_the_yes_stops_it(house: OutreachHouse) -> None:
    (row,) = drafted(house)
    house.decide(row)
    opt_out(house, row["contact_id"])
    house.tick(MONDAY + SOON)
    assert house.invitations() == []
    assert house.row(row["id"])["status"] == "cancelled"


def test_suppression_holds_without_any_reaction(house: OutreachHouse) -> None:
    """The list is read in the send's own transaction: no event has to be handled first."""
    (row,) = drafted(house)
    house.decide(row)
    with house.app.database.writing() as connection:
        book = house.app.container.get(ContactBook)  # type: ignore[type-abstract]
        book.opt_out(connection, row["contact_id"], "one click", "email")
    (card,) = house.app.approvals.cards("approved")
    answer = house.app.dispatcher.call(call_of(card), card["payload"])
    assert answer.error is not None
    assert answer.error.code == "suppressed"
    assert house.invitations() == []


def call_of(card: dict[str, Any]) -> Any:
    from revenue_machine.engine.call import Call

    key = f"queue/{card['payload']['queue_id']}"
    return Call(card["topic"], key, f"test/{key}", "machine", approval_id=card["id"])


def test_an_answer_after_the_yes_stops_it(house: OutreachHouse) -> None:
    rows = house.connected()
    house.clock.move_to(house.clock.now() + timedelta(hours=3))
    house.ask("linkedin.follow_up")
    (row,) = house.rows(action="message", status="pending_approval")
    house.decide(row)
    house.linkedin.public_reply(house.state("linkedin"), house.person_of(rows[0]), "Hi, nice to connect!")
    house.deliver()
    house.tick(house.clock.now() + timedelta(days=1))
    assert house.sent_on_linkedin() == []
    assert (house.row(row["id"])["status"], house.row(row["id"])["error"]) == ("cancelled", "they answered")


def test_an_answer_on_another_channel_stops_it_too(house: OutreachHouse) -> None:
    (row,) = drafted(house)
    house.decide(row)
    house.clock.move_to(MONDAY + timedelta(minutes=10))
    said = {"contact_id": row["contact_id"], "type": "email_reply", "content": "hello", "channel": "email", "direction": "in"}
    house.ask("crm.log_interaction", said)
    house.tick(MONDAY + SOON)
    assert house.invitations() == []
    assert house.row(row["id"])["status"] == "cancelled"


def test_a_joined_person_is_invited_once(house: OutreachHouse) -> None:
    first, second = drafted(house, 2)
    for row in (first, second):
        house.decide(row)
    merged = house.ask("crm.merge_contacts", {"kept_id": first["contact_id"], "merged_id": second["contact_id"]})
    assert merged
    for hours in range(1, 30):
        house.tick(MONDAY + timedelta(hours=hours))
    assert len(house.invitations()) == 1
    assert sorted(one["status"] for one in house.rows(action="connect")) == ["cancelled", "sent"]


def approved_messages(house: OutreachHouse, count: int) -> list[dict[str, Any]]:
    """First messages to new connections, with a yes."""
    house.connected(count)
    house.clock.move_to(house.clock.now() + timedelta(hours=25))
    house.ask("linkedin.follow_up")
    rows = house.rows(action="message", status="pending_approval")
    for row in rows:
        house.decide(row)
    return rows


def test_whoever_is_gone_costs_one_message(house: OutreachHouse) -> None:
    """A 404 for one person says nothing of the account: the others get theirs, the channel does not rest."""
    rows = approved_messages(house, 3)
    gone = rows[1]
    house.linkedin.public_block(house.state("linkedin"), house.person_of(gone))
    for minutes in range(5, 65, 20):
        house.tick(house.clock.now() + timedelta(minutes=minutes))
    assert house.rows("actp_channel_pauses") == []
    assert len(house.sent_on_linkedin()) == 2
    assert {row["id"]: house.row(row["id"])["status"] for row in rows} == {
        rows[0]["id"]: "sent", gone["id"]: "failed", rows[2]["id"]: "sent",
    }  # fmt: skip
    assert house.rows("actp_contacts", id=gone["contact_id"])[0]["opted_out_at"] is None
    (profile,) = house.rows("actp_outreach_profiles", contact_id=gone["contact_id"])
    assert profile["standing"] == "blocked"


@pytest.mark.parametrize(
    ("reason", "is_opted_out", "rests"),
    [("not_allowed", False, False), ("blocked", True, True), ("refused", False, False), ("restricted", False, True)],
)
def test_only_a_block_opts_out(reason: str, is_opted_out: bool, rests: bool, house: OutreachHouse) -> None:
    """A closed door leads nowhere on that platform; only who blocks us has said never."""
    (row,) = drafted(house)
    house.app.container.get(Sender)._failed(queue_row(house, row["id"]), OutsideRejected("no", reason=reason))
    house.app.events.drain()
    (contact,) = house.rows("actp_contacts", id=row["contact_id"])
    (profile,) = house.rows("actp_outreach_profiles", contact_id=row["contact_id"])
    assert (contact["opted_out_at"] is not None, bool(house.rows("actp_channel_pauses"))) == (is_opted_out, rests)
    assert (profile["standing"] == "blocked") == (reason in ("not_allowed", "blocked"))


def test_a_restriction_closes_linkedin_for_a_day(house: OutreachHouse) -> None:
    rows = approved_messages(house, 3)
    house.people(6)
    for row in rows:
        house.linkedin.public_report(house.state("linkedin"), house.person_of(row))
    house.tick(house.clock.now() + timedelta(minutes=5))
    tried = house.acted("linkedin", end="/messages/send") + house.acted("linkedin", end="/chats/send")
    assert tried == 0
    (pause,) = house.rows("actp_channel_pauses")
    assert pause["channel"] == "linkedin"
    assert pause["until"] - house.clock.now() == timedelta(hours=24)
    requests = house.outside.store.run("select count(*) from journal where service = 'linkedin' and path like '%/send'")
    assert requests[0][0] <= 1
    assert house.row(rows[0]["id"])["status"] in ("failed", "cancelled", "approved")


def test_an_answer_that_was_lost_is_looked_up(house: OutreachHouse) -> None:
    (row,) = drafted(house)
    house.outside.add_fault("linkedin", "/users/me/relation-requests", "act_then_drop", 1)
    house.decide(row)
    house.tick(MONDAY + SOON)
    assert len(house.invitations()) == 1
    assert house.row(row["id"])["status"] == "sending"
    house.app.call("system.reconcile", key="after")
    assert (len(house.invitations()), house.row(row["id"])["status"]) == (1, "sent")


def test_what_never_arrived_is_sent_once(house: OutreachHouse) -> None:
    (row,) = drafted(house)
    house.outside.add_fault("linkedin", "/users/me/relation-requests", "500", 1)
    house.decide(row)
    house.tick(MONDAY + SOON)
    assert house.invitations() == []
    house.app.call("system.reconcile", key="after")
    assert (len(house.invitations()), house.row(row["id"])["status"]) == (1, "sent")


def test_by_hand_waits_for_the_button(tmp_path: Path) -> None:
    with open_outreach_house(tmp_path, REVENUE_LINKEDIN__MODE="assisted") as house:
        house.clock.move_to(MONDAY)
        (row,) = drafted(house)
        house.decide(row)
        house.tick(MONDAY + SOON)
        (task,) = house.app.handwork.cards()
        assert (task["text"], task["link"], task["topic"]) == (row["message"], row["evidence_url"], "linkedin.connect")
        assert house.invitations() == []
        assert house.row(row["id"])["status"] == "sending"
        house.app.handwork.close(task["id"], is_done=True, text_hash=task["text_hash"], actor="owner")
        house.app.events.drain()
        assert house.row(row["id"])["status"] == "sent"
        assert len(house.rows("actp_interactions", type="linkedin_connect")) == 1


def test_by_hand_is_withdrawn_when_they_opt_out(tmp_path: Path) -> None:
    with open_outreach_house(tmp_path, REVENUE_LINKEDIN__MODE="assisted") as house:
        house.clock.move_to(MONDAY)
        (row,) = drafted(house)
        house.decide(row)
        house.tick(MONDAY + SOON)
        opt_out(house, row["contact_id"])
        house.app.events.drain()
        assert house.app.handwork.cards() == []
        assert (house.row(row["id"])["status"], house.rows("actp_cap_slots", channel="linkedin")) == ("cancelled", [])


def test_the_first_day_sends_five_with_pauses(house: OutreachHouse) -> None:
    for row in drafted(house, 12):
        house.decide(row)
    for minutes in range(0, 8 * 60, 5):
        house.tick(MONDAY + timedelta(minutes=minutes))
    slots = sorted(one["taken_at"] for one in house.rows("actp_cap_slots", channel="linkedin"))
    gaps = [later - earlier for earlier, later in pairwise(slots)]
    assert len(house.invitations()) == 5
    assert min(gaps) >= timedelta(minutes=4)
    assert len(set(gaps)) > 1


@pytest.mark.parametrize("text", ["x" * 301, "   "])
def test_words_the_platform_cannot_take_end_it(house: OutreachHouse, text: str) -> None:
    (row,) = drafted(house)
    house.edit(row, text)
    house.decide(row)
    house.tick(MONDAY + SOON)
    assert house.invitations() == []
    assert house.row(row["id"])["status"] == "failed"


def test_books_hold_what_the_texts_cost(house: OutreachHouse) -> None:
    drafted(house, 3)
    assert house.app.container.get(Ledger) is not None
    booked = -sum(one["amount_micro_usd"] for one in house.rows("actp_ledger_entries", service="anthropic"))
    assert booked >= sum(one["cost_micro_usd"] for one in house.rows()) > 0
