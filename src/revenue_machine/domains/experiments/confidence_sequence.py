"""Decides an experiment at any moment anybody looks: the asymptotic confidence sequence, which holds at all times at once.

Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, "Time-uniform central limit theory and asymptotic confidence sequences"
(arXiv 2103.06476v7), equation 9 with the tuning of equation 161: the formula of gbstats. The width is a normal mixture's, so the
chance that the true effect is ever outside is at most the level, whether one looks daily, hourly, or until something shows.
"""

from __future__ import annotations

import math

from revenue_machine.domains.experiments.models import TUNING_USERS


def tuning(level: float, tuning_users: int = TUNING_USERS) -> float:
    """The mixture's precision (rho squared) that makes the sequence about narrowest at so many users in all.

    The number is chosen before the start; chosen again at each look it would prove nothing. Too low costs little, too high much.
    """
    wide = -2 * math.log(level)
    return (wide + math.log1p(wide)) / tuning_users


def critical_z(users: int, level: float, precision: float) -> float:
    """How many standard errors from nothing an effect must be, with so many users in all."""
    part = users * precision
    return math.sqrt((part + 1) / part * (math.log1p(part) - 2 * math.log(level)))


def always_valid_p(z: float, users: int, precision: float) -> float:
    """The level at which the sequence would just exclude no effect: a p that may be looked at as often as one likes."""
    part = users * precision
    return min(1.0, math.exp(math.log1p(part) / 2 - z * z * part / (2 * (part + 1))))


def growth_needed(z: float, users: int, level: float, precision: float) -> float:
    """How many times as many users decide if the effect stays as it is now; infinite for none."""
    if z == 0:
        return math.inf
    low = high = 1.0
    while abs(z) * math.sqrt(high) < critical_z(round(users * high), level, precision):
        low, high = high, high * 2
        if high > 1e12:
            return math.inf
    while high - low > 1e-7 * high:
        middle = (low + high) / 2
        if abs(z) * math.sqrt(middle) < critical_z(round(users * middle), level, precision):
            low = middle
        else:
            high = middle
    return high
