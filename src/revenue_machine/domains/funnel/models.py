"""The three phases, the day's counts, and a snapshot of the funnel."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

Phase = Literal[1, 2, 3]
# Seed §4.11: phase 1 below 50 payers, phase 2 from 50, phase 3 from 200; DECISIONS: down only below 45 and 190.
UP_AT: dict[Phase, int] = {2: 50, 3: 200}
DOWN_BELOW: dict[Phase, int] = {2: 45, 3: 190}
DAYS_UP = 2
DAYS_DOWN = 7


@dataclass(frozen=True)
class DayCount:
    """How many paid on a date; None or stale when the till did not say."""

    day: date
    paying_users: int | None
    is_stale: bool = False

    @property
    def is_known(self) -> bool:
        return self.paying_users is not None and not self.is_stale


@dataclass(frozen=True)
class Steps:
    """What happened on one local date; impressions are the views of the posts published on it."""

    impressions: int
    clicks: int
    signups: int
    trials: int
    purchases: int


@dataclass(frozen=True)
class Share:
    """A part of a cohort; the rate is None of nobody."""

    part: int
    whole: int

    @property
    def rate(self) -> float | None:
        return self.part / self.whole if self.whole > 0 else None


@dataclass(frozen=True)
class FunnelDay:
    """A day's row as it is written."""

    day: date
    count: DayCount
    stripe_paying_users: int
    mrr_micro_usd: int | None
    phase: Phase
    steps: Steps
    trial_to_paid: Share
    month1: Share


@dataclass(frozen=True)
class Payers:
    """What the snapshot of the tills says for a date."""

    paying_users: int | None
    is_stale: bool
    stripe_paying_users: int
    mrr_micro_usd: int | None
