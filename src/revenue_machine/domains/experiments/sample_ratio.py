"""Whether people were split among the arms as planned, and what may be wrong where they were not."""

from __future__ import annotations

import math
from collections.abc import Sequence

from revenue_machine.domains.experiments.proportions import Counts, Difference

# Rarer than this by luck, a split is broken: the threshold experiment platforms share.
BROKEN = 0.001
_CLOSE = 0.005
_STEPS, _ENOUGH = 10_000, 1e-16


def split_p(users: Sequence[int], shares: Sequence[float]) -> float:
    """The chance of a split at least this far from the planned shares (chi-square). Raises: ValueError when nobody came."""
    total = sum(users)
    if total == 0:
        raise ValueError("nobody was split")
    whole = math.fsum(shares)
    expected = [total * share / whole for share in shares]
    statistic = math.fsum((seen - wanted) ** 2 / wanted for seen, wanted in zip(users, expected, strict=True))
    return chi_square_p(statistic, len(users) - 1)


def chi_square_p(statistic: float, freedom: int) -> float:
    """The chance of a chi-square variable above `statistic`: the regularised upper incomplete gamma function."""
    shape, x = freedom / 2, statistic / 2
    if x <= 0:
        return 1.0
    if freedom == 1:
        return math.erfc(math.sqrt(x))
    scale = math.exp(shape * math.log(x) - x - math.lgamma(shape))
    if x < shape + 1:
        term = total = 1 / shape
        for step in range(1, _STEPS):
            term *= x / (shape + step)
            total += term
            if term < total * _ENOUGH:
                break
        return max(0.0, 1 - scale * total)
    return scale * _fraction(shape, x)


def _fraction(shape: float, x: float) -> float:
    """The continued fraction of the upper incomplete gamma function (Lentz's method)."""
    floor = 1e-300
    down = x + 1 - shape
    c, d = 1 / floor, 1 / down
    found = d
    for step in range(1, _STEPS):
        up = -step * (step - shape)
        down += 2
        d = 1 / (up * d + down or floor)
        c = down + up / c or floor
        found *= c * d
        if abs(c * d - 1) < _ENOUGH * 10:
            break
    return found


def likely_cause(names: Sequence[str], counts: Sequence[Counts], shares: Sequence[float]) -> str:
    """Where to look first, judging by which arm is short and how its rate differs from the others'."""
    total, whole = sum(one.users for one in counts), math.fsum(shares)
    surplus = [one.users - total * share / whole for one, share in zip(counts, shares, strict=True)]
    even = total / len(counts)
    if max(abs(share / whole - 1 / len(counts)) for share in shares) > _CLOSE and all(
        abs(one.users - even) <= _CLOSE * total for one in counts
    ):
        return "people were split evenly: the planned split was never put into force, or the plan was written down wrong"
    short = min(range(len(counts)), key=lambda place: (surplus[place], place))
    long = max(range(len(counts)), key=lambda place: (surplus[place], -place))
    missing, name = round(-surplus[short]), names[short]
    if counts[short].users == 0:
        return f"nobody was counted in {name}: it is not delivered, or its event is not sent"
    step = Difference(counts[long], counts[short])
    start = f"{name} lacks {missing} people"
    if step.z_pooled > 3:
        return f"{start} and converts better: some are lost before they are counted (slow redirect, crash) and the keen stay"
    if step.z_pooled < -3:
        return f"{start} and converts worse: converted people may be counted twice in {names[long]}, or leave {name} for it"
    return f"{start} and converts about alike: look at bots, caches that serve one arm, and shares changed during the test"
