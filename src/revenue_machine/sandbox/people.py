"""Who lives in the world: seeded arrays, made anew in a blink and stored nowhere."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from revenue_machine.kit.rng import array_rng
from revenue_machine.sandbox.rates import WorldRates

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]


@dataclass
class People:
    """Columns of people, ordered by time zone so that a zone is one range.

    `taste` (people, niche) rows sum to 1; `on_platform` (people, platform) is 0 or 1; `clicker` has mean 1;
    `price_sensitivity` 0..1; `blocks_analytics` bool; `zone_edges[z]:zone_edges[z + 1]` are the people of zone z.
    """

    niches: tuple[str, ...]
    platforms: tuple[str, ...]
    zones: tuple[str, ...]
    zone_edges: Indices
    taste: NDArray[np.float32]
    on_platform: NDArray[np.bool_]
    clicker: Floats
    price_sensitivity: NDArray[np.float32]
    blocks_analytics: NDArray[np.bool_]
    _sums: dict[tuple[str, str], Floats] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.clicker)

    def running_weight(self, platform: str, niche: str) -> Floats:
        """Running sum of how likely each person is to click a post of that niche there."""
        key = (platform, niche)
        if key not in self._sums:
            weight = self.clicker * self._interest(niche)
            if platform in self.platforms:
                weight = weight * self.on_platform[:, self.platforms.index(platform)]
            self._sums[key] = np.concatenate([[0.0], np.cumsum(weight)])
        return self._sums[key]

    def _interest(self, niche: str) -> Floats:
        if niche not in self.niches:
            return np.full(len(self), 1.0 / len(self.niches))
        return self.taste[:, self.niches.index(niche)].astype(np.float64) + 0.02

    def pick(self, platform: str, niche: str, zones: Indices, draws: Floats) -> Indices:
        """People for clicks: one per entry of `zones`, by weight within that zone; `draws` uniform in 0..1."""
        sums = self.running_weight(platform, niche)
        low, high = sums[self.zone_edges[zones]], sums[self.zone_edges[zones + 1]]
        found = np.searchsorted(sums, low + draws * (high - low), side="right") - 1
        return np.clip(found, self.zone_edges[zones], self.zone_edges[zones + 1] - 1)


def make_people(seed: int, rates: WorldRates) -> People:
    """All people of a world; every column has draws of its own."""
    count = rates.people
    niches, platforms, zones = tuple(rates.niches), tuple(rates.platforms), tuple(rates.time_zones)
    shares = np.cumsum([rates.time_zones[zone] for zone in zones])
    edges = np.concatenate([[0], np.round(shares / shares[-1] * count)]).astype(np.int64)
    clicker = array_rng(seed, "people.clicker").lognormal(0.0, rates.clicker_sigma, count)
    return People(
        niches, platforms, zones, edges,
        taste=_tastes(seed, rates, count),
        on_platform=array_rng(seed, "people.platforms").random((count, len(platforms)), dtype=np.float32)
        < np.array([rates.platforms[name].people for name in platforms], dtype=np.float32),
        clicker=clicker / clicker.mean(),
        price_sensitivity=array_rng(seed, "people.price").random(count, dtype=np.float32),
        blocks_analytics=array_rng(seed, "people.analytics").random(count, dtype=np.float32) < rates.traffic.analytics_blocked,
    )  # fmt: skip


def _tastes(seed: int, rates: WorldRates, count: int) -> NDArray[np.float32]:
    weights = np.array([niche.people for niche in rates.niches.values()], dtype=np.float32)
    shape = rates.average_taste * len(weights) * weights / weights.sum()
    draws = array_rng(seed, "people.taste").standard_gamma(shape, (count, len(weights)), dtype=np.float32)
    draws += np.float32(1e-6)
    return draws / draws.sum(axis=1, keepdims=True)  # type: ignore[no-any-return]
