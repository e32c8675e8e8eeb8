"""Who posts which job on Upwork, when, for how much and how crowded it gets: the same for a seed, made anew for each day."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from random import Random
from typing import TYPE_CHECKING, Any

from revenue_machine.kit.money import MICRO
from revenue_machine.kit.rng import rng
from revenue_machine.sandbox import jobwords
from revenue_machine.sandbox.acquaintances import FIRST, LAST
from revenue_machine.sandbox.rates import Hiring

if TYPE_CHECKING:
    from revenue_machine.sandbox.world import World

# How many jobs an hour of the day (UTC) gets, beside the others: offices of both sides of the Atlantic.
_HOURS = (2, 2, 1, 1, 1, 2, 3, 4, 5, 5, 5, 5, 6, 8, 9, 9, 9, 8, 7, 6, 5, 4, 3, 2)
_LEVELS = ("ENTRY_LEVEL", "INTERMEDIATE", "EXPERT")
CROWDED_AFTER = (1, 3, 6, 12, 24, 48, 96)
_CROWD_HOURS = 18.0


@dataclass(frozen=True)
class Listing:
    """A job as its client writes it; `kind`: fit, small, cheap, shady, foreign. Money in micro-dollars.

    `crowd`: how many others will have applied in the end; `open_days` None is a job its client forgets.
    """

    key: str
    at: datetime
    kind: str
    person: str
    title: str
    description: str
    skills: tuple[str, ...]
    budget_micro_usd: int | None
    hourly_micro_usd: tuple[int, int] | None
    experience: str
    applicants: int
    crowd: int
    open_days: float | None

    def others(self, hours: float) -> int:
        """How many others have applied so many hours after the posting: many at once, then ever fewer."""
        return self.applicants + round((self.crowd - self.applicants) * (1 - math.exp(-hours / _CROWD_HOURS)))


def client_key(number: int) -> str:
    """How the fake calls a client."""
    return f"client-{number}"


def place_clients(world: World) -> None:
    """Put every client on Upwork."""
    fake, state = world.outside.vendors["upwork"].fake, world.outside.state("upwork")
    for number in range(world.rates.hiring.clients):
        draws = rng(world.seed, "upwork.client", number)
        hires = int(draws.lognormvariate(2.0, 1.1))
        stars = round(5 - min(draws.expovariate(3.0), 2.5), 2) if hires > 1 else 0.0
        fake.public_add_profile(
            state, client_key(number), name=f"{draws.choice(FIRST)} {draws.choice(LAST)}", country=draws.choice(jobwords.COUNTRIES),
            total_hires=hires, total_reviews=hires * 2 // 3, feedback=stars,
            total_spent_micro_usd=hires * draws.randint(250, 1_500) * MICRO, is_verified=draws.random() < 0.85,
        )  # fmt: skip


def listings_between(seed: int, hiring: Hiring, start: datetime, end: datetime) -> Iterator[Listing]:
    """Jobs posted in [start, end), oldest first."""
    day = start.astimezone(UTC).date()
    while datetime.combine(day, time(0), UTC) < end:
        yield from (one for one in listings_of(seed, hiring, day) if start <= one.at < end)
        day += timedelta(days=1)


@lru_cache(maxsize=8)
def listings_of(seed: int, hiring: Hiring, day: date) -> tuple[Listing, ...]:
    """All jobs of a day (UTC), oldest first."""
    draws = rng(seed, "upwork.day", day.isoformat())
    fitting, others = hiring.fitting_jobs_per_weekday, hiring.other_jobs_per_weekday
    if day.weekday() >= 5:
        fitting, others = math.ceil(fitting * hiring.weekend_share), math.ceil(others * hiring.weekend_share)
    kinds = ["fit"] * (fitting + draws.randint(0, 2))
    kinds += [draws.choices(("small", "cheap", "shady", "foreign"), (2, 3, 2, 3))[0] for _ in range(others + draws.randint(0, 2))]
    found = [_listing(seed, hiring, day, f"{day.isoformat()}/{number}", kind) for number, kind in enumerate(kinds)]
    return tuple(sorted(found, key=lambda one: (one.at, one.key)))


def _listing(seed: int, hiring: Hiring, day: date, key: str, kind: str) -> Listing:
    draws = rng(seed, "upwork.listing", key)
    at = datetime.combine(day, time(draws.choices(range(24), _HOURS)[0]), UTC) + timedelta(seconds=draws.randrange(3600))
    title, description, skills = _foreign(draws) if kind == "foreign" else _own(draws, kind)
    budget, hourly = _money(draws, kind)
    applicants = draws.randint(0, 4)
    return Listing(
        key, at, kind, client_key(draws.randrange(hiring.clients)), title, description, skills, budget, hourly,
        experience=draws.choices(_LEVELS, (2, 5, 3))[0], applicants=applicants,
        crowd=applicants + int(min(draws.lognormvariate(math.log(hiring.usual_crowd), 0.6), 90)),
        open_days=draws.uniform(4, 14) if draws.random() < hiring.closes else None,
    )  # fmt: skip


def _own(draws: Random, kind: str) -> tuple[str, str, tuple[str, ...]]:
    """(title, description, skills) of a job in one of the trades of this market."""
    words = draws.choice(list(jobwords.TRADES))
    trade, thing = jobwords.TRADES[words], draws.choice(jobwords.THINGS)
    fill = {"thing": thing, "Thing": thing[0].upper() + thing[1:], "firm": draws.choice(jobwords.FIRMS)}
    wishes = draws.sample(trade.wishes, draws.choice((1, 1, 2)))
    parts = [
        draws.choice(jobwords.WHO),
        *wishes,
        *draws.sample(jobwords.TERMS, draws.choice((1, 2, 3))),
        draws.choice(jobwords.ASKS),
    ]
    if kind == "shady":
        parts.insert(draws.randrange(1, len(parts)), draws.choice(jobwords.SHADY))
    if draws.random() < 0.12:
        parts.insert(draws.randrange(1, len(parts) + 1), draws.choice(jobwords.ORDERS))
    counts: dict[str, Any] = {"count": draws.randint(3, 40), "weeks": draws.randint(2, 10)}
    skills = draws.sample(trade.skills, draws.randint(3, 5))
    if draws.random() < 0.35:
        skills.append(draws.choice(jobwords.EXTRA_SKILLS))
    return draws.choice(trade.titles).format(**fill), " ".join(parts).format(**fill, **counts), tuple(skills)


def _foreign(draws: Random) -> tuple[str, str, tuple[str, ...]]:
    title, wish, skills = draws.choice(jobwords.FOREIGN)
    return title, f"{wish} {draws.choice(jobwords.ASKS)}", skills


def _money(draws: Random, kind: str) -> tuple[int | None, tuple[int, int] | None]:
    """(budget, range by the hour), one of them None; cheap jobs lie far below what anybody good works for."""
    is_hourly = draws.random() < 0.4
    if kind == "cheap":
        low = draws.randint(3, 8)
        return (None, _dollars(low, low + draws.randint(1, 7))) if is_hourly else (draws.randint(3, 30) * 5 * MICRO, None)
    if kind == "small":
        return draws.randint(20, 38) * 10 * MICRO, None
    if is_hourly:
        low = draws.randint(20, 45)
        return None, _dollars(low, low + draws.randint(10, 45))
    budget = min(max(draws.lognormvariate(math.log(1_400), 0.7), 600), 12_000)
    return int(budget // 50) * 50 * MICRO, None


def _dollars(low: int, high: int) -> tuple[int, int]:
    return low * MICRO, high * MICRO
