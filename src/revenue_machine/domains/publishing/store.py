"""Writes posts and what the hours taught."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.content.models import ApprovedDraft
from revenue_machine.domains.publishing.models import Post, PostStatus, Slot
from revenue_machine.domains.publishing.tables import POSTS, TIMING_MATRIX
from revenue_machine.engine.database import Database
from revenue_machine.kit.db import change
from revenue_machine.kit.ids import content_hash, make_id

# Built once: every verdict runs it.
_LEARN = (
    TIMING_MATRIX.update()
    .where(
        TIMING_MATRIX.c.platform == sa.bindparam("on_platform"),
        TIMING_MATRIX.c.day_of_week == sa.bindparam("on_weekday"),
        TIMING_MATRIX.c.hour == sa.bindparam("at_hour"),
    )
    .values(
        alpha=TIMING_MATRIX.c.alpha + sa.bindparam("won"),
        beta=TIMING_MATRIX.c.beta + sa.bindparam("lost"),
        posts_in_slot=TIMING_MATRIX.c.posts_in_slot + 1,
        updated_at=sa.bindparam("at"),
    )
)


def post_id_of(draft_id: str) -> str:
    """`post_…`: the id that is also the post's utm_campaign."""
    return make_id("post", draft_id)


def insert_post(
    connection: sa.Connection,
    database: Database,
    draft: ApprovedDraft,
    slot: Slot,
    text: str,
    *,
    link_id: str | None,
    now: datetime,
    is_withheld: bool = False,
) -> bool:
    """Give a draft its slot, from which a withheld one never goes out; False when it had one."""
    status = PostStatus.WITHHELD if is_withheld else PostStatus.APPROVED
    row = {
        "id": post_id_of(draft.id), "draft_id": draft.id, "platform": draft.platform, "account_id": None, "niche": draft.niche,
        "content_type": draft.content_type, "hook_category": draft.hook_category, "framework": draft.framework,
        "offer": draft.offer,
        "paywall_variant": None, "text": text, "text_hash": content_hash(text), "link_id": link_id,
        "status": status.value, "promotion_status": "organic_only",
        "slot_weekday": slot.weekday, "slot_hour": slot.hour, "scheduled_at": slot.at,
        "due_at": None if is_withheld else slot.at, "sent_at": None, "published_at": None, "external_id": None, "url": None,
        "error": None, "created_at": now, "updated_at": now,
    }  # fmt: skip
    return database.put(connection, POSTS, row, ["draft_id"]) > 0


def mark(connection: sa.Connection, post: Post, status: PostStatus, now: datetime, **changes: Any) -> bool:
    """Move a post on; False when it was not where we thought."""
    mine = {"id": post.id, "status": post.status.value}
    return change(connection, POSTS, mine, {"status": status.value, "updated_at": now, **changes}) > 0


def mark_sent(connection: sa.Connection, post: Post, submission_id: str, now: datetime, slot: Slot, *, due_at: datetime) -> bool:
    """The vendor has it: what it earns speaks for the hour it really went out at, which may be later than the planned one."""
    went = {"sent_at": now, "slot_weekday": slot.weekday, "slot_hour": slot.hour, "due_at": due_at, "error": None}
    return mark(connection, post, PostStatus.SENDING, now, external_id=submission_id, **went)


def learn(connection: sa.Connection, database: Database, arm: tuple[str, int, int], reward: int, now: datetime) -> None:
    """A post above its platform's average speaks for its hour, one below against it."""
    platform, weekday, hour = arm
    fresh = {
        "platform": platform, "day_of_week": weekday, "hour": hour, "alpha": 1.0, "beta": 1.0, "posts_in_slot": 0,
        "updated_at": now,
    }  # fmt: skip
    database.put(connection, TIMING_MATRIX, fresh, ["platform", "day_of_week", "hour"])
    arm_is = {"on_platform": platform, "on_weekday": weekday, "at_hour": hour}
    connection.execute(_LEARN, {**arm_is, "won": reward, "lost": 1 - reward, "at": now})
