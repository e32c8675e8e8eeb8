"""Links and clicks for other domains and reports."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.links.models import Click
from revenue_machine.domains.links.tables import CLICKS, LINKS

_COLUMNS = (
    CLICKS.c.id, CLICKS.c.slug, CLICKS.c.post_id, CLICKS.c.product, CLICKS.c.visitor_id, CLICKS.c.clicked_at,
    LINKS.c.utm_source, LINKS.c.utm_medium, LINKS.c.utm_content, LINKS.c.utm_campaign, LINKS.c.contact_id, LINKS.c.id,
)  # fmt: skip
# Built once: the first runs with every unknown link, the others with every signup.
_BY_SLUG = sa.select(LINKS).where(LINKS.c.slug == sa.bindparam("wanted_slug"))
_COUNTED: sa.Select[Any] = (
    sa.select(*_COLUMNS)
    .join(LINKS, LINKS.c.id == CLICKS.c.link_id)
    .where(CLICKS.c.is_counted)
    .order_by(CLICKS.c.clicked_at, CLICKS.c.id)
)
_AT = sa.bindparam("reached_at", type_=CLICKS.c.clicked_at.type)
_COUNTED_AFTER = _COUNTED.where(
    sa.or_(CLICKS.c.clicked_at > _AT, sa.and_(CLICKS.c.clicked_at == _AT, CLICKS.c.id > sa.bindparam("reached_id")))
)


def link_by_slug(connection: sa.Connection, slug: str) -> dict[str, Any] | None:
    """The stored link of a slug."""
    row = connection.execute(_BY_SLUG, {"wanted_slug": slug}).mappings().first()
    return dict(row) if row else None


def counted_clicks_after(connection: sa.Connection, clicked_at: datetime | None, click_id: str) -> list[Click]:
    """Counted clicks later than a mark, oldest first; the mark is (time, id)."""
    if clicked_at is None:
        return [Click(*row) for row in connection.execute(_COUNTED)]
    return [Click(*row) for row in connection.execute(_COUNTED_AFTER, {"reached_at": clicked_at, "reached_id": click_id})]


def click_counts(connection: sa.Connection, start: datetime, end: datetime) -> tuple[int, int]:
    """(counted, filtered) clicks in [start, end)."""
    query = (
        sa.select(CLICKS.c.is_counted, sa.func.count())
        .where(CLICKS.c.clicked_at >= start, CLICKS.c.clicked_at < end)
        .group_by(CLICKS.c.is_counted)
    )
    counts = {bool(row[0]): int(row[1]) for row in connection.execute(query)}
    return counts.get(True, 0), counts.get(False, 0)


def contact_of_click(connection: sa.Connection, click_id: str) -> str | None:
    """Whose personal link was clicked; None for any other link and for what was no person's click."""
    query = (
        sa.select(LINKS.c.contact_id)
        .join(CLICKS, CLICKS.c.link_id == LINKS.c.id)
        .where(CLICKS.c.id == click_id, CLICKS.c.is_counted)
    )
    found: str | None = connection.execute(query).scalar()
    return found
