"""How much of what people will bring has been brought yet, so that young arms are not judged by unripe revenue.

People assigned yesterday have brought nothing of their trial's end. As Kaplan and Meier did for lifetimes, each day of age counts
only those who were watched that long (Nelson's mean cumulative function), and the days are added up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

HORIZON_DAYS = 60
# A day of age seen by fewer people ends the curve.
FEWEST_WATCHED = 20


@dataclass(frozen=True)
class Cohort:
    """People assigned at one time, and what all of them together brought on each day of age they were watched in full.

    `by_age` is micro-dollars less refunds (or conversions): the first number is the first day after assignment.
    """

    users: int
    by_age: tuple[int, ...]


@dataclass(frozen=True)
class Curve:
    """What an assigned user has brought by each age, in the unit of the cohorts: `by_age[6]` is by the end of day 7."""

    by_age: tuple[float, ...]

    @property
    def days(self) -> int:
        """How far the curve is known."""
        return len(self.by_age)

    def share(self, day: int) -> float | None:
        """What part of the last known day's value has been brought by the end of `day`; None where nothing is brought at all."""
        if not self.by_age or self.by_age[-1] <= 0:
            return None
        return self.by_age[min(day, self.days) - 1] / self.by_age[-1] if day > 0 else 0.0

    def words(self, day: int) -> str:
        """One line for people: day 7 shows 41 % of day-60 revenue."""
        share = self.share(day)
        return "no revenue to tell by yet" if share is None else f"day {day} shows {share:.0%} of day-{self.days} revenue"


def curve_of(cohorts: Sequence[Cohort], horizon_days: int = HORIZON_DAYS) -> Curve:
    """The maturity curve of people assigned at different times, the newest of them watched for some days only.

    It ends at the horizon, or before where too few people were watched longer.
    """
    steps: list[float] = []
    for age in range(horizon_days):
        watched = [one for one in cohorts if len(one.by_age) > age]
        users = sum(one.users for one in watched)
        if users < FEWEST_WATCHED:
            break
        steps.append(sum(one.by_age[age] for one in watched) / users)
    return Curve(tuple(accumulate(steps)))


@dataclass(frozen=True)
class Matured:
    """An arm's revenue per assigned user as it will stand when everybody is as old as the curve reaches.

    `per_user` is in the unit of the cohorts, `seen` how much of it has been seen rather than foretold (1: all).
    """

    users: int
    per_user: float
    seen: float


def matured(cohorts: Sequence[Cohort], curve: Curve) -> Matured | None:
    """What an arm will have brought per assigned user; None while no part of the curve has been seen.

    What was brought is divided by how many full users' worth of the curve was watched; the curve's shape is taken to be the same in
    every arm (it comes from all arms together, or from the time before).
    """
    users = sum(one.users for one in cohorts)
    worth = brought = 0.0
    for one in cohorts:
        share = curve.share(len(one.by_age))
        if share is None:
            return None
        worth += one.users * share
        brought += sum(one.by_age[: curve.days])
    if worth <= 0:
        return None
    return Matured(users, brought / worth, worth / users)
