"""How two shares of people differ: effect, z, p and interval, by the plain formulas every package agrees on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from statistics import NormalDist

_NORMAL = NormalDist()


def two_sided_z(level: float) -> float:
    """The z a normal variable leaves on either side with this chance in all: 1.96 for 0.05."""
    return -_NORMAL.inv_cdf(level / 2)


def two_sided_p(z: float) -> float:
    """The chance of a normal variable at least this far from 0; exact in the far tail."""
    return math.erfc(abs(z) / math.sqrt(2))


def below(z: float) -> float:
    """The chance of a normal variable below `z`; exact in the far tail."""
    return math.erfc(-z / math.sqrt(2)) / 2


@dataclass(frozen=True)
class Counts:
    """How many people were given something, and how many of them converted."""

    users: int
    conversions: int

    @cached_property
    def rate(self) -> float:
        """The share that converted; 0 of nobody."""
        return self.conversions / self.users if self.users else 0.0

    @cached_property
    def variance(self) -> float:
        """The variance of one person's conversion, p(1 - p); where all or nobody converted, as if one more of each had come."""
        if 0 < self.conversions < self.users:
            return self.rate * (1 - self.rate)
        smoothed = (self.conversions + 1) / (self.users + 2)
        return smoothed * (1 - smoothed)


@dataclass(frozen=True)
class Difference:
    """An arm beside its control; both have users."""

    control: Counts
    arm: Counts

    @cached_property
    def absolute(self) -> float:
        """Conversions per user of the arm less those of the control."""
        return self.arm.rate - self.control.rate

    @property
    def relative(self) -> float | None:
        """The same as a share of the control's rate; None where the control has none."""
        return self.absolute / self.control.rate if self.control.conversions else None

    @cached_property
    def error(self) -> float:
        """The standard error of `absolute`, each arm with its own variance."""
        return math.sqrt(self.arm.variance / self.arm.users + self.control.variance / self.control.users)

    @cached_property
    def z_apart(self) -> float:
        """`absolute` in standard errors, each arm with its own variance: the z of the intervals."""
        return self.absolute / self.error

    @cached_property
    def z_pooled(self) -> float:
        """`absolute` in standard errors as if both rates were one: the two-proportion z-test; 0 where all or nobody converted."""
        people = self.arm.users + self.control.users
        rate = (self.arm.conversions + self.control.conversions) / people
        spread = rate * (1 - rate) * (1 / self.arm.users + 1 / self.control.users)
        return self.absolute / math.sqrt(spread) if spread > 0 else 0.0

    @property
    def p_value(self) -> float:
        """The two-sided p of the two-proportion z-test, for a single look planned beforehand."""
        return two_sided_p(self.z_pooled)

    def interval(self, z: float) -> tuple[float, float]:
        """`absolute` give or take `z` standard errors, within -1 and 1."""
        return max(-1.0, self.absolute - z * self.error), min(1.0, self.absolute + z * self.error)

    def relative_interval(self, z: float) -> tuple[float, float] | None:
        """`relative` by the logarithm of the ratio (Katz 1978); None where somebody has no conversions."""
        if not self.arm.conversions or not self.control.conversions:
            return None
        sides = (self.arm, self.control)
        error = math.sqrt(max(0.0, sum(1 / one.conversions - 1 / one.users for one in sides)))
        middle = math.log(self.arm.rate / self.control.rate)
        return math.expm1(middle - z * error), math.expm1(min(middle + z * error, 700.0))
