"""Writes market items (deduplicated by source URL) and the blueprints that follow from them."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from revenue_machine.domains.research.mechanics import Mechanics, read_build, read_mechanics
from revenue_machine.domains.research.reads import known_scores
from revenue_machine.domains.research.rules import Counts, Score, clean, engagement, gives_orders, percentiles, proven
from revenue_machine.domains.research.tables import BLUEPRINTS, MARKET_ITEMS
from revenue_machine.engine.database import Database
from revenue_machine.kit.ids import make_id

CHUNK = 500
EVIDENCE_ROWS = 5
_METRICS = ("likes", "comments", "shares", "saves", "quotes", "views", "followers")
_REFRESHED = (*_METRICS, "engagement_score", "score_basis", "trend_score", "updated_at")
_KEPT = ("id", "created_at", "first_seen_on", "usage_count")
_COLUMNS = tuple(column.name for column in MARKET_ITEMS.columns)
# Built once: every niche of every platform runs them.
_ITEM = MARKET_ITEMS.c
_KNOWN = sa.select(_ITEM.source_url, *(_ITEM[name] for name in _METRICS)).where(
    _ITEM.source_url.in_(sa.bindparam("urls", expanding=True))
)
_BUILT = (
    sa.select(_ITEM.id, _ITEM.blueprint_id, _ITEM.trend_score, _ITEM.provenance)
    .where(_ITEM.platform == sa.bindparam("on_platform"), _ITEM.niche == sa.bindparam("in_niche"))
    .where(_ITEM.blueprint_id.is_not(None), _ITEM.is_suspicious.is_(False), _ITEM.trend_score.is_not(None))
    .order_by(_ITEM.trend_score.desc(), _ITEM.id)
)
_TEXTS = sa.select(
    _ITEM.id, _ITEM.caption, _ITEM.content_type, sa.func.coalesce(_ITEM.hashtag, _ITEM.keyword)
).where(_ITEM.id.in_(sa.bindparam("ids", expanding=True)))  # fmt: skip
_USED = (
    BLUEPRINTS.update()
    .where(BLUEPRINTS.c.id == sa.bindparam("blueprint"))
    .values(usage_count=BLUEPRINTS.c.usage_count + sa.bindparam("times"))
)


@dataclass(frozen=True)
class NewItem:
    """An item as it arrived; `source_url` is its natural key."""

    source: str
    platform: str
    niche: str
    source_url: str
    counts: Counts
    provenance: str
    caption: str | None = None
    content_type: str | None = None
    external_id: str | None = None
    keyword: str | None = None
    hashtag: str | None = None
    advertiser_name: str | None = None
    posted_at: datetime | None = None
    posted_weekday: int | None = None
    posted_hour: int | None = None
    import_file: str | None = None
    row_number: int | None = None
    collected_at: datetime | None = None
    metadata: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Stored:
    """New items, known ones whose numbers were refreshed, known ones that were equal already."""

    stored: int = 0
    refreshed: int = 0
    equal: int = 0


def store_items(connection: sa.Connection, database: Database, items: Sequence[NewItem], now: datetime) -> Stored:
    """Insert new items, refresh the numbers of known ones; the last of two with one URL counts.

    An imported item that is known with the same numbers stays untouched, so a second import changes nothing.
    """
    distinct = {item.source_url: item for item in items}
    known = _known(connection, list(distinct))
    equal = {url for url, item in distinct.items() if item.provenance == "import" and known.get(url) == _metrics(item)}
    fresh = [item for url, item in distinct.items() if url not in equal]
    rows = [_row(item, score, place, now) for item, score, place in _scored(connection, fresh)]
    for chunk in _chunks(rows):
        _put_many(connection, database, chunk)
    refreshed = sum(1 for item in fresh if item.source_url in known)
    return Stored(len(fresh) - refreshed, refreshed, len(items) - len(fresh))


def touch_blueprints(
    connection: sa.Connection, database: Database, pairs: Iterable[tuple[str, str]], now: datetime, today: date
) -> int:
    """Rebuild the blueprints of these (platform, niche) pairs from their items; returns how many stand."""
    count = 0
    for platform, niche in sorted(set(pairs)):
        rows = [row | {"first_seen_on": today, "usage_count": 0} for row in _blueprint_rows(connection, platform, niche, now)]
        for chunk in _chunks(rows):
            database.put(connection, BLUEPRINTS, chunk, ["id"], [name for name in rows[0] if name not in _KEPT])
        count += len(rows)
    return count


def count_usage(connection: sa.Connection, blueprint_id: str, times: int) -> None:
    """A blueprint has been used for so many further drafts."""
    connection.execute(_USED, {"blueprint": blueprint_id, "times": times})


def _known(connection: sa.Connection, urls: Sequence[str]) -> dict[str, tuple[int | None, ...]]:
    found: dict[str, tuple[int | None, ...]] = {}
    for chunk in _chunks(urls):
        for row in connection.execute(_KNOWN, {"urls": chunk}):
            found[row[0]] = tuple(row[1:])
    return found


def _metrics(item: NewItem) -> tuple[int | None, ...]:
    return tuple(getattr(item.counts, name) for name in _METRICS)


def _scored(connection: sa.Connection, items: Sequence[NewItem]) -> Iterator[tuple[NewItem, Score, float | None]]:
    """Each item with its score and its percentile among the batch and the last items of platform and basis."""
    scores = [engagement(item.counts) for item in items]
    groups: dict[tuple[str, str], list[int]] = {}
    for place, (item, score) in enumerate(zip(items, scores, strict=True)):
        if score.value is not None:
            groups.setdefault((item.platform, score.basis), []).append(place)
    ranks: dict[int, float] = {}
    for (platform, basis), places in sorted(groups.items()):
        known = known_scores(connection, platform, basis)
        ranks.update(zip(places, percentiles([scores[place].value or 0.0 for place in places], known), strict=True))
    for place, (item, score) in enumerate(zip(items, scores, strict=True)):
        yield item, score, ranks.get(place)


def _row(item: NewItem, score: Score, percentile: float | None, now: datetime) -> dict[str, Any]:
    caption = item.caption or None
    blueprint = read_build(caption, item.content_type).blueprint_id(item.platform, item.niche) if caption else None
    row: dict[str, Any] = dict.fromkeys(_COLUMNS)
    row |= {name: value for name, value in vars(item).items() if name in _COLUMNS}
    row |= vars(item.counts)
    row |= {
        "id": make_id("mki", item.source_url), "engagement_score": score.value, "score_basis": score.basis,
        "trend_score": percentile, "blueprint_id": blueprint, "is_suspicious": caption is not None and gives_orders(caption),
        "metadata": dict(item.metadata or {}), "collected_at": item.collected_at or now, "created_at": now, "updated_at": now,
    }  # fmt: skip
    return row


def _put_many(connection: sa.Connection, database: Database, rows: list[dict[str, Any]]) -> None:
    """One prepared statement for all rows: thousands of rows in a second on both databases."""
    connection.execute(_refresh(database.dialect), rows)


@functools.cache
def _refresh(dialect: str) -> Any:
    insert: Any = postgresql.insert(MARKET_ITEMS) if dialect == "postgresql" else sqlite.insert(MARKET_ITEMS)
    fresh = {name: insert.excluded[name] for name in _REFRESHED}
    return insert.on_conflict_do_update(index_elements=["source_url"], set_=fresh)


def _blueprint_rows(connection: sa.Connection, platform: str, niche: str, now: datetime) -> Iterator[dict[str, Any]]:
    """One row per way of building; its evidence are its best items that are not suspicious."""
    groups: dict[str, list[tuple[str, float, str]]] = {}
    for item_id, blueprint_id, percentile, provenance in connection.execute(_BUILT, {"on_platform": platform, "in_niche": niche}):
        groups.setdefault(blueprint_id, []).append((item_id, percentile, provenance))
    best = [found[0][0] for found in groups.values()]
    texts = _texts(connection, best)
    for blueprint_id, found in sorted(groups.items()):
        caption, content_type, about = texts[found[0][0]]
        row = _blueprint_row(read_mechanics(caption, content_type), caption, found, now)
        yield row | {
            "id": blueprint_id, "platform": platform, "niche": niche, "content_type": content_type or "text",
            "topic": clean(about, 60) if about else None,
        }  # fmt: skip


def _blueprint_row(mechanics: Mechanics, caption: str, found: Sequence[tuple[str, float, str]], now: datetime) -> dict[str, Any]:
    """Everything about one way of building; pictures and pacing are None because nobody looked at them."""
    return {
        "source_type": "market_item", "source_id": found[0][0], "format": mechanics.build.format,
        "hook_pattern": mechanics.hook_pattern, "hook_type": mechanics.build.hook_type,
        "hook_category": mechanics.build.hook_category,
        "length_bucket": mechanics.build.length_bucket, "cta": mechanics.build.cta, "structure": mechanics.structure(),
        "pacing": None, "visual_style": None,
        "caption_pattern": {"hashtags": mechanics.hashtags, "line_breaks": mechanics.line_breaks, "chars": len(caption)},
        "offer_angle": {"angle": mechanics.angle, "awareness": mechanics.awareness},
        "source_item_ids": [item_id for item_id, _, _ in found[:EVIDENCE_ROWS]], "quote": clean(caption),
        "provenance": "+".join(sorted({provenance for _, _, provenance in found})),
        "performance_score": proven([percentile for _, percentile, _ in found]), "evidence_count": len(found),
        "created_at": now, "updated_at": now,
    }  # fmt: skip


def _texts(connection: sa.Connection, ids: Sequence[str]) -> dict[str, tuple[str, str | None, str | None]]:
    """Caption, content type and topic (hashtag, else search term) by item."""
    found: dict[str, tuple[str, str | None, str | None]] = {}
    for chunk in _chunks(ids):
        for row in connection.execute(_TEXTS, {"ids": chunk}):
            found[row[0]] = (row[1], row[2], row[3])
    return found


def _chunks(values: Sequence[Any]) -> Iterator[Any]:
    for start in range(0, len(values), CHUNK):
        yield values[start : start + CHUNK]
