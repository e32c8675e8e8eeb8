"""The rules that say how far from nothing an effect must be at this look, and when there will be no more looks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

from revenue_machine.domains.experiments import confidence_sequence, group_sequential
from revenue_machine.domains.experiments.models import Plan, RuleName, VerdictArgs
from revenue_machine.domains.experiments.proportions import Difference, below

# An end further away than this is no end.
MOST_DAYS = 90
# z of a chance of 80 %.
_Z80 = 0.8416212335729143


@dataclass(frozen=True)
class Reach:
    """Whether this was the last look, whether a decision is still in reach, in how many days (None: nobody can tell)."""

    has_ended: bool
    is_reachable: bool
    days_left: int | None


class Rule(Protocol):
    """What decides an experiment."""

    @property
    def name(self) -> RuleName:
        """Its name in the answer."""
        ...

    def z(self, step: Difference) -> float:
        """The effect in standard errors, as this rule counts them."""
        ...

    def critical(self, users: int, level: float) -> float:
        """The z needed at this look; `users` of the two arms compared."""
        ...

    def reach(self, z: float, users: int, level: float) -> Reach:
        """How far away the end is while the effect stays at `z`."""
        ...

    def at_end(self, users: int, level: float) -> tuple[float, float]:
        """How many times as many users there are at the end, and the z needed then."""
        ...


@dataclass(frozen=True)
class Planned:
    """Looks planned beforehand: the fixed test for one, O'Brien-Fleming for more."""

    plan: Plan
    days: float

    @property
    def name(self) -> RuleName:
        return "fixed" if self.plan.looks == 1 else "group_sequential"

    def z(self, step: Difference) -> float:
        """The smaller of the two usual z's, so that what is proven also has an interval without 0."""
        return min(step.z_pooled, step.z_apart, key=abs)

    def critical(self, users: int, level: float) -> float:
        return group_sequential.boundary(self.plan.looks, self.plan.look, level, self.plan.fractions)

    @property
    def _seen(self) -> float:
        """The share of all planned users that has come."""
        if self.plan.look == self.plan.looks:
            return 1.0
        return min(1.0, self.plan.fractions[-1]) if self.plan.fractions else self.plan.look / self.plan.looks

    def reach(self, z: float, users: int, level: float) -> Reach:
        if self.plan.look == self.plan.looks:
            return Reach(has_ended=True, is_reachable=False, days_left=0)
        left = _whole_days(self.days * (1 / self._seen - 1))
        return Reach(has_ended=False, is_reachable=left <= MOST_DAYS, days_left=left)

    def at_end(self, users: int, level: float) -> tuple[float, float]:
        return 1 / self._seen, group_sequential.boundary(self.plan.looks, self.plan.looks, level)


@dataclass(frozen=True)
class Anytime:
    """Looks whenever somebody likes: the confidence sequence; its end is where the effect as it stands would be decided."""

    precision: float
    days: float

    @property
    def name(self) -> RuleName:
        return "anytime_valid"

    def z(self, step: Difference) -> float:
        return step.z_apart

    def critical(self, users: int, level: float) -> float:
        return confidence_sequence.critical_z(users, level, self.precision)

    def reach(self, z: float, users: int, level: float) -> Reach:
        """In reach: the effect as measured, or one a standard error larger, would be decided within 90 days at this traffic."""
        for size in (abs(z), abs(z) + 1):
            grown = confidence_sequence.growth_needed(size, users, level, self.precision)
            extra = self.days * (grown - 1)
            if extra <= MOST_DAYS:
                return Reach(has_ended=False, is_reachable=True, days_left=_whole_days(extra))
        grown = confidence_sequence.growth_needed(abs(z), users, level, self.precision)
        far = self.days * (grown - 1)
        return Reach(has_ended=False, is_reachable=False, days_left=_whole_days(far) if far < MOST_DAYS * 100 else None)

    def at_end(self, users: int, level: float) -> tuple[float, float]:
        grown = (self.days + MOST_DAYS) / self.days
        return grown, confidence_sequence.critical_z(round(users * grown), level, self.precision)


def rule_for(args: VerdictArgs) -> Rule:
    """The rule an experiment was started under. A first day that is not over counts as one."""
    days = args.days or 1.0
    if args.plan:
        return Planned(args.plan, days)
    return Anytime(confidence_sequence.tuning(args.alpha, args.tuning_users), days)


def power_at_end(rule: Rule, z: float, users: int, level: float) -> float:
    """The chance to be decided at the end if the effect is as measured; earlier looks only add to it."""
    grown, needed = rule.at_end(users, level)
    expected = abs(z) * math.sqrt(grown)
    return below(expected - needed) + below(-expected - needed)


def detectable_at_end(rule: Rule, step: Difference, level: float) -> float | None:
    """The relative effect found by the end with 80 %; None where the control never converts."""
    if not step.control.conversions:
        return None
    grown, needed = rule.at_end(step.control.users + step.arm.users, level)
    return (needed + _Z80) * step.error / math.sqrt(grown) / step.control.rate


def _whole_days(days: float) -> int:
    return max(0, math.ceil(days - 1e-9))
