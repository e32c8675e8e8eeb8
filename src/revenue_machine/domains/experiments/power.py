"""How likely a rule is to find an effect, and how many people that takes: what to know before a test is opened."""

from __future__ import annotations

import math

from revenue_machine.domains.experiments import confidence_sequence, group_sequential
from revenue_machine.domains.experiments.models import ALPHA
from revenue_machine.domains.experiments.proportions import below, two_sided_z


def expected_z(rate: float, lift: float, users: float, arm_share: float = 0.5) -> float:
    """The z to be expected of an arm that converts `lift` better than `rate`, with so many users in all."""
    better = rate * (1 + lift)
    spread = rate * (1 - rate) / (1 - arm_share) + better * (1 - better) / arm_share
    return (better - rate) * math.sqrt(users / spread)


def planned_power(drift: float, looks: int = 1, level: float = ALPHA) -> float:
    """The chance that evenly spaced looks decide, when `drift` is the z expected at the last of them."""
    if looks == 1:
        z = two_sided_z(level)
        return below(drift - z) + below(-drift - z)
    last = group_sequential.obrien_fleming(looks, level)
    fractions = [look / looks for look in range(1, looks + 1)]
    return group_sequential.crossing([last / math.sqrt(one) for one in fractions], fractions, drift)[-1]


def anytime_power(drift: float, users: int, looks: int, level: float = ALPHA, precision: float | None = None) -> float:
    """The chance that the anytime-valid rule decides within `looks` even looks; `drift` and `users` are those of the last.

    `precision` is the rule's tuning; the usual one unless told.
    """
    known = precision or confidence_sequence.tuning(level)
    fractions = [look / looks for look in range(1, looks + 1)]
    bounds = [confidence_sequence.critical_z(round(users * one), level, known) for one in fractions]
    return group_sequential.crossing(bounds, fractions, drift)[-1]


def users_needed(
    rate: float, lift: float, *, chance: float = 0.8, looks: int = 1, level: float = ALPHA, arm_share: float = 0.5
) -> int:
    """How many users in all find a relative lift with this chance by planned looks. Raises: ValueError for what cannot be."""
    if not (0 < rate < 1 and 0 < rate * (1 + lift) < 1 and lift and 0 < arm_share < 1 and level < chance < 1):
        raise ValueError("rates and shares lie between 0 and 1, the lift is not 0, the chance is above the level")
    low, high = 0.0, two_sided_z(level) + 10
    while high - low > 1e-9:
        middle = (low + high) / 2
        low, high = (middle, high) if planned_power(middle, looks, level) < chance else (low, middle)
    return math.ceil((high / abs(expected_z(rate, lift, 1, arm_share))) ** 2 - 1e-6)
