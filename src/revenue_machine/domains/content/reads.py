"""Read-only questions about drafts, strategies and lessons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.content.models import ApprovedDraft
from revenue_machine.domains.content.tables import DRAFTS, LESSONS, REVIEWS, STRATEGIES

_DRAFT = DRAFTS.c
OPEN_STATUSES = ("draft", "held", "approved", "scheduled")


def approved_drafts(connection: sa.Connection, since: datetime) -> list[ApprovedDraft]:
    """What may go out and was written since then, best first."""
    query = (
        sa.select(*(_DRAFT[name] for name in ApprovedDraft.__dataclass_fields__))
        .where(_DRAFT.status == "approved", _DRAFT.created_at >= since)
        .order_by(_DRAFT.review_score.desc().nulls_last(), _DRAFT.id)
    )
    return [ApprovedDraft(**dict(row)) for row in connection.execute(query).mappings()]


def draft(connection: sa.Connection, draft_id: str) -> dict[str, Any] | None:
    """One draft's row, or None."""
    row = connection.execute(sa.select(DRAFTS).where(_DRAFT.id == draft_id)).mappings().first()
    return dict(row) if row else None


def drafts_by_status(connection: sa.Connection, run_date: date) -> dict[str, int]:
    """How many drafts of a day stand where."""
    query = sa.select(_DRAFT.status, sa.func.count()).where(_DRAFT.run_date == run_date)
    query = query.group_by(_DRAFT.status).order_by(_DRAFT.status)
    return {row[0]: row[1] for row in connection.execute(query)}


def drafts_in(connection: sa.Connection, run_date: date, batch: int) -> dict[str, int]:
    """How many drafts, dropped ones included, a batch has per niche."""
    query = sa.select(_DRAFT.niche, sa.func.count()).where(_DRAFT.run_date == run_date, _DRAFT.batch == batch)
    return {row[0]: row[1] for row in connection.execute(query.group_by(_DRAFT.niche).order_by(_DRAFT.niche))}


def open_by(connection: sa.Connection, run_date: date, column: str) -> dict[str, int]:
    """How many drafts of a day's first batch are or may still become posts, by platform or niche."""
    field = _DRAFT[column]
    query = (
        sa.select(field, sa.func.count())
        .where(_DRAFT.run_date == run_date, _DRAFT.batch == 1, _DRAFT.status.in_(OPEN_STATUSES))
        .group_by(field)
        .order_by(field)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def recent_texts(connection: sa.Connection, since: date) -> list[tuple[str, str]]:
    """(id, text) of everything written since then that was not thrown away."""
    query = sa.select(_DRAFT.id, _DRAFT.text).where(_DRAFT.run_date >= since, _DRAFT.status != "rejected").order_by(_DRAFT.id)
    return [(row[0], row[1]) for row in connection.execute(query)]


def to_review(connection: sa.Connection, niche: str | None) -> list[dict[str, Any]]:
    """Drafts nobody has judged, by niche, then id."""
    query = sa.select(DRAFTS).where(_DRAFT.status == "draft")
    if niche is not None:
        query = query.where(_DRAFT.niche == niche)
    return [dict(row) for row in connection.execute(query.order_by(_DRAFT.niche, _DRAFT.id)).mappings()]


def reviews_of(connection: sa.Connection, draft_id: str) -> list[dict[str, Any]]:
    """Every verdict on a draft, in order."""
    order = (REVIEWS.c.created_at, REVIEWS.c.override_by.is_not(None), REVIEWS.c.id)
    query = sa.select(REVIEWS).where(REVIEWS.c.draft_id == draft_id).order_by(*order)
    return [dict(row) for row in connection.execute(query).mappings()]


def strategy(connection: sa.Connection, niche: str, until: date) -> dict[str, Any] | None:
    """The newest strategy of a niche up to a day, or None."""
    return _newest(connection, STRATEGIES, niche, until)


def lessons(connection: sa.Connection, niche: str, until: date) -> dict[str, Any] | None:
    """The newest guidelines for a niche up to a day, or None."""
    return _newest(connection, LESSONS, niche, until)


def winners(connection: sa.Connection, niche: str, since: datetime, limit: int = 10) -> list[dict[str, Any]]:
    """Own drafts whose posts did better than their platform's average, best first."""
    columns = (_DRAFT.id, _DRAFT.text_hash, _DRAFT.hook_category, _DRAFT.framework, _DRAFT.measured_score)
    query = (
        sa.select(*columns)
        .where(_DRAFT.niche == niche, _DRAFT.measured_reward == 1, _DRAFT.measured_at >= since)
        .order_by(_DRAFT.measured_score.desc().nulls_last(), _DRAFT.id)
        .limit(limit)
    )
    return [dict(row) for row in connection.execute(query).mappings()]


def blueprint_counts(rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """How often each blueprint stands in these rows."""
    counts: dict[str, int] = {}
    for row in rows:
        if row["blueprint_id"] is not None:
            counts[row["blueprint_id"]] = counts.get(row["blueprint_id"], 0) + 1
    return dict(sorted(counts.items()))


def _newest(connection: sa.Connection, table: sa.Table, niche: str, until: date) -> dict[str, Any] | None:
    query = sa.select(table).where(table.c.niche == niche, table.c.run_date <= until)
    row = connection.execute(query.order_by(table.c.run_date.desc(), table.c.id).limit(1)).mappings().first()
    return dict(row) if row else None
