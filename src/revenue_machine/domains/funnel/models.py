"""The marks of the phases, the day's counts, a snapshot of the funnel, and what is concluded from many of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from revenue_machine.domains.phase.models import Phase
from revenue_machine.engine.topic import Result

__all__ = ["Phase"]

Verdict = Literal["no_data", "too_early", "below", "on_target", "above"]
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
    held: Phase
    actions: dict[str, Any]
    forecast: dict[str, Any]


@dataclass(frozen=True)
class Payers:
    """What the snapshot of the tills says for a date."""

    paying_users: int | None
    is_stale: bool
    stripe_paying_users: int
    mrr_micro_usd: int | None


@dataclass(frozen=True)
class Flow:
    """Who came and went in a window: people who first paid, who left, and how many days they all paid together."""

    joined: int
    left: int
    payer_days: float
    days: int

    @property
    def is_early(self) -> bool:
        """Too little to say when anything will happen."""
        return self.days < 7 or self.joined < 5


class StepRate(Result):
    """One step of the funnel over the last 28 days: its rate with a 90 % interval, and whether it meets its target band.

    `needs_more` is about how many more people it takes to judge at today's rate; None when it is judged, 0 of nobody known.
    """

    step: str
    words: str
    part: int
    whole: int
    rate: float | None
    low: float | None
    high: float | None
    target_low: float
    target_high: float
    verdict: Verdict
    needs_more: int | None
    forecast: float | None = None


class ActionVolume(Result):
    """What was done of an action and what the phase that holds wants; `done` None for what no part of the house does yet."""

    action: str
    label: str
    span: Literal["day", "week", "open"]
    done: int | None
    least: int | None
    most: int | None


class Milestone(Result):
    """When so many people will pay, if nothing changes: early, likely and late date; None for not within two years."""

    payers: int
    early: date | None
    likely: date | None
    late: date | None


class Lever(Result):
    """What it would bring to lift one step to `to_rate`: how many days sooner the next milestone comes."""

    step: str
    from_rate: float
    to_rate: float
    days_to_next: int | None
    days_saved: int | None


class ForecastReport(Result):
    """When 50, 200 and 500 pay at today's pace, and which step buys most time; `is_early` while too few came to say."""

    is_early: bool
    reason: str | None
    joined_28d: int
    left_28d: int
    milestones: list[Milestone]
    levers: list[Lever]


class FunnelStatus(Result):
    """The phase with its reason, the five rates against their targets, the day's volumes, and what lies ahead."""

    snapshot_date: date | None
    phase: int
    phase_by_rule: int
    override_reason: str | None
    phase_words: str
    phase_since: datetime | None
    paying_users: int | None
    is_stale: bool
    to_next: int | None
    rates: list[StepRate]
    actions: list[ActionVolume]
    forecast: ForecastReport | None
    changes_in_next_phase: list[str]
