"""Winners teach once; without winners nobody is asked."""

from __future__ import annotations

import json

from revenue_machine.domains.feedback import reads
from revenue_machine.domains.feedback.tables import STRATEGY
from revenue_machine.domains.memory.tables import MEMORY_EVENTS
from revenue_machine.engine.tables import LEDGER
from tests.app_fixture import START
from tests.domains.feedback.test_list_posts import fill
from tests.domains.publishing.stage import DAY, Stage


def prompts(stage: Stage) -> list[str]:
    """What was asked of the model, in order."""
    query = "select request from journal where service = 'anthropic' and path like '%messages' order by rowid"
    rows = stage.outside.store.run(query)
    return [json.dumps(json.loads(row[0])["messages"]) for row in rows]


def winners(stage: Stage) -> None:
    fill(
        stage,
        {"post_id": "p1", "engagement_score": 9.6, "classification": "viral", "hook_category": "question"},
        {"post_id": "p2", "engagement_score": 8.1, "classification": "strong"},
        {"post_id": "p3", "engagement_score": 8.1, "classification": "strong", "niche": "ai_automation"},
        {"post_id": "p4", "engagement_score": 9.9, "classification": "viral", "published_at": START - 15 * DAY},
        {"post_id": "p5", "engagement_score": 5.0, "classification": "average", "niche": "creator_economy"},
    )


def test_no_winners_no_question(stage: Stage) -> None:
    result = stage.call("feedback.generate_prompt")
    assert (result["niches"], result["asked"], result["cost_micro_usd"]) == (0, 0, 0)
    assert prompts(stage) == []


def test_each_niche_is_asked_once(stage: Stage) -> None:
    winners(stage)
    result = stage.call("generate_prompt", key="k")
    assert (result["niches"], result["asked"], result["unchanged"], result["failed"]) == (2, 2, 0, 0)
    assert result["cost_micro_usd"] == -sum(row["amount_micro_usd"] for row in stage.rows(LEDGER)) > 0
    again = stage.call("generate_prompt", key="other")
    assert (again["asked"], again["unchanged"], len(prompts(stage))) == (0, 2, 2)
    assert len(stage.rows(STRATEGY)) == 2


def test_only_numbers_go_in(stage: Stage) -> None:
    winners(stage)
    stage.call("generate_prompt")
    asked = prompts(stage)[1]
    assert "saas_growth" in asked
    assert "question" in asked
    assert "9.6" in asked
    assert "https://" not in asked
    assert "9.9" not in asked


def test_lesson_is_told_and_remembered(stage: Stage) -> None:
    winners(stage)
    stage.call("generate_prompt")
    told = stage.events("lessons.learned")
    assert [event["niche"] for event in told] == ["ai_automation", "saas_growth"]
    with stage.app.database.reading() as connection:
        learned = reads.newest_guidelines(connection, "saas_growth")
    assert learned is not None
    assert learned.lines[0] == "Open more posts with a question hook; it did best in saas growth."
    assert told[1] == {"niche": "saas_growth", "guidelines_id": learned.id, "guidelines": learned.lines}
    assert len(stage.rows(MEMORY_EVENTS)) == 2
    hits = stage.call("graph.search", query="winning lessons")["hits"]
    assert {hit["kind"] for hit in hits} == {"event"}
    assert any("question hook" in hit["text"] for hit in hits)


def test_dead_model_is_a_failure(stage: Stage) -> None:
    winners(stage)
    stage.outside.add_fault("anthropic", "", "down", 50)
    assert stage.app.call("generate_prompt").as_dict()["error"]["code"] == "outside_unavailable"
    assert stage.rows(STRATEGY) == []


def test_one_dead_question_is_partial(stage: Stage) -> None:
    winners(stage)
    stage.outside.add_fault("anthropic", "messages", "500", 1)
    result = stage.call("generate_prompt")
    assert (result["asked"], result["failed"], len(result["guideline_ids"])) == (2, 1, 1)
