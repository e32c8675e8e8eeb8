"""Step 12: twenty direct messages as questions; an outsider sees what waits; campaigns and bulk ask too."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from revenue_machine.domains.routine import rules as routine_rules
from revenue_machine.domains.routine.models import Status
from tests.domains.outreach.conftest import MONDAY
from tests.domains.outreach.house import OutreachHouse, open_outreach_house


def test_twenty_wait_and_that_is_the_answer(house: OutreachHouse) -> None:
    house.writers(25)
    house.ask("dm.sync")
    envelope = house.call("dm.process_outreach")
    assert envelope.error is not None
    error = envelope.error.as_dict()
    cards = house.app.approvals.cards()
    assert error["code"] == "approval_required"
    assert (len(error["approval_ids"]), error["queued"], error["sent_count"], error["failed_count"]) == (20, 20, 0, 0)
    assert set(error["approval_ids"]) == {one["id"] for one in cards}
    assert error["approval_id"] in error["approval_ids"]
    assert house.state("direct_message").count("message") == 25


def test_the_routine_shows_it_as_waiting(house: OutreachHouse) -> None:
    house.writers(3)
    house.ask("dm.sync")
    outcome = house.call("dm.process_outreach").outcome()
    assert routine_rules.status_of(outcome, 1) is Status.AWAITING_APPROVAL
    assert outcome["queued"] == 3


def test_nobody_warm_is_an_honest_zero(house: OutreachHouse) -> None:
    result = house.ask("dm.process_outreach")
    assert (result["queued"], result["why_fewer"]) == (0, "0 people may be written to now, 20 were wanted")


def test_the_second_run_of_a_day_adds_nothing(house: OutreachHouse) -> None:
    house.writers(25)
    house.ask("dm.sync")
    for key in ("a", "b"):
        house.call("dm.process_outreach", key=key)
    assert len(house.rows()) == 20


def test_the_first_message_says_how_to_end_it(house: OutreachHouse) -> None:
    house.writers(3)
    house.ask("dm.sync")
    house.call("dm.process_outreach")
    assert all(one["lane"] == "re_warm" for one in house.rows())
    house.people(5)
    house.ask("linkedin.prospect", {"most": 1})
    (row,) = house.rows(platform="linkedin")
    text = house.ask("linkedin.ai_message", {"contact_id": row["contact_id"]})["text"]
    assert "stop" not in text.lower()


def test_x_goes_by_hand_unless_told(house: OutreachHouse) -> None:
    house.writers(1)
    house.ask("dm.sync")
    house.call("dm.process_outreach")
    (row,) = house.rows()
    house.decide(row)
    house.tick(MONDAY.replace(hour=17))
    (task,) = house.app.handwork.cards()
    assert task["text"] == row["message"]
    assert house.acted("direct_message") == 0


def test_x_by_interface_sends_and_looks_up(tmp_path: Path) -> None:
    with open_outreach_house(tmp_path, REVENUE_DIRECT_MESSAGE__MODE="api") as house:
        house.clock.move_to(MONDAY)
        house.writers(1)
        house.ask("dm.sync")
        house.call("dm.process_outreach")
        (row,) = house.rows()
        house.outside.add_fault("direct_message", "/messages", "act_then_drop", 1)
        house.decide(row)
        house.tick(MONDAY.replace(hour=17))
        house.app.call("system.reconcile", key="after")
        ours = [one for one in house.state("direct_message").list("message") if one["is_ours"]]
        assert [one["text"] for one in ours] == [row["message"]]
        assert house.row(row["id"])["status"] == "sent"


def test_bulk_asks_about_each(house: OutreachHouse) -> None:
    house.writers(3)
    house.ask("dm.sync")
    ids = [one["id"] for one in house.rows("actp_contacts")]
    envelope = house.call(
        "dm.bulk_send", {"platform": "x", "contact_ids": [*ids, "con_nobody"], "purpose": "ask what they use today"}
    )
    assert envelope.error is not None
    error = envelope.error.as_dict()
    assert (error["code"], error["queued"], error["refused"]) == (
        "approval_required",
        3,
        {"con_nobody": "there is no such contact"},
    )
    again = house.call("dm.bulk_send", {"platform": "x", "contact_ids": ids, "purpose": "ask what they use today"}, key="again")
    assert again.error is not None
    assert again.error.code == "conflict"


def test_a_campaign_drafts_its_share(house: OutreachHouse) -> None:
    house.writers(6)
    house.ask("dm.sync")
    made = {
        "action": "create",
        "name": "autumn",
        "platform": "x",
        "brief": "ask what they use today",
        "most_per_day": 4,
        "steps": [2, 5],
    }
    assert house.ask("linkedin.campaign", made)["audience"] == 6
    run = house.ask("linkedin.campaign", {"action": "run", "name": "autumn"}, key="run")
    assert (run["drafted"], run["pending"]) == (4, 4)
    assert house.ask("linkedin.campaign", {"action": "run", "name": "autumn"}, key="run again")["drafted"] == 0
    house.ask("linkedin.campaign", {"action": "pause", "name": "autumn"}, key="pause")
    refused = house.call("linkedin.campaign", {"action": "run", "name": "autumn"}, key="after")
    assert refused.error is not None
    assert refused.error.code == "conflict"


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"action": "run", "name": "nobody"}, "not_found"), ({"action": "create", "name": "a", "brief": "short"}, "bad_input"),
        ({"action": "create", "name": "a", "brief": "one two three", "offer": "nothing"}, "bad_input"),
    ],
)  # fmt: skip
def test_a_campaign_needs_its_words(house: OutreachHouse, payload: dict[str, str], code: str) -> None:
    envelope = house.call("linkedin.campaign", payload)
    assert envelope.error is not None
    assert envelope.error.code == code


def test_stats_count_what_became_of_them(house: OutreachHouse) -> None:
    house.writers(2)
    house.connected(2)
    stats = house.ask("linkedin.stats")
    assert (stats["sent"], stats["accepted"], stats["acceptance_rate"]) == (2, 2, 1.0)
    house.call("dm.process_outreach")
    house.decide(house.rows(platform="x")[0], "reject", "not now")
    stats = house.ask("dm.stats", key="dm")
    assert (stats["prepared"], stats["pending"], stats["rejected"], stats["sent"]) == (2, 1, 1, 0)


def test_an_expired_draft_is_not_drafted_next_day(house: OutreachHouse) -> None:
    house.writers(2)
    house.ask("dm.sync")
    house.call("dm.process_outreach", key="a")
    house.clock.move_to(MONDAY + timedelta(days=1, hours=1))
    house.app.approvals.expire()
    house.app.events.drain()
    house.ask("dm.process_outreach", key="b")
    assert {one["status"] for one in house.rows()} == {"expired"}
    assert len(house.rows()) == 2
