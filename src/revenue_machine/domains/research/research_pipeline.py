"""Looks at each platform and niche at most once a day, keeps what it saw, and goes on when a platform is dead."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from revenue_machine.domains.owner.models import Business, Niche
from revenue_machine.domains.research.models import PairResult, ResearchResult
from revenue_machine.domains.research.reads import count_by_pair, newest_by_pair
from revenue_machine.domains.research.rules import ITEMS_PER_SEARCH, Counts, is_fresh
from revenue_machine.domains.research.store import NewItem, Stored, store_items, touch_blueprints
from revenue_machine.engine.clients import Clients
from revenue_machine.engine.database import Database
from revenue_machine.integrations.market_research.market_research_client import MarketResearchClient
from revenue_machine.integrations.market_research.wire import ResearchItem
from revenue_machine.kit.clock import Clock, local_date
from revenue_machine.kit.errors import BadInput, Failure, NotConfigured, OutsideUnavailable
from revenue_machine.kit.settings import Settings

Pair = tuple[str, Niche]


@dataclass
class _Tally:
    """What one sweep has found so far."""

    pairs: list[PairResult] = field(default_factory=list)
    touched: list[tuple[str, str]] = field(default_factory=list)
    calls: int = 0


class Research:
    """One sweep over pairs of platform and niche."""

    def __init__(self, database: Database, clock: Clock, settings: Settings, business: Business, clients: Clients) -> None:
        self._database, self._clock, self._settings, self._business, self._clients = database, clock, settings, business, clients

    def sweep(self, platforms: Sequence[str], niche: str | None, max_items: int | None) -> ResearchResult:
        """Refresh what is older than 24 h; per platform the oldest niche first, so that a rate limit starves none.

        Raises: bad_input (unknown niche); not_configured or outside_unavailable when there is neither source nor old data.
        """
        now = self._clock.now()
        tally = _Tally()
        with self._database.reading() as connection:
            newest, counts = newest_by_pair(connection), count_by_pair(connection)
        client = self._clients.maybe(MarketResearchClient)
        for platform in platforms:
            self._sweep_platform(client, self._in_order(platform, niche, newest), max_items, newest, tally)
        blueprints = self._extract(tally, now)
        return self._result(tally, counts, blueprints, is_configured=client is not None)

    def _in_order(self, platform: str, niche: str | None, newest: dict[tuple[str, str], datetime]) -> list[Pair]:
        """The pairs of one platform, never seen ones first, then the oldest."""
        niches = [one for one in self._business.niches if niche in (None, one.key)]
        if not niches:
            raise BadInput(f"there is no niche {niche}", field="niche")

        def age(one: Niche) -> tuple[str, str]:
            seen = newest.get((platform, one.key))
            return ("" if seen is None else seen.isoformat(), one.key)

        return [(platform, one) for one in sorted(niches, key=age)]

    def _sweep_platform(
        self, client: MarketResearchClient | None, pairs: Sequence[Pair], max_items: int | None,
        newest: dict[tuple[str, str], datetime], tally: _Tally,
    ) -> None:  # fmt: skip
        """A platform that failed twice in a row, or asks for fewer calls, is left alone for the rest of this sweep."""
        given_up: Failure | None = None if client is not None else NotConfigured("market research is not set up")
        failures = 0
        for platform, niche in pairs:
            seen = newest.get((platform, niche.key))
            found = PairResult(platform=platform, niche=niche.key, cached=True, newest_at=seen)
            if not is_fresh(seen, self._clock.now()):
                try:
                    if client is None or given_up is not None:
                        raise given_up or NotConfigured("market research is not set up")
                    found = self._refresh(client, platform, niche, max_items, tally)
                    failures = 0
                except Failure as failure:
                    failures += 1
                    if failures == 2 or not failure.retryable or failure.code == "outside_rate_limited":
                        given_up = failure
                    found = _failed(found, failure, has_old=seen is not None)
            tally.pairs.append(found)

    def _refresh(
        self, client: MarketResearchClient, platform: str, niche: Niche, max_items: int | None, tally: _Tally
    ) -> PairResult:
        """Ask once (a second time after a retryable failure that is no rate limit) and keep what came."""
        query = self._query(niche)
        most = max_items or ITEMS_PER_SEARCH[platform]
        tally.calls += 1
        try:
            found = client.search(platform, query, niche.key, most)
        except Failure as failure:
            if not failure.retryable or failure.code == "outside_rate_limited":
                raise
            tally.calls += 1
            found = client.search(platform, query, niche.key, most)
        stored = self._keep(platform, niche.key, query, found)
        tally.touched.append((platform, niche.key))
        return PairResult(
            platform=platform, niche=niche.key, items=len(found), stored=stored.stored, refreshed=stored.refreshed,
            newest_at=self._clock.now() if found else None,
        )  # fmt: skip

    def _query(self, niche: Niche) -> str:
        """Another of the niche's search terms every local day."""
        terms = niche.search_terms or (niche.name,)
        return terms[local_date(self._clock.now(), self._settings.zone).toordinal() % len(terms)]

    def _keep(self, platform: str, niche: str, keyword: str, found: Sequence[ResearchItem]) -> Stored:
        items = [_new_item(platform, niche, keyword, one) for one in found]
        with self._database.writing() as connection:
            return store_items(connection, self._database, items, self._clock.now())

    def _extract(self, tally: _Tally, now: datetime) -> int:
        if not tally.touched:
            return 0
        with self._database.writing() as connection:
            return touch_blueprints(connection, self._database, tally.touched, now, local_date(now, self._settings.zone))

    def _result(self, tally: _Tally, counts: dict[tuple[str, str], int], blueprints: int, *, is_configured: bool) -> ResearchResult:
        pairs = sorted(tally.pairs, key=lambda one: (one.platform, one.niche))
        missing = [f"{one.platform}/{one.niche}" for one in pairs if one.code is not None and not one.stale]
        stale = [f"{one.platform}/{one.niche}" for one in pairs if one.stale]
        if len(missing) == len(pairs) and not counts:
            reason = pairs[0].reason or ""
            if is_configured:
                raise OutsideUnavailable(f"no platform answered: {reason}")
            raise NotConfigured("nothing is known: set REVENUE_MARKET_RESEARCH__BASE_URL or import market_items")
        return ResearchResult(
            cached=bool(pairs) and all(one.cached for one in pairs), partial=bool(missing or stale), missing=missing, stale=stale,
            items=sum(_held(pairs, counts)), stored=sum(one.stored for one in pairs), calls=tally.calls,
            refreshed=sum(one.refreshed for one in pairs), blueprints=blueprints, pairs=pairs,
        )  # fmt: skip


def _failed(pair: PairResult, failure: Failure, *, has_old: bool) -> PairResult:
    """Nothing new: old data is used and flagged, or the pair is missing."""
    return pair.model_copy(update={"cached": False, "stale": has_old, "code": failure.code, "reason": failure.message})


def _held(pairs: Sequence[PairResult], counts: dict[tuple[str, str], int]) -> Iterator[int]:
    for one in pairs:
        yield counts.get((one.platform, one.niche), 0) + one.stored


def _new_item(platform: str, niche: str, keyword: str, one: ResearchItem) -> NewItem:
    """The service's item in our words; `hook_text`, audio and creator stay in the metadata."""
    metrics = one.metrics
    return NewItem(
        source="market_research", platform=platform, niche=niche, source_url=one.source_url, provenance="api",
        counts=Counts(
            likes=metrics.likes, comments=metrics.comments, shares=metrics.shares, saves=metrics.saves, views=metrics.views,
            followers=one.creator.follower_count,
        ),
        caption=one.content.caption.strip() or None, content_type=one.content_type, keyword=keyword,
        hashtag=one.content.hashtags[0] if one.content.hashtags else None, posted_at=one.post_date,
        posted_weekday=None if one.post_date is None else (one.post_date.weekday() + 1) % 7,
        posted_hour=None if one.post_date is None else one.post_date.hour, collected_at=one.collected_at,
        metadata={
            "research_type": one.research_type, "creator": one.creator.handle, "hashtags": one.content.hashtags,
            "duration_seconds": one.content.duration_seconds, "audio_name": one.content.audio_name,
            "cta_type": one.content.cta_type,
        },
    )  # fmt: skip
