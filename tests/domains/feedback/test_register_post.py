"""A post can be followed by its id or its address, once."""

from __future__ import annotations

from typing import Any

import pytest

from revenue_machine.domains.feedback.tables import CHECKBACKS, FEEDBACK_POSTS
from tests.domains.publishing.stage import Stage

HAND = {"url": "https://x.com/ada/status/1", "platform": "x", "published_at": "2026-11-01T06:00:00+00:00"}


def test_post_by_hand_is_followed_once(stage: Stage) -> None:
    first = stage.call("feedback.register_post", **HAND, niche="saas_growth", hook_category="list")
    again = stage.call("feedback.register_post", **HAND, niche="other")
    assert (first["is_new"], again["is_new"], again["post_id"]) == (True, False, first["post_id"])
    (row,) = stage.rows(FEEDBACK_POSTS)
    assert (row["niche"], row["hook_category"], row["is_own"]) == ("saas_growth", "list", False)
    assert len(stage.rows(CHECKBACKS)) == 3


def test_own_post_known_by_address_stays_one(stage: Stage) -> None:
    stage.draft("a")
    (post,) = stage.go_public()
    args = {"url": post["url"], "platform": "x", "published_at": "2026-11-02T07:00:00+00:00"}
    assert stage.call("feedback.register_post", **args) == {"post_id": post["id"], "is_new": False}
    assert len(stage.rows(FEEDBACK_POSTS)) == 1


@pytest.mark.parametrize(
    ("args", "code", "field"),
    [
        ({}, "bad_input", "post_id"),
        ({"url": HAND["url"]}, "bad_input", "post_id"),
        ({"post_id": "post_nobody"}, "not_found", "post_id"),
        ({"post_id": "post_a", "niche": "n"}, "bad_input", "niche"),
        (HAND | {"platform": "myspace"}, "bad_input", "platform"),
        (HAND | {"url": "javascript:alert(1)"}, "bad_input", "url"),
        (HAND | {"published_at": "2026-11-01T06:00:00"}, "bad_input", "published_at"),
        (HAND | {"published_at": "2026-12-01T06:00:00+00:00"}, "bad_input", "published_at"),
    ],
)
def test_unclear_post_is_refused(args: dict[str, Any], code: str, field: str, stage: Stage) -> None:
    error = stage.app.call("feedback.register_post", args).as_dict()["error"]
    assert (error["code"], error["field"]) == (code, field)
    assert stage.rows(FEEDBACK_POSTS) == []


def test_unpublished_post_is_a_conflict(stage: Stage) -> None:
    stage.draft("a")
    stage.call("publish.schedule")
    (post,) = stage.posts()
    error = stage.app.call("feedback.register_post", {"post_id": post["id"]}).as_dict()["error"]
    assert error["code"] == "conflict"
