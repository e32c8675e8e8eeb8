"""Experiments drawn many at once, looked at every day, and every rule that may decide them, over whole arrays.

The product judges one experiment at a time; here twenty thousand are judged in one go with the product's own boundaries, so that
the share of false alarms can be counted. `sample` hands single experiments back, to be judged by the product itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from revenue_machine.domains.experiments import confidence_sequence, group_sequential
from revenue_machine.domains.experiments.proportions import two_sided_z
from revenue_machine.domains.experiments.verdict import FEWEST_CONVERSIONS, FEWEST_USERS
from revenue_machine.kit.rng import array_rng

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

DAYS, LEVEL = 14, 0.05
NEVER = DAYS + 1


@dataclass(frozen=True)
class Setting:
    """How often the control converts, and how many people a day get each arm."""

    rate: float
    control_a_day: int
    arm_a_day: int

    @property
    def words(self) -> str:
        return f"{self.rate:.0%}, {self.control_a_day} and {self.arm_a_day} a day"


# The three of the record in the README; then a holdout of a tenth.
SETTINGS = (Setting(0.03, 500, 500), Setting(0.05, 50, 50), Setting(0.2, 100, 100))
LOPSIDED = Setting(0.05, 90, 810)


@dataclass(frozen=True)
class Drawn:
    """Cumulative conversions of many experiments, a row each and a column a day; users by day."""

    setting: Setting
    control: Floats
    arm: Floats
    control_users: Floats
    arm_users: Floats

    def counts(self, row: int, day: int) -> tuple[int, int, int, int]:
        """Users and conversions of control and arm at the end of a day (from 0)."""
        users = int(self.control_users[day]), int(self.arm_users[day])
        return users[0], int(self.control[row, day]), users[1], int(self.arm[row, day])


def draw(setting: Setting, experiments: int, lift: float = 0.0, seed: int = 1) -> Drawn:
    """Experiments whose arm converts `lift` better than the control (0: nothing to find)."""
    dice = array_rng(seed, "experiments", setting, experiments, lift)
    shape = (experiments, DAYS)
    control = dice.binomial(setting.control_a_day, setting.rate, shape).cumsum(axis=1).astype(float)
    arm = dice.binomial(setting.arm_a_day, setting.rate * (1 + lift), shape).cumsum(axis=1).astype(float)
    days = np.arange(1.0, DAYS + 1)
    return Drawn(setting, control, arm, setting.control_a_day * days, setting.arm_a_day * days)


def z_pooled(drawn: Drawn) -> Floats:
    """The two-proportion z at every look; 0 where nobody or all converted."""
    users, others = drawn.control_users, drawn.arm_users
    rate = (drawn.control + drawn.arm) / (users + others)
    spread = np.sqrt(rate * (1 - rate) * (1 / users + 1 / others))
    return np.divide(drawn.arm / others - drawn.control / users, spread, out=np.zeros_like(spread), where=spread > 0)


def z_apart(drawn: Drawn) -> Floats:
    """The same with each arm's own variance, as the product smooths it."""
    spread = _variance(drawn.control, drawn.control_users) + _variance(drawn.arm, drawn.arm_users)
    return (drawn.arm / drawn.arm_users - drawn.control / drawn.control_users) / np.sqrt(spread)


def _variance(conversions: Floats, users: Floats) -> Floats:
    rate: Floats = np.where((conversions > 0) & (conversions < users), conversions / users, (conversions + 1) / (users + 2))
    return rate * (1 - rate) / users


def where_enough(drawn: Drawn, z: Floats) -> Floats:
    """The z where the product says anything at all, else 0."""
    few = np.minimum(drawn.control, drawn.arm) < FEWEST_CONVERSIONS
    is_enough = ~few & (np.minimum(drawn.control_users, drawn.arm_users) >= FEWEST_USERS)
    kept: Floats = np.where(is_enough, z, 0.0)
    return kept


def smaller(one: Floats, other: Floats) -> Floats:
    """The z nearer to 0."""
    return np.where(np.abs(one) < np.abs(other), one, other)


def planned_z(drawn: Drawn) -> Floats:
    """The z of the product's planned looks."""
    return where_enough(drawn, smaller(z_pooled(drawn), z_apart(drawn)))


def fixed(drawn: Drawn) -> Floats:
    """The product with one look planned, on the last day."""
    z = np.zeros_like(drawn.control)
    z[:, -1] = planned_z(drawn)[:, -1]
    return z / two_sided_z(LEVEL)


def obrien_fleming(drawn: Drawn) -> Floats:
    """The product with a look planned every day."""
    bounds: Floats = np.array([group_sequential.boundary(DAYS, day, LEVEL) for day in range(1, DAYS + 1)])
    return planned_z(drawn) / bounds


def lan_demets(drawn: Drawn) -> Floats:
    """The product with uneven looks said: alpha spent by the share of people that has come."""
    fractions = tuple(day / DAYS for day in range(1, DAYS + 1))
    bounds: Floats = np.array(group_sequential.spending_boundary(fractions, LEVEL, is_last=True))
    return planned_z(drawn) / bounds


def anytime(drawn: Drawn, tuning_users: int | None = None) -> Floats:
    """The product without a plan; tuned to 5,000 users unless told."""
    precision = confidence_sequence.tuning(LEVEL, tuning_users) if tuning_users else confidence_sequence.tuning(LEVEL)
    users = drawn.control_users + drawn.arm_users
    bounds: Floats = np.array([confidence_sequence.critical_z(int(one), LEVEL, precision) for one in users])
    return where_enough(drawn, z_apart(drawn)) / bounds


def peeked(drawn: Drawn, first_day: int = 1) -> Floats:
    """What most people do: p < 0.05 looked at every day."""
    z = z_pooled(drawn) / two_sided_z(LEVEL)
    z[:, : first_day - 1] = 0
    return z


def bonferroni(drawn: Drawn) -> Floats:
    """A fourteenth of the level at every look."""
    return z_pooled(drawn) / two_sided_z(LEVEL / DAYS)


def bayes(drawn: Drawn, sure: float = 0.95) -> Floats:
    """Stop when an arm is the better one with this chance (normal approximation, flat prior)."""
    return z_apart(drawn) / NormalDist().inv_cdf(sure)


Rule = Callable[[Drawn], "Floats"]
SHIPPED: Mapping[str, Rule] = {
    "fixed test, one look": fixed,
    "O'Brien-Fleming, planned looks": obrien_fleming,
    "alpha spending (Lan-DeMets)": lan_demets,
    "anytime-valid, tuned to 5,000": anytime,
}
OTHERS: Mapping[str, Rule] = {
    "peeked z-test, p < 0.05 daily": peeked,
    "the same, not before day 7": lambda drawn: peeked(drawn, 7),
    "Bonferroni, 0.05 / 14": bonferroni,
    "Bayes P > 95 %, daily": bayes,
    "Bayes P > 97.5 %, daily": lambda drawn: bayes(drawn, 0.975),
}


@dataclass(frozen=True)
class Outcome:
    """Shares of experiments that were decided at all, and for the arm; the mean day they stopped (14 when never)."""

    alarms: float
    wins: float
    stop_day: float


def outcome(strengths: Floats) -> Outcome:
    """What a rule does; `strengths` are z's over what the rule asks for: 1 and more decides."""
    crossed = np.abs(strengths) >= 1
    has = crossed.any(axis=1)
    first = np.where(has, crossed.argmax(axis=1), DAYS - 1)
    side = np.take_along_axis(strengths, first[:, None], axis=1)[:, 0]
    return Outcome(float(has.mean()), float((has & (side > 0)).mean()), float((first + 1).mean()))


def luck(share: float, experiments: int) -> float:
    """One standard error of a simulated share."""
    return math.sqrt(share * (1 - share) / experiments)
