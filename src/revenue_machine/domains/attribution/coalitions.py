"""Shapley in the game where a set of channels is worth the chance that a walk open only to them converts.

It shares the Markov walk (of order 1) without the double counting that removal effects have to be normalised for. Up to twelve
channels every set is looked at; beyond, orders are drawn, and the answer says how far it may be off.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from revenue_machine.domains.attribution import shapley
from revenue_machine.domains.attribution.journeys import Journeys
from revenue_machine.domains.attribution.markov import Walk, chain_of, walk_of
from revenue_machine.kit.rng import array_rng

if TYPE_CHECKING:
    from revenue_machine.domains.attribution.markov import Floats

# Steps of elimination that fit into some seconds, and how many orders that may be.
WORK = 1_000_000_000
FEWEST_ROUNDS, MOST_ROUNDS, AT_ONCE = 50, 20_000, 2_000_000


@dataclass(frozen=True)
class WalkShares:
    """Each channel's share by code; they sum to 1, or are all 0.

    With 95 % none is off by more than `error`; 0: every set was seen.
    """

    shares: list[float]
    error: float
    rounds: int


def walk_shares(journeys: Journeys, *, rounds: int | None = None) -> WalkShares:
    """The Shapley value of every channel in the walk, as shares of all conversions.

    `rounds` draws so many orders whatever it takes.

    Raises: bad_input when there are more channels than a walk may have states.
    """
    walk = walk_of(chain_of(journeys, 1))
    channels = len(journeys.names)
    if walk is None:
        return WalkShares([0.0] * channels, 0.0, 0)
    players = len(walk.channel)
    if players <= shapley.MOST_EXACT and rounds is None:
        found, drawn = shapley.exact(lambda members: _worth(walk, members), players), 0
    else:
        drawn = rounds or max(FEWEST_ROUNDS, min(MOST_ROUNDS, WORK // (players + 1) ** 3))
        found = _drawn(walk, drawn)
    whole, shares = sum(found), [0.0] * channels
    for code, value in zip(walk.channel.tolist(), found, strict=True):
        shares[code] = max(value, 0.0) / whole
    return WalkShares(shares, shapley.drawn_error(players, drawn) if drawn else 0.0, drawn)


def _worth(walk: Walk, members: int) -> float:
    """The chance to convert when only these states are open."""
    import numpy as np

    own = [place for place in range(len(walk.channel)) if members >> place & 1]
    if not own:
        return 0.0
    return float(walk.begin[own] @ np.linalg.solve(walk.stays[np.ix_(own, own)], walk.converts[own]))


def _drawn(walk: Walk, rounds: int) -> list[float]:
    """What each state adds on average over drawn orders; eliminating the states in an order tells it for all of them at once."""
    import numpy as np

    players = len(walk.channel)
    draws = array_rng(0, "attribution.coalitions", players, rounds)
    # The walk with where it begins as a last row and what converts as a last column.
    full = np.zeros((players + 1, players + 1))
    full[:-1, :-1], full[-1, :-1], full[:-1, -1] = walk.stays, -walk.begin, -walk.converts
    sums = np.zeros(players)
    batch = max(1, AT_ONCE // (players + 1) ** 2)
    for start in range(0, rounds, batch):
        orders = draws.permuted(np.tile(np.arange(players), (min(batch, rounds - start), 1)), axis=1)
        np.add.at(sums, orders, _added(full, orders))
    return [float(one) for one in sums / rounds]


def _added(full: Floats, orders: Floats) -> Floats:
    """What each state of each order adds to those before it, at its place in the order."""
    import numpy as np

    count, players = orders.shape
    places = np.concatenate([orders, np.full((count, 1), players)], axis=1).astype(np.int64)
    left = full[places[:, :, None], places[:, None, :]]
    added = np.empty((count, players))
    for step in range(players):
        down, across = left[:, step + 1 :, step] / left[:, step, step, None], left[:, step, step + 1 :]
        added[:, step] = down[:, -1] * across[:, -1]
        left[:, step + 1 :, step + 1 :] -= down[:, :, None] * across[:, None, :]
    return added
