"""How posts did, for topics, funnel, reports and pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.attribution.reads import top_posts as top_earners
from revenue_machine.domains.feedback.models import FeedbackPost, Guidelines, ListArgs
from revenue_machine.domains.feedback.rules import HISTORY, WINNERS
from revenue_machine.domains.feedback.tables import CHECKBACKS, FEEDBACK_POSTS, STRATEGY
from revenue_machine.domains.publishing.reads import promotion_statuses

EVERY_POST = 1_000_000
_POST = FEEDBACK_POSTS.c
_FIELDS = tuple(name for name in FeedbackPost.model_fields if name in _POST)
_NEXT_DUE = sa.select(sa.func.min(CHECKBACKS.c.due_at)).where(CHECKBACKS.c.status == "due")
# Built once: these run with every look or every post.
_DUE = (
    sa.select(
        CHECKBACKS.c.id, CHECKBACKS.c.post_id, CHECKBACKS.c.age_hours, CHECKBACKS.c.due_at, CHECKBACKS.c.tries,
        _POST.platform, _POST.url, _POST.published_at,
    )
    .join(FEEDBACK_POSTS, _POST.post_id == CHECKBACKS.c.post_id)
    .where(CHECKBACKS.c.status == "due", CHECKBACKS.c.due_at <= sa.bindparam("now"))
    .order_by(CHECKBACKS.c.due_at, CHECKBACKS.c.id)
)  # fmt: skip
_DUE_AT_AGE = _DUE.where(CHECKBACKS.c.age_hours == sa.bindparam("age"))
_ID_AT = (
    sa.select(_POST.post_id)
    .where(_POST.url == sa.bindparam("address"), _POST.platform == sa.bindparam("on_platform"))
    .order_by(_POST.post_id)
)
_DIMENSIONS = sa.select(
    _POST.platform, _POST.niche, _POST.hook_category, _POST.framework, _POST.content_type, _POST.offer
).where(_POST.post_id == sa.bindparam("wanted_id"))  # fmt: skip
_HISTORY = (
    sa.select(_POST.engagement)
    .where(
        _POST.platform == sa.bindparam("on_platform"), _POST.measured_at.is_not(None), _POST.post_id != sa.bindparam("but_not"),
    )
    .order_by(_POST.measured_at.desc(), _POST.post_id)
    .limit(HISTORY)
)  # fmt: skip
_BEST_FIRST = (_POST.engagement_score.desc().nulls_last(), _POST.post_id)


@dataclass(frozen=True)
class DueCheckback:
    """A look that is due, with the post it is about."""

    id: str
    post_id: str
    age_hours: int
    due_at: datetime
    tries: int
    platform: str
    url: str
    published_at: datetime


def next_due_at(connection: sa.Connection) -> datetime | None:
    """When the next look is due."""
    found: datetime | None = connection.execute(_NEXT_DUE).scalar()
    return found


def due_checkbacks(connection: sa.Connection, now: datetime, age_hours: int | None) -> list[DueCheckback]:
    """Looks due by now, of one age or all: earliest first."""
    if age_hours is None:
        return [DueCheckback(*row) for row in connection.execute(_DUE, {"now": now})]
    return [DueCheckback(*row) for row in connection.execute(_DUE_AT_AGE, {"now": now, "age": age_hours})]


def post_id_at(connection: sa.Connection, platform: str, url: str) -> str | None:
    """Under which id the post at an address is followed."""
    found: str | None = connection.execute(_ID_AT, {"address": url, "on_platform": platform}).scalars().first()
    return found


def dimensions(connection: sa.Connection, post_id: str) -> dict[str, Any]:
    """Platform, niche, hook, framework, content type and offer of a post."""
    return dict(connection.execute(_DIMENSIONS, {"wanted_id": post_id}).mappings().one())


def history(connection: sa.Connection, platform: str, but_not: str) -> list[float]:
    """24 h engagement of a platform's last 500 measured posts, newest first, without the one in question."""
    return [float(row[0]) for row in connection.execute(_HISTORY, {"on_platform": platform, "but_not": but_not})]


def views_between(connection: sa.Connection, start: datetime, end: datetime) -> int:
    """Impressions of the posts published in [start, end): views at each one's newest look."""
    query = sa.select(sa.func.coalesce(sa.func.sum(_POST.views), 0)).where(_POST.published_at >= start, _POST.published_at < end)
    return int(connection.execute(query).scalar_one())


def views_by_post(connection: sa.Connection, start: datetime | None, end: datetime | None) -> dict[str, int]:
    """Views of every own post published in [start, end) at its newest look, 0 before the first; by id."""
    query = sa.select(_POST.post_id, sa.func.coalesce(_POST.views, 0)).where(_POST.is_own)
    query = query if start is None else query.where(_POST.published_at >= start)
    query = query if end is None else query.where(_POST.published_at < end)
    return {row[0]: int(row[1]) for row in connection.execute(query.order_by(_POST.post_id))}


def top_posts(connection: sa.Connection, since: datetime, limit: int) -> list[FeedbackPost]:
    """The best of the posts published since: by score, then by engagement while nobody is judged yet."""
    query = sa.select(FEEDBACK_POSTS).where(_POST.published_at >= since, _POST.measured_at.is_not(None))
    order = (_POST.engagement_score.desc().nulls_last(), _POST.engagement.desc(), _POST.post_id)
    rows = connection.execute(query.order_by(*order).limit(limit)).mappings().all()
    return _posts(connection, rows)


def winners_measured(connection: sa.Connection, start: datetime, end: datetime) -> list[FeedbackPost]:
    """Viral and strong posts judged in [start, end), best first."""
    query = sa.select(FEEDBACK_POSTS).where(
        _POST.classification.in_(WINNERS), _POST.measured_at >= start, _POST.measured_at < end
    )  # fmt: skip
    return _posts(connection, connection.execute(query.order_by(*_BEST_FIRST)).mappings().all())


def classes_count(connection: sa.Connection, start: datetime, end: datetime) -> dict[str, int]:
    """Posts judged in [start, end) by class; `unjudged` where the platform had too little history."""
    query = (
        sa.select(_POST.classification, sa.func.count())
        .where(_POST.measured_at >= start, _POST.measured_at < end)
        .group_by(_POST.classification)
    )
    return dict(sorted((row[0] or "unjudged", int(row[1])) for row in connection.execute(query)))


def checkback_counts(connection: sa.Connection) -> dict[str, int]:
    """Looks by status: due, taken, missing."""
    query = sa.select(CHECKBACKS.c.status, sa.func.count()).group_by(CHECKBACKS.c.status).order_by(CHECKBACKS.c.status)
    return {row[0]: int(row[1]) for row in connection.execute(query)}


def list_posts(connection: sa.Connection, args: ListArgs) -> tuple[int, list[FeedbackPost]]:
    """(how many fit, the best of them): by score, unjudged last, then by id."""
    query = sa.select(FEEDBACK_POSTS)
    for column, wanted in ((_POST.classification, args.classification), (_POST.niche, args.niche), (_POST.platform, args.platform)):
        query = query if wanted is None else query.where(column == wanted)
    query = query if args.min_score is None else query.where(_POST.engagement_score >= args.min_score)
    query = query if args.since is None else query.where(_POST.published_at >= args.since)
    posts = _posts(connection, connection.execute(query.order_by(*_BEST_FIRST)).mappings().all())
    fitting = [post for post in posts if args.promotion_status in (None, post.promotion_status)]
    money = {one.post_id: (place, one.profit_micro_usd) for place, one in enumerate(top_earners(connection, EVERY_POST), 1)}
    shown = [(post, *money.get(post.post_id, (None, None))) for post in fitting[: args.limit]]
    return len(fitting), [post.model_copy(update={"money_rank": rank, "profit_micro_usd": profit}) for post, rank, profit in shown]


def winners_of(connection: sa.Connection, since: datetime, niches: Sequence[str]) -> dict[str, list[FeedbackPost]]:
    """Viral and strong posts published since, best first, for each niche that has any."""
    query = sa.select(FEEDBACK_POSTS).where(
        _POST.classification.in_(WINNERS), _POST.published_at >= since, _POST.niche.in_(niches)
    )  # fmt: skip
    found: dict[str, list[FeedbackPost]] = {}
    for post in _posts(connection, connection.execute(query.order_by(*_BEST_FIRST)).mappings().all()):
        found.setdefault(post.niche or "", []).append(post)
    return dict(sorted(found.items()))


def has_guidelines(connection: sa.Connection, guidelines_id: str) -> bool:
    """Whether these winners have taught already."""
    return connection.execute(sa.select(STRATEGY.c.id).where(STRATEGY.c.id == guidelines_id)).first() is not None


def guidelines_by_id(connection: sa.Connection, guidelines_id: str) -> Guidelines | None:
    """What one set of winners taught."""
    row = connection.execute(sa.select(STRATEGY).where(STRATEGY.c.id == guidelines_id)).mappings().first()
    return _guidelines(row) if row else None


def newest_guidelines(connection: sa.Connection, niche: str) -> Guidelines | None:
    """What a niche's winners taught last."""
    query = sa.select(STRATEGY).where(STRATEGY.c.niche == niche).order_by(STRATEGY.c.created_at.desc(), STRATEGY.c.id).limit(1)
    row = connection.execute(query).mappings().first()
    return _guidelines(row) if row else None


def _guidelines(row: Any) -> Guidelines:
    return Guidelines(id=row["id"], niche=row["niche"], lines=list(row["guidelines"]), created_at=row["created_at"])


def _posts(connection: sa.Connection, rows: Sequence[Any]) -> list[FeedbackPost]:
    status = promotion_statuses(connection, [row["post_id"] for row in rows if row["is_own"]])
    return [
        FeedbackPost(**{name: row[name] for name in _FIELDS}, promotion_status=status.get(row["post_id"], "organic_only"))
        for row in rows
    ]  # fmt: skip
