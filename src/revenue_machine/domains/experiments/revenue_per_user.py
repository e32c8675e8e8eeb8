"""Whether an arm that converts better also earns more per person assigned to it."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Takings:
    """What everybody assigned to an arm brought, in dollars, less refunds; `variance` is that of one user's dollars."""

    users: int
    dollars: float
    variance: float

    @property
    def mean(self) -> float:
        """Dollars per assigned user."""
        return self.dollars / self.users


@dataclass(frozen=True)
class MoneyDifference:
    """An arm's revenue per assigned user beside its control's."""

    control: Takings
    arm: Takings

    @property
    def absolute(self) -> float:
        """Dollars per user of the arm less those of the control."""
        return self.arm.mean - self.control.mean

    @property
    def error(self) -> float:
        """The standard error of `absolute` (Welch)."""
        return math.sqrt(self.arm.variance / self.arm.users + self.control.variance / self.control.users)

    @property
    def z(self) -> float:
        """`absolute` in standard errors; infinite where nothing varies and the means differ."""
        if self.error > 0:
            return self.absolute / self.error
        return math.copysign(math.inf, self.absolute) if self.absolute else 0.0

    @property
    def falls(self) -> bool:
        """Whether the arm earned less per user, proven or not: such an arm is not shipped."""
        return self.absolute < 0

    def interval(self, z: float) -> tuple[float, float]:
        """`absolute` give or take `z` standard errors."""
        return self.absolute - z * self.error, self.absolute + z * self.error


def variance_of(users: int, conversions: int, dollars: float) -> float:
    """The variance of one user's dollars where nobody said it: payments vary as much as their mean, as exponential ones do."""
    mean = dollars / users
    square = 2 * dollars * dollars / max(conversions, 1) / users
    return max(square - mean * mean, 0.0)
