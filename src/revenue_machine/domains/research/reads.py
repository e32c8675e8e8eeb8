"""Read-only questions about market items and blueprints that any domain may ask."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.research.models import Blueprint, Evidence, Item, SlotHistory
from revenue_machine.domains.research.rules import UNKNOWN_NICHE, clean, quantile
from revenue_machine.domains.research.tables import BLUEPRINTS, MARKET_ITEMS

HISTORY = 500
_ITEM = MARKET_ITEMS.c
# Built once: every niche of every platform asks them.
_KNOWN_SCORES = (
    sa.select(_ITEM.engagement_score)
    .where(
        _ITEM.platform == sa.bindparam("on_platform"),
        _ITEM.score_basis == sa.bindparam("on_basis"),
        _ITEM.engagement_score.is_not(None),
    )
    .order_by(_ITEM.collected_at.desc(), _ITEM.id)
    .limit(sa.bindparam("most"))
)
_BEST_BLUEPRINTS = (
    sa.select(BLUEPRINTS.c.source_item_ids, BLUEPRINTS.c.hook_category)
    .where(BLUEPRINTS.c.niche == sa.bindparam("in_niche"))
    .order_by(BLUEPRINTS.c.performance_score.desc(), BLUEPRINTS.c.id)
    .limit(sa.bindparam("most"))
)
_QUOTABLE = sa.select(
    _ITEM.id, _ITEM.caption, _ITEM.platform, _ITEM.trend_score, _ITEM.provenance, _ITEM.niche, _ITEM.blueprint_id
).where(_ITEM.id.in_(sa.bindparam("items", expanding=True)))


def newest_by_pair(connection: sa.Connection) -> dict[tuple[str, str], datetime]:
    """When each (platform, niche) was last asked for outside; what the owner imported does not count as asking."""
    query = (
        sa.select(_ITEM.platform, _ITEM.niche, sa.func.max(_ITEM.updated_at))
        .where(_ITEM.provenance != "import")
        .group_by(_ITEM.platform, _ITEM.niche)
        .order_by(_ITEM.platform, _ITEM.niche)
    )
    return {(row[0], row[1]): row[2] for row in connection.execute(query)}


def count_by_pair(connection: sa.Connection) -> dict[tuple[str, str], int]:
    """How many items there are per (platform, niche)."""
    query = sa.select(_ITEM.platform, _ITEM.niche, sa.func.count()).group_by(_ITEM.platform, _ITEM.niche)
    return {(row[0], row[1]): row[2] for row in connection.execute(query.order_by(_ITEM.platform, _ITEM.niche))}


def known_scores(connection: sa.Connection, platform: str, basis: str, limit: int = HISTORY) -> list[float]:
    """The last engagement scores of a platform on one basis, newest first."""
    given = {"on_platform": platform, "on_basis": basis, "most": limit}
    return [float(row[0]) for row in connection.execute(_KNOWN_SCORES, given)]


def breakpoints(connection: sa.Connection, platform: str, basis: str = "views") -> dict[str, float]:
    """What counts as average (p50), strong (p80) and viral (p95) on a platform; empty below 20 items."""
    scores = sorted(known_scores(connection, platform, basis))
    if len(scores) < 20:
        return {}
    return {f"p{int(share * 100)}": quantile(scores, share) for share in (0.2, 0.5, 0.8, 0.95)}


def slot_history(connection: sa.Connection, platform: str) -> list[SlotHistory]:
    """How items did by posting weekday and hour, for items whose time is known."""
    query = (
        sa.select(_ITEM.posted_weekday, _ITEM.posted_hour, _ITEM.trend_score)
        .where(_ITEM.platform == platform, _ITEM.posted_weekday.is_not(None), _ITEM.posted_hour.is_not(None))
        .where(_ITEM.trend_score.is_not(None))
        .order_by(_ITEM.posted_weekday, _ITEM.posted_hour, _ITEM.trend_score, _ITEM.id)
    )
    slots: dict[tuple[int, int], list[float]] = {}
    for weekday, hour, percentile in connection.execute(query):
        slots.setdefault((weekday, hour), []).append(percentile)
    return [SlotHistory(day, hour, len(found), sum(found) / len(found)) for (day, hour), found in slots.items()]


def evidence(connection: sa.Connection, niche: str, limit: int = 20) -> list[Evidence]:
    """The best quotable items of a niche, the best of each blueprint first; a quarter from the owner's imports if there are any.

    Suspicious text and items without text are never quoted. Quotes are cleaned and cut.
    """
    own = _quotable(connection, niche, limit)
    imported = [row for row in own if row["provenance"] == "import"] + _quotable(connection, UNKNOWN_NICHE, limit)
    seen = [row for row in own if row["provenance"] != "import"]
    share = min(len(imported), max(limit // 4, limit - len(seen)))
    distinct = {row["quote"]: row for row in reversed(_every_fourth(seen[: limit - share], imported[:share]))}
    return [_as_evidence(row) for row in reversed(distinct.values())]


def _every_fourth(seen: list[dict[str, Any]], imported: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Three found, one imported, and so on; the rest at the end: whoever takes the first few gets both."""
    mixed: list[dict[str, Any]] = []
    for place, row in enumerate(seen):
        mixed.append(row)
        if place % 3 == 2 and imported:
            mixed.append(imported.pop(0))
    return [*mixed, *imported]


def _quotable(connection: sa.Connection, niche: str, limit: int) -> list[dict[str, Any]]:
    """Evidence rows of the best blueprints in turns: each one's best item, then each one's second."""
    found = connection.execute(_BEST_BLUEPRINTS, {"in_niche": niche, "most": limit}).all()
    hooks = {item_id: row.hook_category for row in found for item_id in row.source_item_ids}
    turns = [row.source_item_ids[nth] for nth in range(5) for row in found if len(row.source_item_ids) > nth][:limit]
    items = {row["id"]: dict(row) for row in connection.execute(_QUOTABLE, {"items": turns}).mappings()}
    return [items[one] | {"hook_category": hooks[one], "quote": clean(items[one]["caption"])} for one in turns if one in items]


def _as_evidence(row: Mapping[str, Any]) -> Evidence:
    return Evidence(
        id=row["id"],
        quote=row["quote"],
        platform=row["platform"],
        engagement=round(float(row["trend_score"]), 4),
        source=f"outside:{row['provenance']}",
        niche=row["niche"],
        hook_category=row["hook_category"],
        blueprint_id=row["blueprint_id"],
    )


def list_items(connection: sa.Connection, platform: str | None, niche: str | None, limit: int) -> list[Item]:
    """Items, newest first and best first within one time."""
    query = _narrow(sa.select(MARKET_ITEMS), platform, niche)
    query = query.order_by(_ITEM.updated_at.desc(), _ITEM.trend_score.desc().nulls_last(), _ITEM.id).limit(limit)
    names = set(Item.model_fields) - {"percentile"}
    return [
        Item(percentile=row["trend_score"], **{name: row[name] for name in names}) for row in connection.execute(query).mappings()
    ]


def count_items(connection: sa.Connection, platform: str | None, niche: str | None, *, only_without_text: bool = False) -> int:
    """How many items there are."""
    query = _narrow(sa.select(sa.func.count()).select_from(MARKET_ITEMS), platform, niche)
    if only_without_text:
        query = query.where(_ITEM.caption.is_(None))
    return int(connection.execute(query).scalar_one())


def list_blueprints(connection: sa.Connection, platform: str | None, niche: str | None, limit: int) -> list[Blueprint]:
    """Blueprints, best first; those with more evidence first among equals."""
    query = sa.select(BLUEPRINTS)
    if platform is not None:
        query = query.where(BLUEPRINTS.c.platform == platform)
    if niche is not None:
        query = query.where(BLUEPRINTS.c.niche == niche)
    order = (BLUEPRINTS.c.performance_score.desc(), BLUEPRINTS.c.evidence_count.desc(), BLUEPRINTS.c.id)
    rows = connection.execute(query.order_by(*order).limit(limit)).mappings()
    return [Blueprint(**{name: row[name] for name in Blueprint.model_fields}) for row in rows]


def count_blueprints(connection: sa.Connection) -> int:
    """How many blueprints there are."""
    return int(connection.execute(sa.select(sa.func.count()).select_from(BLUEPRINTS)).scalar_one())


def _narrow(query: sa.Select[Any], platform: str | None, niche: str | None) -> sa.Select[Any]:
    if platform is not None:
        query = query.where(_ITEM.platform == platform)
    return query.where(_ITEM.niche == niche) if niche is not None else query


def quote_of(connection: sa.Connection, item_id: str) -> str | None:
    """A short, cleaned quote of an item's text, or None."""
    caption = connection.execute(sa.select(_ITEM.caption).where(_ITEM.id == item_id)).scalar()
    return clean(caption) if caption else None
