"""Writes which posts are followed, what each look saw, and what winners taught."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.feedback import rules
from revenue_machine.domains.feedback.reads import DueCheckback, post_id_at
from revenue_machine.domains.feedback.tables import CHECKBACKS, FEEDBACK_POSTS, STRATEGY
from revenue_machine.engine.database import Database
from revenue_machine.kit.db import change
from revenue_machine.kit.ids import make_id

DIMENSIONS = ("platform", "niche", "content_type", "hook_category", "framework", "offer")
# Built once: every verdict runs it.
_JUDGE = (
    FEEDBACK_POSTS.update()
    .where(FEEDBACK_POSTS.c.post_id == sa.bindparam("judged_id"), FEEDBACK_POSTS.c.measured_at.is_(None))
    .values(
        views_24h=sa.bindparam("seen"), engagement=sa.bindparam("rate"), engagement_score=sa.bindparam("score"),
        classification=sa.bindparam("class"), measured_at=sa.bindparam("at"), updated_at=sa.bindparam("at"),
    )
)  # fmt: skip


def register(connection: sa.Connection, database: Database, post: Mapping[str, Any], *, is_own: bool, now: datetime) -> bool:
    """Follow a post from now on with three looks; False when it is followed already, be it under another id.

    `post` has post_id, url, published_at and the dimensions.
    """
    if post_id_at(connection, post["platform"], post["url"]) is not None:
        return False
    row = {name: post[name] for name in ("post_id", "url", "published_at", *DIMENSIONS)}
    row |= {"is_own": is_own, "registered_at": now, "updated_at": now}
    if database.put(connection, FEEDBACK_POSTS, row, ["post_id"]) == 0:
        return False
    post_id, fresh = post["post_id"], {"tries": 0, "status": "due"}
    looks = [
        {"id": make_id("chk", post_id, hours), "post_id": post_id, "age_hours": hours, "due_at": due_at, **fresh}
        for hours, due_at in rules.due_times(post["published_at"]).items()
    ]
    database.put(connection, CHECKBACKS, looks, ["id"])
    return True


def take(connection: sa.Connection, look: DueCheckback, counts: rules.Counts, now: datetime) -> bool:
    """Keep what a look saw, with the post's real age; False when somebody took it before."""
    age = rules.age_minutes(look.published_at, now)
    values = {**asdict(counts), "status": "taken", "taken_at": now, "real_age_minutes": age, "error": None}
    if not _change(connection, look, values):
        return False
    seen = {f"metrics_{look.age_hours}h": {**asdict(counts), "real_age_minutes": age}, "updated_at": now}
    if counts.views is not None:
        seen["views"] = counts.views
    change(connection, FEEDBACK_POSTS, {"post_id": look.post_id}, seen)
    return True


def miss(connection: sa.Connection, look: DueCheckback, now: datetime) -> bool:
    """The platform does not know the post: look again in an hour, and give up after the third time; True when given up."""
    tries = look.tries + 1
    is_lost = tries >= rules.TRIES
    rest: dict[str, Any] = {"status": "missing", "taken_at": now} if is_lost else {"due_at": now + rules.TRY_AGAIN_AFTER}
    return _change(connection, look, {"tries": tries, "error": "the platform does not know this post", **rest}) and is_lost


def postpone(connection: sa.Connection, look: DueCheckback, now: datetime, after: timedelta, reason: str) -> None:
    """The platform did not answer: the look waits, and loses no try."""
    _change(connection, look, {"due_at": now + after, "error": reason})


def _change(connection: sa.Connection, look: DueCheckback, values: Mapping[str, Any]) -> bool:
    return change(connection, CHECKBACKS, {"id": look.id, "status": "due", "tries": look.tries}, values) > 0


def write_verdict(
    connection: sa.Connection, post_id: str, counts: rules.Counts, engagement: float, verdict: rules.Verdict, *, now: datetime
) -> None:
    """Judge a post for good."""
    connection.execute(_JUDGE, {
        "judged_id": post_id, "seen": counts.views, "rate": engagement, "score": verdict.engagement_score,
        "class": verdict.classification, "at": now,
    })  # fmt: skip


def write_guidelines(connection: sa.Connection, database: Database, row: Mapping[str, Any]) -> bool:
    """Keep what a niche's winners taught; False when it stands already."""
    return database.put(connection, STRATEGY, dict(row), ["id"]) > 0
