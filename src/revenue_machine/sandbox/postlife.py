"""The life of one post: how many see it, who clicks and when; a pure function of seed, world and post."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from revenue_machine.kit.clock import parse_instant
from revenue_machine.kit.rng import array_rng
from revenue_machine.sandbox.catalogue import Platform
from revenue_machine.sandbox.people import Floats, Indices, People
from revenue_machine.sandbox.rates import WorldRates
from revenue_machine.sandbox.reading import Reading

_HOUR_S = 3600.0


@dataclass(frozen=True)
class Arrivals:
    """People who come because of a post: `after_s` seconds since it was published (sorted) and who."""

    after_s: Floats
    people: Indices

    def between(self, low_s: float, high_s: float) -> list[tuple[int, float, int]]:
        """(number within the post, seconds, person) of those in [low, high)."""
        first, last = np.searchsorted(self.after_s, [low_s, high_s])
        return [(number, float(self.after_s[number]), int(self.people[number])) for number in range(first, last)]


@dataclass(frozen=True)
class PostLife:
    """Everything that will happen around a post, drawn when it is first seen."""

    post_id: str
    published_at: datetime
    url: str
    reading: Reading
    impressions: int
    seen_by_hour: Floats
    likes: int
    comments: int
    shares: int
    saves: int
    clicks: Arrivals
    lookups: Arrivals

    def counts(self, at: datetime) -> dict[str, int]:
        """views, likes, comments, shares, saves as they stand at an instant; never falling."""
        age = min(max((at - self.published_at).total_seconds() / _HOUR_S, 0.0), len(self.seen_by_hour) - 1.0)
        share = float(np.interp(age, np.arange(len(self.seen_by_hour)), self.seen_by_hour))
        totals = {"views": self.impressions, "likes": self.likes, "comments": self.comments}
        totals |= {"shares": self.shares, "saves": self.saves}
        return {name: int(total * share) for name, total in totals.items()}

    def window(self, start: datetime, end: datetime) -> tuple[float, float]:
        """A slice of time in seconds since publication; below zero it was not there yet."""
        return (start - self.published_at).total_seconds(), (end - self.published_at).total_seconds()


def live(rates: WorldRates, people: People, post: Mapping[str, Any], reading: Reading, *, seed: int, tired: float) -> PostLife:
    """Draw the life of a post; `tired` (0..1] is what repetition left of its reach."""
    published_at = parse_instant(str(post["published_at"]))
    name = str(post["id"])
    platform = rates.platforms.get(reading.platform) or next(iter(rates.platforms.values()))
    weights = hour_weights(rates, platform, published_at)
    draws = array_rng(seed, "post.reach", name)
    impressions = int(draws.poisson(_expected_impressions(draws, rates, platform, reading) * tired * float(weights.sum())))
    rate = min(rates.funnel.impression_to_click * platform.clicks * _pull(rates, reading), 0.25)
    draw = array_rng(seed, "post.clicks", name)
    clicks = int(draw.poisson(impressions * rate)) if reading.links else 0
    lookup_rate = rate * rates.traffic.looked_up_per_click * platform.lookups
    lookups = int(array_rng(seed, "post.lookups", name).poisson(impressions * lookup_rate))
    place = _Placing(seed, rates, people, reading, published_at, weights)
    reactions = array_rng(seed, "post.reactions", name)
    likes, comments, shares, saves = (
        int(reactions.poisson(impressions * share * _pull(rates, reading)))
        for share in (platform.likes, platform.comments, platform.shares, platform.saves)
    )
    return PostLife(
        name, published_at, str(post.get("url") or ""), reading, impressions,
        np.concatenate([[0.0], np.cumsum(weights) / weights.sum()]),
        likes, comments, shares, saves,
        clicks=place.arrivals("clicker", name, clicks), lookups=place.arrivals("lookup", name, lookups),
    )  # fmt: skip


def _expected_impressions(draws: np.random.Generator, rates: WorldRates, platform: Platform, reading: Reading) -> float:
    niche = rates.niches.get(reading.niche)
    tail = float(draws.lognormal(0.0, platform.tail))
    carried = rates.viral_factor if draws.random() < rates.viral_chance else 1.0
    return platform.impressions * rates.reach * tail * carried * (niche.factor if niche else 0.6)


def _pull(rates: WorldRates, reading: Reading) -> float:
    """The hidden truth about words: how hook, framework and their fit to the niche move people."""
    hook = rates.hooks.get(reading.hook, 1.0)
    return hook * rates.frameworks.get(reading.framework, 1.0) * rates.pairs.get(f"{reading.hook}/{reading.niche}", 1.0)


def hour_weights(rates: WorldRates, platform: Platform, published_at: datetime) -> Floats:
    """Attention per hour of the post's life; sums to about 1, more when people are awake for it."""
    hours = np.arange(rates.life_of_post_hours)
    left = np.exp2(-hours / platform.half_life_hours)
    left = left / left.sum()
    shares = np.array(list(rates.time_zones.values()))
    first, zones = _hour(published_at), tuple(rates.time_zones)
    watching = np.array(
        [_zone_attention(platform.attention, platform.weekend, zones, first + after) for after in _hours(len(hours))]
    )
    return left * (watching @ (shares / shares.sum()))  # type: ignore[no-any-return]


def _hour(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


@lru_cache(maxsize=8)
def _hours(count: int) -> tuple[timedelta, ...]:
    return tuple(timedelta(hours=hour) for hour in range(count))


@lru_cache(maxsize=50_000)
def _zone_attention(attention: tuple[float, ...], weekend: float, zones: tuple[str, ...], hour: datetime) -> tuple[float, ...]:
    """How much each time zone looks at a platform in an hour."""
    local = [hour.astimezone(ZoneInfo(zone)) for zone in zones]
    return tuple(attention[moment.hour] * (weekend if moment.weekday() >= 5 else 1.0) for moment in local)


@dataclass(frozen=True)
class _Placing:
    """Puts a number of arrivals into hours, zones and people."""

    seed: int
    rates: WorldRates
    people: People
    reading: Reading
    published_at: datetime
    weights: Floats

    def arrivals(self, purpose: str, name: str, count: int) -> Arrivals:
        draws = array_rng(self.seed, f"post.{purpose}", name)
        hours = np.searchsorted(np.cumsum(self.weights / self.weights.sum()), draws.random(count), side="right")
        hours = np.minimum(hours, len(self.weights) - 1)
        after_s = np.sort((hours + draws.random(count)) * _HOUR_S)
        zones = self._zones((after_s // _HOUR_S).astype(np.int64), draws.random(count))
        people = self.people.pick(self.reading.platform, self.reading.niche, zones, draws.random(count))
        return Arrivals(after_s, people)

    def _zones(self, hours: Indices, draws: NDArray[np.float64]) -> Indices:
        platform = self.rates.platforms.get(self.reading.platform) or next(iter(self.rates.platforms.values()))
        shares = np.array(list(self.rates.time_zones.values()))
        zones = np.zeros(len(hours), dtype=np.int64)
        first, names = _hour(self.published_at), tuple(self.rates.time_zones)
        for hour in np.unique(hours).tolist():
            looking = _zone_attention(platform.attention, platform.weekend, names, first + timedelta(hours=hour))
            weight = np.cumsum(shares * np.array(looking))
            chosen = hours == hour
            zones[chosen] = np.searchsorted(weight / weight[-1], draws[chosen], side="right")
        return np.minimum(zones, len(shares) - 1)
