"""Whether what won keeps winning: the effect of a shipped arm over its holdout, week after week."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from revenue_machine.domains.experiments.proportions import Counts
from revenue_machine.domains.experiments.shrinkage import FEWEST_CONVERSIONS, Z95, Belief, measured

FEWEST_WEEKS = 3


@dataclass(frozen=True)
class Lasting:
    """The effect in the first and in the last week by a straight line through the weeks (relative: 0.25 is 25 % more).

    `weekly` is how much the effect's logarithm changes a week, `low` to `high` its 95 % interval; `half_weeks` after how many weeks
    half is gone, where it fades. All None where `finding` is `too_few`.
    """

    finding: Literal["lasts", "fades", "grows", "too_few"]
    first: float | None = None
    last: float | None = None
    weekly: float | None = None
    low: float | None = None
    high: float | None = None
    half_weeks: float | None = None

    @property
    def words(self) -> str:
        """The finding as one line for people."""
        if self.first is None or self.last is None:
            return "too few weeks of the holdout to say whether the effect lasts"
        span = f"{self.first:+.1%} in the first week, {self.last:+.1%} now"
        if self.finding == "lasts":
            return f"the effect lasts as far as the holdout shows: {span}"
        half = f", half is gone after {self.half_weeks:.0f} weeks" if self.half_weeks else ""
        return f"the effect {self.finding}: {span}{half}"


def lasting(weeks: Sequence[tuple[Counts, Counts]]) -> Lasting:
    """How the effect of the shipped arm changes; each week is (holdout, shipped), of that week alone, in order.

    Weeks with fewer than five conversions on a side are joined with those that follow, or with the last.
    """
    points = _points(weeks)
    if len(points) < FEWEST_WEEKS:
        return Lasting("too_few")
    weights = [1 / belief.variance for _, belief in points]
    whole = sum(weights)
    middle = sum(weight * at for weight, (at, _) in zip(weights, points, strict=True)) / whole
    level = sum(weight * one.mean for weight, (_, one) in zip(weights, points, strict=True)) / whole
    square = sum(weight * (at - middle) ** 2 for weight, (at, _) in zip(weights, points, strict=True))
    slope = sum(weight * (at - middle) * one.mean for weight, (at, one) in zip(weights, points, strict=True)) / square
    error = Z95 / math.sqrt(square)
    first, last = level - slope * middle, level + slope * (len(weeks) - 1 - middle)
    shrinks = slope * first < 0
    finding: Literal["lasts", "fades", "grows"] = "lasts"
    if abs(slope) > error:
        finding = "fades" if shrinks else "grows"
    half = first / (-2 * slope) if finding == "fades" else None
    return Lasting(finding, math.expm1(first), math.expm1(last), slope, slope - error, slope + error, half)


def _points(weeks: Sequence[tuple[Counts, Counts]]) -> list[tuple[float, Belief]]:
    """When (weeks since the first, the middle of what was joined) and what; each with enough conversions."""
    found: list[tuple[int, int, tuple[Counts, Counts]]] = []
    start, sums = 0, (Counts(0, 0), Counts(0, 0))
    for place, week in enumerate(weeks):
        sums = _joined(sums, week)
        if min(one.conversions for one in sums) >= FEWEST_CONVERSIONS:
            found.append((start, place, sums))
            start, sums = place + 1, (Counts(0, 0), Counts(0, 0))
    if start < len(weeks) and found:
        begin, _, before = found.pop()
        found.append((begin, len(weeks) - 1, _joined(before, sums)))
    return [((begin + end) / 2, measured(*both)) for begin, end, both in found]


def _joined(one: tuple[Counts, Counts], other: tuple[Counts, Counts]) -> tuple[Counts, Counts]:
    return (
        Counts(one[0].users + other[0].users, one[0].conversions + other[0].conversions),
        Counts(one[1].users + other[1].users, one[1].conversions + other[1].conversions),
    )
