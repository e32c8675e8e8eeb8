"""How many false alarms several tests may share: each open test's part of one allowance, and which arms of one test have won."""

from __future__ import annotations

from collections.abc import Callable, Sequence

# At most one in twenty sets of tests open together may hold a false alarm.
FAMILY = 0.05


def alpha_for(open_alphas: Sequence[float], most_open: int, family: float = FAMILY) -> float:
    """The part of the allowance that a test opened now gets, kept until it closes.

    `open_alphas` are the parts of the tests open now, `most_open` how many may be. What is left is split evenly over the free
    places, so the parts of tests open together never sum to more than `family`, and by Bonferroni's inequality at most that share
    of such sets holds a false alarm, whatever the tests have in common. 0 where all is given away (the ceiling rose while a test
    was open): it comes back when that test closes. Raises: ValueError when no place is free.
    """
    free = most_open - len(open_alphas)
    if free < 1:
        raise ValueError(f"{len(open_alphas)} tests are open, {most_open} may be")
    left = family - sum(open_alphas)
    return max(0.0, left / free) if left > family * 1e-9 else 0.0


def holm(strengths: Sequence[float], critical: Callable[[int, float], float], level: float) -> list[bool]:
    """Which of several comparisons with one control are proven at a family level (Holm 1979).

    `strengths` are absolute z's; `critical(place, level)` is the z that the rule in use asks of a comparison at a level. It falls
    as the level rises (nested boundaries), which makes Holm's steps valid over all looks too (Maurer and Bretz 2013).
    """
    left = set(range(len(strengths)))
    while left:
        proven = {place for place in left if strengths[place] >= critical(place, level / len(left))}
        if not proven:
            break
        left -= proven
    return [place not in left for place in range(len(strengths))]
