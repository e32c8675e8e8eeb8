"""Posts for other domains and reports."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.publishing.models import Arm, Post, PostStatus
from revenue_machine.domains.publishing.tables import POSTS, TIMING_MATRIX

_OPEN = (PostStatus.APPROVED.value, PostStatus.SENDING.value)
# Built once: these run with every turn or every post.
_NEXT_DUE = sa.select(sa.func.min(POSTS.c.due_at)).where(POSTS.c.status.in_(_OPEN))
_BY_ID = sa.select(POSTS).where(POSTS.c.id == sa.bindparam("post_id"))
_BY_IDS = sa.select(POSTS).where(POSTS.c.id.in_(sa.bindparam("post_ids", expanding=True))).order_by(POSTS.c.id)
_DUE = sa.select(POSTS).where(POSTS.c.status.in_(_OPEN), POSTS.c.due_at <= sa.bindparam("now")).order_by(POSTS.c.due_at, POSTS.c.id)
_SCHEDULED = (
    sa.select(POSTS.c.scheduled_at)
    .where(
        POSTS.c.platform == sa.bindparam("on_platform"),
        POSTS.c.scheduled_at >= sa.bindparam("since"),
        POSTS.c.status != PostStatus.FAILED.value,
    )
    .order_by(POSTS.c.scheduled_at, POSTS.c.id)
)
_ARMS = (
    sa.select(TIMING_MATRIX)
    .where(TIMING_MATRIX.c.platform == sa.bindparam("on_platform"))
    .order_by(TIMING_MATRIX.c.day_of_week, TIMING_MATRIX.c.hour)
)
_ARM_OF_POST = sa.select(POSTS.c.platform, POSTS.c.slot_weekday, POSTS.c.slot_hour).where(POSTS.c.id == sa.bindparam("post_id"))


def _post(row: Any) -> Post:
    return Post(
        row["id"], row["draft_id"], row["platform"], row["niche"], row["content_type"], row["hook_category"], row["framework"],
        row["offer"], row["paywall_variant"], row["text"], PostStatus(row["status"]), row["scheduled_at"], row["sent_at"],
        row["published_at"], row["external_id"], row["url"],
    )  # fmt: skip


def post_by_id(connection: sa.Connection, post_id: str) -> Post | None:
    """One post."""
    row = connection.execute(_BY_ID, {"post_id": post_id}).mappings().first()
    return _post(row) if row else None


def posts_by_id(connection: sa.Connection, post_ids: list[str]) -> dict[str, Post]:
    """Several posts at once, by id."""
    rows = connection.execute(_BY_IDS, {"post_ids": post_ids}).mappings()
    return {row["id"]: _post(row) for row in rows}


def promotion_statuses(connection: sa.Connection, post_ids: list[str]) -> dict[str, str]:
    """organic_only, candidate or graduated, by post id."""
    found: dict[str, str] = {}
    for start in range(0, len(post_ids), 500):
        query = sa.select(POSTS.c.id, POSTS.c.promotion_status).where(POSTS.c.id.in_(post_ids[start : start + 500]))
        found.update((row[0], row[1]) for row in connection.execute(query.order_by(POSTS.c.id)))
    return found


def due_posts(connection: sa.Connection, now: datetime) -> list[Post]:
    """Posts to send or to ask about, earliest first."""
    return [_post(row) for row in connection.execute(_DUE, {"now": now}).mappings()]


def next_due_at(connection: sa.Connection) -> datetime | None:
    """When the next post wants attention."""
    found: datetime | None = connection.execute(_NEXT_DUE).scalar()
    return found


def scheduled_times(connection: sa.Connection, platform: str, since: datetime) -> list[datetime]:
    """Slots taken on a platform from an instant on (failed posts give theirs back)."""
    return [row[0] for row in connection.execute(_SCHEDULED, {"on_platform": platform, "since": since})]


def arms_of(connection: sa.Connection, platform: str) -> dict[tuple[int, int], Arm]:
    """What is known of a platform's hours, by (weekday, hour); 0 is Sunday."""
    rows = connection.execute(_ARMS, {"on_platform": platform}).mappings()
    return {(row["day_of_week"], row["hour"]): Arm(row["day_of_week"], row["hour"], row["alpha"], row["beta"]) for row in rows}


def arm_of_post(connection: sa.Connection, post_id: str) -> tuple[str, int, int] | None:
    """(platform, weekday, hour) a post went out at."""
    row = connection.execute(_ARM_OF_POST, {"post_id": post_id}).first()
    return (row[0], row[1], row[2]) if row else None


def scheduled_draft_ids(connection: sa.Connection, draft_ids: list[str]) -> set[str]:
    """Which of these drafts have a slot already."""
    return set(connection.execute(sa.select(POSTS.c.draft_id).where(POSTS.c.draft_id.in_(draft_ids))).scalars())


def counts_between(connection: sa.Connection, start: datetime, end: datetime) -> dict[str, int]:
    """Posts by status, of those scheduled in [start, end)."""
    query = (
        sa.select(POSTS.c.status, sa.func.count())
        .where(POSTS.c.scheduled_at >= start, POSTS.c.scheduled_at < end)
        .group_by(POSTS.c.status)
        .order_by(POSTS.c.status)
    )
    return {row[0]: int(row[1]) for row in connection.execute(query)}


def published_by_platform(connection: sa.Connection, start: datetime, end: datetime) -> dict[str, int]:
    """Posts published in [start, end) per platform."""
    query = (
        sa.select(POSTS.c.platform, sa.func.count())
        .where(POSTS.c.published_at >= start, POSTS.c.published_at < end, POSTS.c.status == PostStatus.PUBLISHED.value)
        .group_by(POSTS.c.platform)
        .order_by(POSTS.c.platform)
    )
    return {row[0]: int(row[1]) for row in connection.execute(query)}


def planned_between(connection: sa.Connection, start: datetime, end: datetime) -> list[Post]:
    """Every post that was given an hour in [start, end), the withheld ones too, by hour and id."""
    query = sa.select(POSTS).where(POSTS.c.scheduled_at >= start, POSTS.c.scheduled_at < end)
    return [_post(row) for row in connection.execute(query.order_by(POSTS.c.scheduled_at, POSTS.c.id)).mappings()]
