"""Every published post is looked at three times, and judged at the last look."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from revenue_machine.domains.feedback import reads
from revenue_machine.domains.feedback.tables import CHECKBACKS, FEEDBACK_POSTS
from revenue_machine.kit.clock import iso
from tests.app_fixture import START, make_app
from tests.domains.publishing.stage import DAY, HOUR, Stage


def looks(stage: Stage, post_id: str | None = None) -> dict[int, dict[str, Any]]:
    """Looks of the only (or the named) post by age."""
    return {row["age_hours"]: row for row in stage.rows(CHECKBACKS) if post_id in (None, row["post_id"])}


def published(stage: Stage, name: str = "a", **fields: Any) -> dict[str, Any]:
    """One post of ours, gone public."""
    stage.draft(name, **fields)
    return next(row for row in stage.go_public() if row["status"] == "published")


def by_hand(stage: Stage, number: int, platform: str = "x", at: datetime = START - 2 * DAY, **fields: Any) -> str:
    """A post published by hand, followed from now on; returns its address."""
    url = f"https://{platform}.example/status/{number}"
    stage.call("feedback.register_post", url=url, platform=platform, published_at=iso(at), **fields)
    return url


def history(stage: Stage, count: int = 20) -> None:
    """Measured posts with engagement 1, 2, 3 …"""
    for number in range(1, count + 1):
        stage.count(by_hand(stage, number), likes=number)
    stage.call("feedback.checkbacks")


def test_publication_registers_by_itself(stage: Stage) -> None:
    post = published(stage)
    (row,) = stage.rows(FEEDBACK_POSTS)
    assert (row["post_id"], row["url"], row["published_at"], row["is_own"]) == (post["id"], post["url"], post["published_at"], True)
    assert (row["niche"], row["hook_category"], row["framework"]) == ("saas_growth", "question", "PAS")
    assert {age: look["due_at"] - post["published_at"] for age, look in looks(stage).items()} == {1: HOUR, 4: 4 * HOUR, 24: DAY}
    again = stage.call("feedback.register_post", post_id=post["id"])
    assert again == {"post_id": post["id"], "is_new": False}


def test_nothing_is_looked_at_early(stage: Stage) -> None:
    post = published(stage)
    stage.count(post["url"], likes=5)
    stage.clock.move_to(post["published_at"] + HOUR - timedelta(seconds=1))
    assert stage.call("feedback.checkbacks")["taken"] == 0


def test_due_look_runs_by_itself(stage: Stage) -> None:
    post = published(stage)
    stage.count(post["url"], likes=5, views=300, comments=1)
    stage.clock.move_to(post["published_at"] + HOUR)
    assert stage.app.ticker.tick(blocks=[]) == 1
    taken = looks(stage)[1]
    assert (taken["status"], looks(stage)[4]["status"]) == ("taken", "due")
    assert (taken["views"], taken["likes"], taken["comments"], taken["real_age_minutes"]) == (300, 5, 1, 60)
    assert stage.rows(FEEDBACK_POSTS)[0]["metrics_1h"]["likes"] == 5


def test_one_age_leaves_the_others(stage: Stage) -> None:
    post = published(stage)
    stage.count(post["url"], likes=5)
    stage.clock.move_to(post["published_at"] + 5 * HOUR)
    assert stage.call("feedback.checkbacks", age_hours=4)["taken"] == 1
    assert {age: look["status"] for age, look in looks(stage).items()} == {1: "due", 4: "taken", 24: "due"}


def test_late_look_tells_its_age(stage: Stage) -> None:
    post = published(stage)
    stage.count(post["url"], likes=5)
    stage.clock.move_to(post["published_at"] + 7 * HOUR)
    stage.call("feedback.checkbacks")
    assert [looks(stage)[age]["real_age_minutes"] for age in (1, 4)] == [420, 420]


def test_last_look_measures_and_teaches(stage: Stage) -> None:
    history(stage)
    post = published(stage)
    stage.count(post["url"], likes=17, views=900)
    stage.clock.move_to(post["published_at"] + DAY)
    assert stage.call("feedback.checkbacks", key="k")["measured"] == 1
    assert stage.call("feedback.checkbacks", key="k")["taken"] == 0
    row = next(one for one in stage.rows(FEEDBACK_POSTS) if one["post_id"] == post["id"])
    assert (row["engagement"], row["engagement_score"], row["classification"], row["views_24h"]) == (17.0, 8.25, "strong", 900)
    (event,) = [one for one in stage.events("post.measured") if one["post_id"] == post["id"]]
    assert event == {
        "post_id": post["id"], "reward": 1, "platform": "x", "niche": "saas_growth", "hook_category": "question",
        "framework": "PAS", "content_type": "text", "offer": None, "engagement_score": 8.25, "classification": "strong",
    }  # fmt: skip
    assert stage.arms() == [("x", post["slot_weekday"], post["slot_hour"], 2.0, 1.0)]


def test_first_nineteen_have_no_score(stage: Stage) -> None:
    history(stage, 21)
    scores = [row["engagement_score"] for row in stage.rows(FEEDBACK_POSTS)]
    assert scores.count(None) == 20
    assert len(stage.events("post.measured")) == 21


def test_platforms_are_judged_apart(stage: Stage) -> None:
    history(stage)
    stage.count(by_hand(stage, 99, "threads"), likes=1)
    stage.call("feedback.checkbacks")
    (row,) = [one for one in stage.rows(FEEDBACK_POSTS) if one["platform"] == "threads"]
    assert row["classification"] is None


def test_missing_post_is_given_up_after_three(stage: Stage) -> None:
    by_hand(stage, 404)
    results = []
    for _ in range(4):
        results.append(stage.call("feedback.checkbacks"))
        stage.clock.move_to(stage.clock.now() + HOUR)
    assert [(one["waiting"], one["missing"]) for one in results] == [(3, 0), (3, 0), (0, 3), (0, 0)]
    assert {look["status"] for look in looks(stage).values()} == {"missing"}
    assert stage.events("post.measured") == []


def test_dead_platform_waits_an_hour(stage: Stage) -> None:
    stage.count(by_hand(stage, 1), likes=3)
    stage.count(by_hand(stage, 2, "threads"), likes=3)
    stage.outside.add_fault("market_research", "/x/metrics", "500", 9)
    result = stage.call("feedback.checkbacks")
    assert (result["partial"], result["taken"], result["measured"], result["waiting"]) == (True, 3, 1, 3)
    assert [(one["platform"], one["code"], one["waiting"]) for one in result["failures"]] == [("x", "outside_unavailable", 3)]
    waiting = [row for row in stage.rows(CHECKBACKS) if row["status"] == "due"]
    assert {(row["due_at"], row["tries"]) for row in waiting} == {(START + HOUR, 0)}
    assert stage.call("feedback.checkbacks")["taken"] == 0


def test_views_are_those_of_newest_look(stage: Stage) -> None:
    post = published(stage)
    for age, views in ((1, 100), (4, 400), (24, 900)):
        stage.count(post["url"], likes=1, views=views)
        stage.clock.move_to(post["published_at"] + age * HOUR)
        stage.call("feedback.checkbacks")
        with stage.app.database.reading() as connection:
            assert reads.views_between(connection, post["published_at"], post["published_at"] + HOUR) == views
            assert reads.views_between(connection, START - DAY, post["published_at"]) == 0


def verdicts(home: Path, **env: Any) -> list[dict[str, Any]]:
    """All posts and looks of a house that measured 22 posts of its own hand and one of the machine's."""
    home.mkdir()
    app, outside, clock = make_app(home, **env)
    stage = Stage(app, outside, clock)
    history(stage, 22)
    post = published(stage)
    stage.count(post["url"], likes=12)
    stage.clock.move_to(post["published_at"] + DAY)
    stage.call("feedback.checkbacks")
    found = [*stage.rows(FEEDBACK_POSTS), *stage.rows(CHECKBACKS), *stage.events("post.measured")]
    listed = stage.call("feedback.list_posts", min_score=1, limit=500)["posts"]
    app.close()
    return [*found, *listed]


@pytest.mark.postgres
def test_both_databases_judge_alike(tmp_path: Path, postgres_url: str) -> None:
    assert verdicts(tmp_path / "one") == verdicts(tmp_path / "two", REVENUE_DATABASE_URL=postgres_url)
