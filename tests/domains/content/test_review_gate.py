"""A draft goes out by a good review or by a person's word, and never by default."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from revenue_machine.domains.content.reads import approved_drafts, reviews_of
from revenue_machine.domains.content.store import draft_row, insert_drafts
from revenue_machine.kit.ids import content_hash
from tests.domains.content_house import House, open_house


def review_with_silent_reviewer(house: House) -> list[dict[str, Any]]:
    """One niche's drafts, held because the reviewer is down."""
    house.ask("twitter.generate", {"niche": "ai_automation"})
    house.outside.add_fault("anthropic", "", "down", 10)
    house.ask("content.review")
    return house.app.approvals.cards()


def test_drafts_are_judged_in_tens(house: House) -> None:
    house.ask("twitter.generate")
    asked = house.requests("anthropic")
    found = house.ask("content.review")
    drafts = house.rows("actp_drafts")
    assert house.requests("anthropic") - asked == 5
    assert found["reviewed"] == found["approved"] + found["held"] + found["rejected"]
    assert [row for row in drafts if row["status"] == "draft"] == []
    for row in drafts:
        if row["status"] == "approved":
            assert row["review_score"] >= 7.0
            assert row["review_scores"]["compliance"] >= 8
            assert min(row["review_scores"].values()) >= 4
    assert len(house.rows("actp_review_rubrics", slug="text_post")) == 1


def test_second_review_asks_nobody(house: House) -> None:
    house.ask("twitter.generate", {"niche": "ai_automation"})
    house.ask("content.review")
    asked, drafts = house.requests("anthropic"), house.rows("actp_drafts")
    assert house.ask("content.review")["reviewed"] == 0
    assert (house.requests("anthropic"), house.rows("actp_drafts")) == (asked, drafts)


def test_silent_reviewer_approves_nothing(house: House) -> None:
    cards = review_with_silent_reviewer(house)
    waiting = [row for row in house.rows("actp_drafts") if row["status"] == "held"]
    assert len(cards) == len(waiting) > 5
    assert {row["status"] for row in house.rows("actp_drafts")} <= {"held", "rejected"}
    card = cards[0]
    row = next(row for row in waiting if row["id"] == card["payload"]["draft_id"])
    assert (card["kind"], card["payload"]["text"]) == ("draft", row["text"])
    assert "no verdict" in card["why"]


def test_unreadable_review_is_asked_again(house: House) -> None:
    house.ask("twitter.generate", {"niche": "ai_automation"})
    house.misbehave("not_json")
    found = house.ask("content.review")
    assert (found["retried"], found["approved"] > 0) == (1, True)


def test_unreadable_twice_is_held(house: House) -> None:
    house.ask("twitter.generate", {"niche": "ai_automation"})
    house.misbehave("not_json", 2)
    found = house.ask("content.review")
    assert (found["approved"], found["held"]) == (0, found["reviewed"])


def test_persons_yes_lets_it_out(house: House) -> None:
    card = review_with_silent_reviewer(house)[0]
    house.app.approvals.decide(card["id"], "approve", card["payload_hash"], actor="owner")
    house.app.events.drain()
    draft_id = card["payload"]["draft_id"]
    with house.app.database.reading() as connection:
        assert [one.id for one in approved_drafts(connection, house.clock.now() - timedelta(days=1))] == [draft_id]
        assert [one["override_by"] for one in reviews_of(connection, draft_id)] == [None, "person"]
    house.clock.move_to(house.clock.now() + timedelta(days=2))
    house.app.approvals.expire()
    house.app.events.drain()
    assert house.rows("actp_drafts", id=draft_id)[0]["status"] == "approved"


def test_persons_words_go_out_as_they_are(house: House) -> None:
    card = review_with_silent_reviewer(house)[0]
    words = {**card["payload"], "text": "My own words, with an odd  space."}
    new_id = house.app.approvals.edit(card["id"], card["payload_hash"], words, actor="owner")
    house.app.events.drain()
    assert house.rows("actp_drafts", id=words["draft_id"])[0]["status"] == "held"
    fresh = next(one for one in house.app.approvals.cards() if one["id"] == new_id)
    house.app.approvals.decide(new_id, "approve", fresh["payload_hash"], actor="owner")
    house.app.events.drain()
    row = house.rows("actp_drafts", id=words["draft_id"])[0]
    assert (row["status"], row["text"], row["revision"]) == ("approved", words["text"], 1)
    assert row["text_hash"] == content_hash(words["text"])


def test_persons_no_ends_it(house: House) -> None:
    card = review_with_silent_reviewer(house)[0]
    house.app.approvals.decide(card["id"], "reject", card["payload_hash"], actor="owner", reason="too salesy")
    house.app.events.drain()
    row = house.rows("actp_drafts", id=card["payload"]["draft_id"])[0]
    assert row["status"] == "rejected"


def test_silence_is_a_no(house: House) -> None:
    review_with_silent_reviewer(house)
    house.clock.move_to(house.clock.now() + timedelta(hours=25))
    house.app.approvals.expire()
    house.app.events.drain()
    rows = house.rows("actp_drafts")
    assert {row["status"] for row in rows} == {"rejected"}
    assert "nobody answered in time" in {row["review_notes"] for row in rows}


def test_empty_budget_leaves_drafts_waiting(tmp_path: Path) -> None:
    values = {
        "niche": "ai_automation", "platform": "x", "content_type": "text", "hook_category": "story", "framework": "PAS",
        "offer": None, "cta": "none", "length_bucket": "platform", "disclosure": "none", "evidence_item_id": None,
        "blueprint_id": None, "status": "draft", "model": "test",
    }  # fmt: skip
    with open_house(tmp_path, REVENUE_BUDGET__DAY_USD="0.0001") as poor:
        now = poor.clock.now()
        row = draft_row((now.date(), 1, "ai_automation-1-01"), "A draft nobody can pay to judge.", values, now)
        with poor.app.database.writing() as connection:
            insert_drafts(connection, poor.app.database, [row])
        found = poor.ask("content.review")
        assert (found["reviewed"], found["waiting"]) == (0, 1)
        assert [one["status"] for one in poor.rows("actp_drafts")] == ["draft"]
        assert poor.app.approvals.cards() == []
