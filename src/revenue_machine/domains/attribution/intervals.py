"""How sure a credited sum is: the range it lies in with 90 %, from how few people it comes, and when it is too few to say."""

from __future__ import annotations

import math
from dataclasses import dataclass

# Fewer buyers than this, and a sum says more about luck than about what it is credited to.
FEW_BUYERS = 10
# Five per cent on either side.
_Z = 1.6448536269514722


@dataclass(frozen=True)
class Range:
    """From where to where, with 90 %."""

    low: float
    high: float


def range_of(total: float, squares: float, largest: float, *, has_losses: bool = False) -> Range:
    """The range of an expected total, given its sum over people, the sum of their squares, and the most one more could bring.

    People come at random: a weighted Poisson sum (Fay and Feuer 1997), by the gamma distribution. Where refunds outweigh sales
    for somebody (`has_losses`) the normal distribution stands in.
    """
    if has_losses or total < 0:
        spread = _Z * math.sqrt(squares)
        return Range(total - spread, total + spread)
    above, above_squares = total + largest, squares + largest * largest
    low = squares / (2 * total) * chi_square(-_Z, 2 * total * total / squares) if squares > 0 else 0.0
    high = above_squares / (2 * above) * chi_square(_Z, 2 * above * above / above_squares) if above_squares > 0 else 0.0
    return Range(low, high)


def chi_square(z: float, freedom: float) -> float:
    """The quantile of a chi-square distribution where the normal one has `z` (Wilson and Hilferty; 1 % off from ten degrees on)."""
    part = 2 / (9 * freedom)
    return freedom * max(0.0, 1 - part + z * math.sqrt(part)) ** 3


def is_few(buyers: int) -> bool:
    """Whether too few people bought for the sum to mean anything."""
    return buyers < FEW_BUYERS
