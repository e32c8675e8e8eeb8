"""How sure a share of a few people is."""

from __future__ import annotations

from math import sqrt

# Two-sided 90 %: what the house calls sure.
Z90 = 1.6448536269514722
Z95 = 1.959964


def wilson(hits: int, count: int, z: float = Z90) -> tuple[float, float] | None:
    """Wilson's interval of `hits` out of `count`, 90 % unless told; None of nobody. Raises: ValueError for too many hits."""
    if not 0 <= hits <= count:
        raise ValueError(f"{hits} of {count} is no share")
    if count == 0:
        return None
    share, square = hits / count, z * z
    middle = (share + square / (2 * count)) / (1 + square / count)
    half = z / (1 + square / count) * sqrt(share * (1 - share) / count + square / (4 * count * count))
    return (0.0 if hits == 0 else max(0.0, middle - half), 1.0 if hits == count else min(1.0, middle + half))
