"""How a conversion is shared when every channel earns what it adds on average over all orders in which channels could join.

The game: a set of channels is worth the conversions of the journeys that touch no other channel. A journey's worth is then
divided evenly among its distinct channels (Zhao, Mahboobi, Bagheri 2018), exactly and for any number of channels. Another game
has every set looked at up to twelve channels (`exact`), and orders drawn beyond, with a bound on the error (coalitions.py).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from revenue_machine.domains.attribution.journeys import Journeys

MOST_EXACT = 12
CONFIDENCE = 0.95
# A set of channels, one bit each, and what it is worth.
Worth = Callable[[int], float]


def credits_of(journeys: Journeys, amounts: Sequence[float]) -> list[float]:
    """The Shapley value of every channel by code, where journey n is worth `amounts[n]`; those without touches give nothing."""
    found = [0.0] * len(journeys.names)
    for (start, end), amount in zip(journeys.spans(), amounts, strict=True):
        if start == end or not amount:
            continue
        touched = set(journeys.codes[start:end])
        part = amount / len(touched)
        for code in touched:
            found[code] += part
    return found


def shares(journeys: Journeys) -> dict[str, float]:
    """Each channel's share of all touched conversions, by name; 0 for all when nothing converted."""
    credit = credits_of(journeys, journeys.conversions)
    total = math.fsum(credit)
    return {name: one / total if total else 0.0 for name, one in sorted(zip(journeys.names, credit, strict=True))}


def exact(worth: Worth, players: int) -> list[float]:
    """The Shapley value of any game by all its sets.

    Raises: ValueError above twelve players.
    """
    if players > MOST_EXACT:
        raise ValueError(f"every set is looked at for up to {MOST_EXACT} players")
    known = [worth(members) for members in range(1 << players)]
    weight = [1 / (players * math.comb(players - 1, size)) for size in range(players)]
    return [
        math.fsum(
            weight[members.bit_count()] * (known[members | 1 << player] - known[members])
            for members in range(1 << players)
            if not members >> player & 1
        )
        for player in range(players)
    ]


def drawn_error(players: int, rounds: int) -> float:
    """How far averages over drawn orders may be off, as a share of what the whole is worth, for all players together (Hoeffding).

    Holds with `CONFIDENCE` in a game in which nobody takes anything away from the others.
    """
    return math.sqrt(math.log(2 * players / (1 - CONFIDENCE)) / (2 * rounds))
