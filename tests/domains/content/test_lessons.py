"""Tomorrow's prompt is made of measured winners only."""

from __future__ import annotations

from datetime import timedelta

from tests.domains.content_house import House


def measure(house: House, reward: int, niche: str = "ai_automation") -> list[str]:
    """The 24 h numbers of every draft of a niche, as feedback states them."""
    posts = [str(row["post_id"]) for row in house.rows("actp_drafts", niche=niche)]
    with house.app.database.writing() as connection:
        for place, post_id in enumerate(posts):
            facts = {"post_id": post_id, "reward": reward, "engagement_score": 5.0 + place / 10}
            house.app.events.emit(connection, "post.measured", post_id, facts)
    house.app.events.drain()
    return posts


def test_nothing_measured_teaches_nothing(house: House) -> None:
    found = house.ask("twitter.generate_prompt")
    assert (found["unmeasured"], found["guidelines"], house.requests("anthropic")) == (5, {}, 0)


def test_winners_become_tomorrows_guidelines(house: House) -> None:
    house.ask("twitter.generate")
    measure(house, 1)
    found = house.ask("twitter.generate_prompt")
    assert (found["from_model"], found["unmeasured"]) == (1, 4)
    rows = house.rows("actp_generation_lessons")
    assert [(row["niche"], len(row["winner_draft_ids"])) for row in rows] == [("ai_automation", 10)]
    house.clock.move_to(house.clock.now() + timedelta(days=1))
    house.ask("twitter.generate", {"niche": "ai_automation"}, key="tomorrow")
    request = house.outside.store.run("select request from journal where service = 'anthropic'")[-1][0]
    assert found["guidelines"]["ai_automation"][0] in request


def test_losers_teach_nothing(house: House) -> None:
    house.ask("twitter.generate", {"niche": "ai_automation"})
    measure(house, 0)
    assert house.ask("twitter.generate_prompt")["unmeasured"] == 5


def test_dead_model_leaves_the_numbers(house: House) -> None:
    house.ask("twitter.generate", {"niche": "ai_automation"})
    measure(house, 1)
    house.outside.add_fault("anthropic", "", "down", 100)
    found = house.ask("twitter.generate_prompt")
    assert (found["from_numbers"], len(found["guidelines"]["ai_automation"])) == (1, 2)
