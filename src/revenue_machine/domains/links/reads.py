"""Links and clicks for other domains and reports."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.links.models import Click
from revenue_machine.domains.links.tables import CLICKS, LINKS

_COLUMNS = (
    CLICKS.c.id, CLICKS.c.slug, CLICKS.c.post_id, CLICKS.c.product, CLICKS.c.visitor_id, CLICKS.c.clicked_at,
    LINKS.c.utm_source, LINKS.c.utm_medium, LINKS.c.utm_content,
)  # fmt: skip


def link_by_slug(connection: sa.Connection, slug: str) -> dict[str, Any] | None:
    """The stored link of a slug."""
    row = connection.execute(sa.select(LINKS).where(LINKS.c.slug == slug)).mappings().first()
    return dict(row) if row else None


def counted_clicks_after(connection: sa.Connection, clicked_at: datetime | None, click_id: str) -> list[Click]:
    """Counted clicks later than a mark, oldest first; the mark is (time, id)."""
    query = sa.select(*_COLUMNS).join(LINKS, LINKS.c.id == CLICKS.c.link_id).where(CLICKS.c.is_counted)
    if clicked_at is not None:
        later = sa.or_(CLICKS.c.clicked_at > clicked_at, sa.and_(CLICKS.c.clicked_at == clicked_at, CLICKS.c.id > click_id))
        query = query.where(later)
    return [Click(*row) for row in connection.execute(query.order_by(CLICKS.c.clicked_at, CLICKS.c.id))]


def click_counts(connection: sa.Connection, start: datetime, end: datetime) -> tuple[int, int]:
    """(counted, filtered) clicks in [start, end)."""
    query = (
        sa.select(CLICKS.c.is_counted, sa.func.count())
        .where(CLICKS.c.clicked_at >= start, CLICKS.c.clicked_at < end)
        .group_by(CLICKS.c.is_counted)
    )
    counts = {bool(row[0]): int(row[1]) for row in connection.execute(query)}
    return counts.get(True, 0), counts.get(False, 0)
