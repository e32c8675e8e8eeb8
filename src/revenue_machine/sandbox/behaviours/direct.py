"""People who come by themselves: by typing the address, by search, or because a paying friend told them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from revenue_machine.kit.clock import iso
from revenue_machine.kit.rng import array_rng
from revenue_machine.sandbox import journeys

if TYPE_CHECKING:
    from revenue_machine.sandbox.world import World

ORDER = 3
NAME = "direct"


def turn(world: World, start: datetime, end: datetime) -> None:
    """Live one slice of visits that no link of the machine brings."""
    with world.living(NAME, end):
        for visit in _visits(world, start, end):
            journeys.land(world, visit)


def _visits(world: World, start: datetime, end: datetime) -> Iterator[journeys.Visit]:
    hour = start.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    while hour < end:
        for channel, mean in (("direct", _direct_mean(world, hour)), ("friends", _friends_mean(world, hour))):
            yield from (visit for visit in _of_hour(world, hour, channel, mean) if start <= visit.at < end)
        hour += timedelta(hours=1)


def _direct_mean(world: World, hour: datetime) -> float:
    """More at day than at night (UTC, roughly the Atlantic's day)."""
    return world.rates.traffic.direct_visits_per_day / 24 * (1.5 if 12 <= hour.hour < 24 else 0.5)


def _friends_mean(world: World, hour: datetime) -> float:
    """Word of mouth grows with those who pay; counted before the hour, so that slicing it changes nothing."""
    counted = world.store.run(
        "select coalesce(sum(case kind when 'purchase' then 1 else -1 end), 0) from truth "
        "where kind in ('purchase', 'cancellation') and amount_micro_usd > 0 and at < ?",
        iso(hour),
    )
    return max(int(counted[0][0]), 0) * world.rates.traffic.visits_per_subscriber_per_day / 24


def _of_hour(world: World, hour: datetime, channel: str, mean: float) -> list[journeys.Visit]:
    draws = array_rng(world.seed, f"direct.{channel}", iso(hour))
    count = int(draws.poisson(mean))
    seconds = sorted(int(second) for second in draws.integers(0, 3600, count))
    people = draws.integers(0, world.rates.people, count)
    found = []
    for number, (second, person) in enumerate(zip(seconds, people, strict=True)):
        key = f"{channel}/{iso(hour)}/{number}"
        offer = journeys.offer_by_weight(world, key)
        url = world.rates.offers[offer].landing_url
        found.append(journeys.Visit(hour + timedelta(seconds=second), int(person), offer, url, "", channel, None, key))
    return found
