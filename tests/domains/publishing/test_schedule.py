"""Approved drafts get their hour and their link, within caps, gaps and horizon, once."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from pathlib import Path

from revenue_machine.domains.links.tables import LINKS
from revenue_machine.domains.publishing.tables import POSTS
from revenue_machine.engine.tables import CHOICES
from tests.app_fixture import START, make_app
from tests.domains.publishing.stage import HOUR, Stage


def test_daily_limit_and_gap_hold(stage: Stage) -> None:
    stage.drafts(30, "threads")
    result = stage.call("publish.schedule", horizon_hours=17)
    assert result == {"scheduled": 10, "withheld": 0, "waiting": 20, "by_platform": {"threads": 10}}
    times = [row["scheduled_at"] for row in stage.posts()]
    assert min(later - earlier for earlier, later in pairwise(times)) >= HOUR
    assert max(times) <= START + 17 * HOUR


def test_facebook_keeps_three_hours(stage: Stage) -> None:
    stage.drafts(8, "facebook")
    stage.call("publish.schedule", horizon_hours=17)
    times = [row["scheduled_at"] for row in stage.posts()]
    assert 3 <= len(times) <= 5
    assert min(later - earlier for earlier, later in pairwise(times)) >= 3 * HOUR


def test_second_date_has_its_own_limit(stage: Stage) -> None:
    stage.drafts(30, "threads")
    result = stage.call("publish.schedule", horizon_hours=41)
    per_date = [sum(row["scheduled_at"].day == day for row in stage.posts()) for day in (2, 3)]
    assert (result["scheduled"], per_date) == (20, [10, 10])


def test_repetition_schedules_nothing_twice(stage: Stage) -> None:
    stage.drafts(4)
    stage.call("publish.schedule", key="k")
    before = stage.posts()
    assert stage.call("publish.schedule", key="k")["scheduled"] == 0
    assert stage.posts() == before
    assert len(stage.rows(CHOICES)) == 4


def test_best_draft_goes_first(stage: Stage) -> None:
    stage.draft("good", review_score=7.0)
    best = stage.draft("best", review_score=9.0)
    assert stage.call("publish.schedule", horizon_hours=1) == {"scheduled": 1, "withheld": 0, "waiting": 1, "by_platform": {"x": 1}}
    assert [row["draft_id"] for row in stage.posts()] == [best]


def test_old_and_picture_drafts_wait(stage: Stage) -> None:
    stage.draft("old", created_at=START - timedelta(days=3))
    stage.draft("picture", "instagram")
    assert stage.call("publish.schedule") == {"scheduled": 0, "withheld": 0, "waiting": 1, "by_platform": {}}


def test_offer_brings_a_link(stage: Stage) -> None:
    stage.draft("sells", offer="everreach_pro", text="Try it.")
    stage.call("publish.schedule")
    (post,), (link,) = stage.posts(), stage.rows(LINKS)
    assert link["utm_campaign"] == post["id"] == link["post_id"]
    assert (link["utm_source"], link["utm_medium"], link["utm_content"]) == ("x", "social", "sells")
    assert post["text"] == f"Try it.\n\nhttps://go.sandbox.invalid/r/{link['slug']}"


def test_plain_post_carries_no_link(stage: Stage) -> None:
    stage.draft("plain")
    stage.call("publish.schedule")
    assert stage.rows(LINKS) == []
    assert stage.posts()[0]["text"] == "Words of plain"


def test_same_seed_same_hours(tmp_path: Path) -> None:
    found = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        app, outside, clock = make_app(tmp_path / name)
        stage = Stage(app, outside, clock)
        stage.drafts(6)
        stage.call("publish.schedule")
        found.append(stage.rows(POSTS))
        app.close()
    assert found[0] == found[1]
