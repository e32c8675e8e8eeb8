"""What an effect really is once luck is taken out of it, and whether a later measure bears that out.

Effects are logarithms of the ratio of two rates, so that +25 % and -20 % are equally far from nothing; what comes back is relative
(0.25 is 25 % more). The one who won a test won partly by luck: the effect believed is the measured one drawn towards what earlier
experiments brought, by how sure each is (normal prior, normal measure).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from revenue_machine.domains.experiments.proportions import Counts, below, two_sided_z

Finding = Literal["holds", "winners_curse", "faded", "grew", "too_few"]

Z95 = two_sided_z(0.05)
# What changes to a product usually bring, before any experiment of one's own: most lie within 15 % of nothing. It counts as much
# as this many experiments of one's own.
USUAL_SPREAD, USUAL_WEIGHT = 0.15, 5
# Fewer conversions than this in an arm say nothing.
FEWEST_CONVERSIONS = 5


@dataclass(frozen=True)
class Prior:
    """What effects are expected before looking: their middle and their spread (standard deviation), both of the logarithm."""

    mean: float = 0.0
    spread: float = USUAL_SPREAD


USUAL = Prior()
FLAT = Prior(0.0, math.inf)


@dataclass(frozen=True)
class Belief:
    """The logarithm of the ratio of two rates: where it lies, and how unsure that is (variance)."""

    mean: float
    variance: float

    @property
    def relative(self) -> float:
        """The effect at its middle: 0.25 is 25 % more."""
        return math.expm1(self.mean)

    @property
    def chance_to_win(self) -> float:
        """The chance that the arm's true rate is above the control's."""
        return below(self.mean / math.sqrt(self.variance))

    def interval(self, z: float = Z95) -> tuple[float, float]:
        """The relative effect give or take `z` standard errors, 95 % unless told."""
        half = z * math.sqrt(self.variance)
        return math.expm1(self.mean - half), math.expm1(self.mean + half)


def measured(control: Counts, arm: Counts) -> Belief:
    """The effect as counted, half a conversion added to each side so that none is infinite. Raises: ValueError for an empty arm."""
    if not control.users or not arm.users:
        raise ValueError("an arm without users has no rate")
    return Belief(_log_rate(arm) - _log_rate(control), _luck(arm) + _luck(control))


def shrunk(effect: Belief, prior: Prior = USUAL) -> Belief:
    """The effect believed: the measured one drawn towards the prior."""
    if math.isinf(prior.spread):
        return effect
    own, known = 1 / effect.variance, 1 / prior.spread**2
    return Belief((own * effect.mean + known * prior.mean) / (own + known), 1 / (own + known))


def believed(control: Counts, arm: Counts, prior: Prior = USUAL) -> Belief:
    """The effect believed of these counts."""
    return shrunk(measured(control, arm), prior)


def prior_from(earlier: Sequence[Belief]) -> Prior:
    """What one's own earlier experiments, won and lost, teach to expect; the usual prior where there are none.

    Their spread beyond their own luck (DerSimonian and Laird's moment, about no effect), averaged with the usual one.
    """
    weights = [1 / one.variance for one in earlier]
    found = 0.0
    if weights:
        surplus = sum(weight * one.mean**2 for weight, one in zip(weights, earlier, strict=True)) - len(earlier)
        found = max(0.0, surplus / sum(weights))
    square = (USUAL_WEIGHT * USUAL_SPREAD**2 + len(earlier) * found) / (USUAL_WEIGHT + len(earlier))
    return Prior(0.0, math.sqrt(square))


@dataclass(frozen=True)
class Check:
    """A test's effect beside a later measure of it, all relative (0.25 is 25 % more).

    `expected` is the test's effect drawn towards the prior, `low` to `high` where a measure of this size lands in 95 of 100 cases
    if nothing has changed. `holds`: the measure lies there and nearer to the test's effect; `winners_curse`: it lies there and
    below, so what looks like decay is luck that did not come twice; `faded` and `grew`: outside, so something has changed.
    """

    finding: Finding
    tested: float
    expected: float
    low: float
    high: float
    measured: float
    z: float

    @property
    def is_compatible(self) -> bool:
        """Whether the measure is what the test promised, once luck is taken out."""
        return self.finding in {"holds", "winners_curse"}

    @property
    def words(self) -> str:
        """The finding as one line for people."""
        span = f"{self.low:+.1%} to {self.high:+.1%}"
        promise = f"the test showed {self.tested:+.1%}, of which {self.expected:+.1%} was to be expected ({span})"
        said = {
            "too_few": "too few conversions to check",
            "holds": f"measured {self.measured:+.1%}: the effect holds; {promise}",
            "winners_curse": f"measured {self.measured:+.1%}: no decay, only the winner's luck gone; {promise}",
            "faded": f"measured {self.measured:+.1%}: less than luck explains; {promise}",
            "grew": f"measured {self.measured:+.1%}: more than luck explains; {promise}",
        }
        return said[self.finding]


def check(test: tuple[Counts, Counts], measure: tuple[Counts, Counts], prior: Prior = USUAL) -> Check:
    """Whether a later measure bears out a test; each is (control, arm), for a holdout (holdout, shipped).

    Raises: ValueError for an arm without users.
    """
    tested, later = measured(*test), measured(*measure)
    expected = shrunk(tested, prior)
    is_few = min(one.conversions for one in (*test, *measure)) < FEWEST_CONVERSIONS
    return _compared(tested, expected, later, is_few=is_few)


def _log_rate(one: Counts) -> float:
    return math.log((one.conversions + 0.5) / (one.users + 1))


def _luck(one: Counts) -> float:
    """The variance of the logarithm of a rate."""
    return 1 / (one.conversions + 0.5) - 1 / (one.users + 1)


def _compared(tested: Belief, expected: Belief, later: Belief, *, is_few: bool) -> Check:
    spread = math.sqrt(expected.variance + later.variance)
    z = (later.mean - expected.mean) / spread
    side = 1 if tested.mean >= 0 else -1
    if is_few:
        finding: Finding = "too_few"
    elif abs(z) > Z95:
        finding = "grew" if z * side > 0 else "faded"
    else:
        finding = "holds" if side * (later.mean - (expected.mean + tested.mean) / 2) >= 0 else "winners_curse"
    low, high = Belief(expected.mean, spread**2).interval()
    return Check(finding, tested.relative, expected.relative, low, high, later.relative, z)
