"""People who come by themselves: by typing the address, by search, or because a paying friend told them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from revenue_machine.kit.clock import iso
from revenue_machine.kit.rng import array_rng, rng
from revenue_machine.sandbox import journeys
from revenue_machine.sandbox.behaviours.browsing import Click, arrivals, knock_of, landing_of, link_of
from revenue_machine.sandbox.frontdoor import Reply
from revenue_machine.sandbox.journeys import Place, Visit
from revenue_machine.sandbox.rates import Traffic
from revenue_machine.sandbox.truth import Deed

if TYPE_CHECKING:
    from revenue_machine.sandbox.world import World

ORDER = 3
NAME = "direct"
# However loud the networks are, some still type the address.
MOST_TAPPED = 0.8
_HOUR = timedelta(hours=1)
T = TypeVar("T")


def turn(world: World, start: datetime, end: datetime) -> None:
    """Live one slice of visits that no link of the machine brings, though some who come anyway take one."""
    visits = list(_visits(world, start, end))
    taps = {visit.key: tap for visit in visits if (tap := _tap(world, visit)) is not None}
    knocks = {key: knock for key, tap in taps.items() if (knock := knock_of(world, tap)) is not None}
    answers = dict(zip(knocks, world.knock(list(knocks.values())), strict=True))
    with world.living(NAME, end):
        for visit in visits:
            tap = taps.get(visit.key)
            journeys.land(world, visit if tap is None else _by_link(world, visit, tap, answers.get(visit.key)))


def hour_of(instant: datetime) -> datetime:
    """The whole hour (UTC) an instant lies in."""
    return instant.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _visits(world: World, start: datetime, end: datetime) -> Iterator[Visit]:
    hour = hour_of(start)
    while hour < end:
        means = (("direct", direct_mean(world.rates.traffic, hour)), ("friends", _friends_mean(world, hour)))
        for channel, mean in means:
            yield from (visit for visit in visits_of_hour(world, hour, channel, mean) if start <= visit.at < end)
        hour += _HOUR


def direct_mean(traffic: Traffic, hour: datetime) -> float:
    """Visits of an hour: more at day than at night (UTC, roughly the Atlantic's day)."""
    return traffic.direct_visits_per_day / 24 * (1.5 if 12 <= hour.hour < 24 else 0.5)


def friends_mean(traffic: Traffic, payers: int) -> float:
    """Visits of an hour by word of mouth of those who pay when it begins."""
    return max(payers, 0) * traffic.visits_per_subscriber_per_day / 24


def _friends_mean(world: World, hour: datetime) -> float:
    """Word of mouth grows with those who pay; counted before the hour, so that slicing it changes nothing."""
    counted = world.store.run(
        "select coalesce(sum(case kind when 'purchase' then 1 else -1 end), 0) from truth "
        "where kind in ('purchase', 'cancellation') and amount_micro_usd > 0 and at < ?",
        iso(hour),
    )
    return friends_mean(world.rates.traffic, int(counted[0][0]))


def visits_of_hour(place: Place, hour: datetime, channel: str, mean: float) -> list[Visit]:
    """Everybody who comes by themselves in one hour."""
    draws = array_rng(place.seed, f"direct.{channel}", iso(hour))
    count = int(draws.poisson(mean))
    seconds = sorted(int(second) for second in draws.integers(0, 3600, count))
    people = draws.integers(0, place.rates.people, count)
    found = []
    for number, (second, person) in enumerate(zip(seconds, people, strict=True)):
        key = f"{channel}/{iso(hour)}/{number}"
        offer = journeys.offer_by_weight(place, key)
        url = place.rates.offers[offer].landing_url
        found.append(Visit(hour + timedelta(seconds=second), int(person), offer, url, "", channel, None, key))
    return found


def tapped(seed: int, traffic: Traffic, visit: Visit, before: Sequence[T]) -> T | None:
    """Which of the taps of the hour before somebody who comes anyway repeats, if any: loud networks are met more often."""
    mean = direct_mean(traffic, hour_of(visit.at))
    if visit.channel != "direct" or traffic.tapped_anyway == 0 or not before or mean == 0:
        return None
    draws = rng(seed, "tapped", visit.key)
    if draws.random() >= min(traffic.tapped_anyway * len(before) / mean, MOST_TAPPED):
        return None
    return before[int(draws.random() * len(before))]


def _tap(world: World, visit: Visit) -> Click | None:
    """The link this visitor takes instead of typing; the hour before is over, so slicing changes nothing."""
    if world.rates.traffic.tapped_anyway == 0:
        return None
    hour = hour_of(visit.at)
    found = tapped(world.seed, world.rates.traffic, visit, arrivals(world, hour - _HOUR, hour))
    return None if found is None else replace(found, at=visit.at, person=visit.person)


def _by_link(world: World, visit: Visit, tap: Click, answer: Reply | None) -> Visit:
    """The same visit through the link of a post; it happens because of nobody."""
    link = link_of(tap.life)
    url = link if answer is None else landing_of(link, answer)
    person = journeys.person_name(world.seed, visit.person)
    world.note(Deed(visit.at, "click", person, tap.life.post_id, visit.channel, seen=url is not None))
    if url is None:
        return visit
    return replace(visit, url=url, offer=journeys.offer_at(world, url, tap.life.post_id))
