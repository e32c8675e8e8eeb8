"""Links and clicks for other domains and reports."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.links.asked import ClicksArgs, ListArgs
from revenue_machine.domains.links.models import Click, ClickChange
from revenue_machine.domains.links.tables import CLICKS, LINKS
from revenue_machine.engine.tables import META

REVISION = "links/revision"
_SAME = (CLICKS.c.link_id, CLICKS.c.visitor_id, CLICKS.c.is_counted)
_AT_ONCE = 500

_COLUMNS = (
    CLICKS.c.id, CLICKS.c.slug, CLICKS.c.post_id, CLICKS.c.product, CLICKS.c.visitor_id, CLICKS.c.clicked_at,
    LINKS.c.utm_source, LINKS.c.utm_medium, LINKS.c.utm_content, LINKS.c.utm_campaign, LINKS.c.contact_id, LINKS.c.id,
)  # fmt: skip
# Built once: the first runs with every unknown link, the others with every signup.
_BY_SLUG = sa.select(LINKS).where(LINKS.c.slug == sa.bindparam("wanted_slug"))
_ARRIVED = (
    sa.select(*_COLUMNS, CLICKS.c.arrival, CLICKS.c.is_counted)
    .join(LINKS, LINKS.c.id == CLICKS.c.link_id)
    .where(sa.or_(CLICKS.c.is_counted, CLICKS.c.refiltered_at.is_not(None)), CLICKS.c.arrival > sa.bindparam("arrival"))
    .order_by(CLICKS.c.arrival, CLICKS.c.id)
)


def changes_after(connection: sa.Connection, arrival: int, most: int = 100_000) -> list[ClickChange]:
    """Clicks that came in or were judged anew since an arrival number (0: all), in that order; what counts no more comes too.

    A reader that keeps the last number it saw misses none, however late the click was written, and sees each change once.
    """
    rows = connection.execute(_ARRIVED.limit(most), {"arrival": arrival})
    return [ClickChange(Click(*row[:-2]), row.arrival, bool(row.is_counted)) for row in rows]


def revision(connection: sa.Connection) -> str:
    """Another word whenever a link was switched off or on."""
    return str(connection.execute(sa.select(META.c.value).where(META.c.name == REVISION)).scalar() or "")


def newest_links(connection: sa.Connection, most: int) -> list[dict[str, Any]]:
    """The links made last, the newest first."""
    query = sa.select(LINKS).order_by(LINKS.c.created_at.desc(), LINKS.c.id).limit(most)
    return [dict(row) for row in connection.execute(query).mappings()]


def links_by_slug(connection: sa.Connection, slugs: Collection[str]) -> list[dict[str, Any]]:
    """The stored links of slugs."""
    return _many(connection, LINKS.c.slug, slugs)


def links_by_id(connection: sa.Connection, ids: Collection[str]) -> dict[str, dict[str, Any]]:
    """Stored links by id."""
    return {row["id"]: row for row in _many(connection, LINKS.c.id, ids)}


def _many(connection: sa.Connection, column: sa.Column[str], wanted: Collection[str]) -> list[dict[str, Any]]:
    names, found = sorted(wanted), list[dict[str, Any]]()
    for start in range(0, len(names), _AT_ONCE):
        query = sa.select(LINKS).where(column.in_(names[start : start + _AT_ONCE])).order_by(LINKS.c.id)
        found += [dict(row) for row in connection.execute(query).mappings()]
    return found


def link_by_slug(connection: sa.Connection, slug: str) -> dict[str, Any] | None:
    """The stored link of a slug."""
    row = connection.execute(_BY_SLUG, {"wanted_slug": slug}).mappings().first()
    return dict(row) if row else None


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


def find_links(connection: sa.Connection, args: ListArgs) -> tuple[int, list[dict[str, Any]]]:
    """(how many there are, the page asked for), newest first."""
    query = sa.select(LINKS)
    for name in ("post_id", "product"):
        if getattr(args, name) is not None:
            query = query.where(LINKS.c[name] == getattr(args, name))
    if args.words:
        query = query.where(sa.or_(LINKS.c.slug.contains(args.words, autoescape=True),
                                   LINKS.c.destination_url.contains(args.words, autoescape=True)))  # fmt: skip
    if args.is_disabled is not None:
        query = query.where(LINKS.c.disabled_at.is_not(None) if args.is_disabled else LINKS.c.disabled_at.is_(None))
    total = int(connection.execute(sa.select(sa.func.count()).select_from(query.subquery())).scalar_one())
    page = query.order_by(LINKS.c.created_at.desc(), LINKS.c.id).limit(args.limit).offset(args.offset)
    return total, [dict(row) for row in connection.execute(page).mappings()]


def counts_of_links(connection: sa.Connection, link_ids: Collection[str]) -> dict[str, tuple[int, int]]:
    """(counted, filtered) clicks by link."""
    counted = sa.func.sum(sa.case((CLICKS.c.is_counted, 1), else_=0))
    query = sa.select(CLICKS.c.link_id, counted, sa.func.count()).where(CLICKS.c.link_id.in_(sorted(link_ids)))
    rows = connection.execute(query.group_by(CLICKS.c.link_id))
    return {str(link_id): (int(people), int(both) - int(people)) for link_id, people, both in rows}


def click_groups(connection: sa.Connection, args: ClicksArgs, window: timedelta, by: str | None) -> list[tuple[Any, ...]]:
    """(group, counted, unique, visitors, filtered); unique: none of the same visitor on the same link within the window before."""
    one = (
        sa.select(
            (sa.literal("all") if by is None else _groups(connection)[by]).label("name"),
            CLICKS.c.is_counted, CLICKS.c.visitor_id, CLICKS.c.clicked_at,
            sa.func.lag(CLICKS.c.clicked_at).over(partition_by=_SAME, order_by=(CLICKS.c.clicked_at, CLICKS.c.id)).label("before"),
        )
        .join(LINKS, LINKS.c.id == CLICKS.c.link_id)
        .where(*_chosen(args))
        .subquery()
    )  # fmt: skip
    people = one.c.is_counted
    since_s = _seconds(connection, one.c.clicked_at) - _seconds(connection, one.c.before)
    is_first = sa.or_(one.c.before.is_(None), since_s > _s(window))
    query = sa.select(
        one.c.name,
        sa.func.sum(sa.case((people, 1), else_=0)),
        sa.func.sum(sa.case((sa.and_(people, is_first), 1), else_=0)),
        sa.func.count(sa.distinct(sa.case((people, one.c.visitor_id)))),
        sa.func.sum(sa.case((people, 0), else_=1)),
    )
    return [tuple(row) for row in connection.execute(query.group_by(one.c.name).order_by(one.c.name))]


def filter_reasons(connection: sa.Connection, args: ClicksArgs) -> dict[str, int]:
    """Why clicks were filtered, and how often."""
    query = (
        sa.select(CLICKS.c.filter_reason, sa.func.count())
        .join(LINKS, LINKS.c.id == CLICKS.c.link_id)
        .where(*_chosen(args), sa.not_(CLICKS.c.is_counted))
        .group_by(CLICKS.c.filter_reason)
        .order_by(CLICKS.c.filter_reason)
    )
    return {str(row[0]): int(row[1]) for row in connection.execute(query)}


def clicks_to_judge(
    connection: sa.Connection, span: tuple[datetime | None, datetime | None], after_id: str, most: int
) -> list[dict[str, Any]]:
    """Clicks of [since, until) by id, with what a filter decides by."""
    start, end = span
    names = ("id", "is_counted", "filter_reason", "filter_version", "agent_words", "signals", "link_age_s")
    query = sa.select(*(CLICKS.c[name] for name in names), LINKS.c.utm_medium).outerjoin(LINKS, LINKS.c.id == CLICKS.c.link_id)
    query = query.where(CLICKS.c.id > after_id, *([] if start is None else [CLICKS.c.clicked_at >= start]))
    query = query.where(*([] if end is None else [CLICKS.c.clicked_at < end])).order_by(CLICKS.c.id).limit(most)
    return [dict(row) for row in connection.execute(query).mappings()]


def _chosen(args: ClicksArgs) -> list[sa.ColumnElement[bool]]:
    names = [name for name in ("slug", "post_id", "product") if getattr(args, name) is not None]
    wanted: list[sa.ColumnElement[bool]] = [LINKS.c[name] == getattr(args, name) for name in names]
    if args.since is not None:
        wanted.append(CLICKS.c.clicked_at >= args.since)
    if args.until is not None:
        wanted.append(CLICKS.c.clicked_at < args.until)
    return wanted


def _groups(connection: sa.Connection) -> dict[str, sa.ColumnElement[Any]]:
    """What clicks can be grouped by; days are UTC days."""
    at = CLICKS.c.clicked_at
    is_server = connection.dialect.name == "postgresql"
    day = sa.func.to_char(sa.func.timezone("UTC", at), "YYYY-MM-DD") if is_server else sa.func.strftime("%Y-%m-%d", at)
    return {
        "link": LINKS.c.slug, "day": day, "source": LINKS.c.utm_source, "medium": LINKS.c.utm_medium, "post": LINKS.c.post_id,
        "referrer": CLICKS.c.referrer_host, "reason": CLICKS.c.filter_reason,
    }  # fmt: skip


def _seconds(connection: sa.Connection, at: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """Seconds of a moment, to be subtracted from one another."""
    if connection.dialect.name == "postgresql":
        return sa.extract("epoch", at)
    return sa.func.julianday(at, type_=sa.Double) * 86_400.0


def _s(window: timedelta) -> float:
    """Julian days hold a tenth of a millisecond; a click at the very end of its window is inside."""
    return window.total_seconds() + 0.001
