"""Posts are listed by score, filtered as asked, with their money beside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from revenue_machine.domains.feedback import reads
from revenue_machine.domains.feedback.tables import FEEDBACK_POSTS
from revenue_machine.domains.publishing.tables import POSTS
from tests.app_fixture import START
from tests.domains.publishing.stage import DAY, HOUR, Stage


def fill(stage: Stage, *rows: dict[str, Any]) -> None:
    """Judged posts; what a test does not say is usual."""
    usual: dict[str, Any] = {
        "is_own": False, "platform": "x", "niche": "saas_growth", "content_type": "text", "hook_category": "list",
        "framework": "PAS", "published_at": START, "measured_at": START + DAY, "views": 100, "views_24h": 100, "engagement": 5.0,
        "engagement_score": 5.0, "classification": "average", "registered_at": START, "updated_at": START,
    }  # fmt: skip
    with stage.app.database.writing() as connection:
        for row in rows:
            connection.execute(FEEDBACK_POSTS.insert().values(usual | {"url": f"https://x.example/{row['post_id']}"} | row))


@pytest.fixture
def shelf(stage: Stage) -> Stage:
    fill(
        stage,
        {"post_id": "p1", "engagement_score": 8.0, "classification": "strong", "niche": "ai_automation"},
        {"post_id": "p2", "engagement_score": 9.6, "classification": "viral", "platform": "threads"},
        {"post_id": "p3", "engagement_score": None, "classification": None, "published_at": START - 3 * DAY},
        {"post_id": "p4", "engagement_score": 8.0, "classification": "strong", "published_at": START - DAY},
        {"post_id": "p5", "engagement_score": 7.99, "classification": "average"},
    )
    return stage


def ids(rows: Sequence[Any]) -> list[str]:
    return [row["post_id"] if isinstance(row, dict) else row.post_id for row in rows]


@pytest.mark.parametrize(
    ("args", "found"),
    [
        ({}, ["p2", "p1", "p4", "p5", "p3"]),
        ({"min_score": 8.0}, ["p2", "p1", "p4"]),
        ({"classification": "strong"}, ["p1", "p4"]),
        ({"niche": "ai_automation"}, ["p1"]),
        ({"platform": "threads"}, ["p2"]),
        ({"since": "2026-11-02T00:00:00+00:00"}, ["p2", "p1", "p5"]),
        ({"promotion_status": "organic_only", "min_score": 9}, ["p2"]),
        ({"promotion_status": "graduated"}, []),
    ],
)
def test_filters_keep_the_order(args: dict[str, Any], found: list[str], shelf: Stage) -> None:
    result = shelf.call("feedback.list_posts", **args)
    assert (ids(result["posts"]), result["total"]) == (found, len(found))


def test_limit_keeps_the_total(shelf: Stage) -> None:
    result = shelf.call("feedback.list_posts", limit=2)
    assert (ids(result["posts"]), result["total"]) == (["p2", "p1"], 5)


@pytest.mark.parametrize("args", [{"min_score": 11}, {"limit": 0}, {"classification": "great"}, {"since": "yesterday"}])
def test_impossible_filter_is_refused(args: dict[str, Any], stage: Stage) -> None:
    assert stage.app.call("feedback.list_posts", args).as_dict()["error"]["code"] == "bad_input"


def test_promotion_is_publishing_s_word(stage: Stage) -> None:
    stage.draft("a")
    (post,) = stage.go_public()
    with stage.app.database.writing() as connection:
        connection.execute(POSTS.update().values(promotion_status="graduated"))
    assert ids(stage.call("feedback.list_posts", promotion_status="graduated")["posts"]) == [post["id"]]
    assert stage.call("feedback.list_posts", promotion_status="organic_only")["posts"] == []


def test_nothing_earned_has_no_rank(shelf: Stage) -> None:
    assert {post["money_rank"] for post in shelf.call("feedback.list_posts")["posts"]} == {None}


def test_reads_for_reports(shelf: Stage) -> None:
    with shelf.app.database.reading() as connection:
        assert ids(reads.top_posts(connection, START - HOUR, 2)) == ["p2", "p1"]
        assert ids(reads.winners_measured(connection, START + DAY, START + DAY + HOUR)) == ["p2", "p1", "p4"]
        assert reads.classes_count(connection, START, START + 2 * DAY) == {"average": 1, "strong": 2, "unjudged": 1, "viral": 1}
        assert reads.classes_count(connection, START, START + DAY) == {}
        assert reads.views_between(connection, START, START + HOUR) == 300
