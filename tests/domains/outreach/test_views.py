"""What the owner looks at: conversations, who is warm, how each platform stands, and words on demand."""

from __future__ import annotations

from tests.domains.outreach.house import OutreachHouse


def test_conversations_are_listed_newest_first(house: OutreachHouse) -> None:
    house.writers(2, "An older word", days_ago=9)
    house.ask("dm.sync", key="one")
    talks = house.ask("dm.conversations", {"limit": 1})
    assert (talks["total"], len(talks["conversations"])) == (2, 1)
    assert talks["conversations"][0]["last_text"] == "An older word"
    assert talks["conversations"][0]["last_direction"] == "in"
    assert house.ask("linkedin.conversations")["total"] == 0


def test_top_contacts_are_the_warmest(house: OutreachHouse) -> None:
    house.writers(3)
    house.ask("dm.sync")
    people = house.ask("dm.top_contacts", {"limit": 2})["contacts"]
    assert len(people) == 2
    assert people[0]["score"] >= people[1]["score"]


def test_a_score_has_a_reason_for_each_part(house: OutreachHouse) -> None:
    house.writers(1)
    house.ask("dm.sync")
    (contact,) = house.ask("dm.top_contacts")["contacts"]
    score = house.ask("dm.score_contact", {"contact_id": contact["contact_id"]})
    assert 0 <= score["score"] <= 100
    assert len(score["reasons"]) >= 3


def test_health_says_how_each_platform_sends(house: OutreachHouse) -> None:
    platforms = {one["platform"]: one for one in house.ask("dm.health")["platforms"]}
    assert platforms["x"]["mode"] == "assisted"
    assert platforms["x"]["per_day"] == 20
    assert platforms["x"]["sent_24h"] == 0


def test_words_on_demand_stay_a_draft(house: OutreachHouse) -> None:
    house.writers(1)
    house.ask("dm.sync")
    (contact,) = house.ask("dm.top_contacts")["contacts"]
    before = len(house.app.approvals.cards())
    draft = house.ask("dm.ai_generate", {"contact_id": contact["contact_id"], "purpose": "ask what they build"})
    assert draft["platform"] == "x"
    assert draft["text"]
    assert len(house.app.approvals.cards()) == before
    assert house.app.handwork.cards() == []


def test_the_cycle_prepares_every_channel(house: OutreachHouse) -> None:
    house.people(5)
    house.writers(2)
    result = house.ask("orchestrator.outreach_cycle")
    assert list(result["parts"]) == [
        "dm.sync", "linkedin.prospect", "linkedin.follow_up", "upwork.scan", "email.send", "dm.process_outreach",
    ]  # fmt: skip
    assert (result["parts"]["linkedin.prospect"], result["parts"]["dm.process_outreach"]) == ("ok", "approval_required")
    assert result["went_well"] == 6
