"""How a conversion is shared by what would be lost without each channel, in the random walk that the journeys describe.

A walk of order k remembers the last k channels. A channel's removal effect is the share of conversions that pass it; one
inverse tells it for all channels at once: f = N[0,S] N[S,S]^-1 is where the walk first enters the channel's states S, and
f b[S] how much of that converts. Loops of a state to itself change nothing and are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from revenue_machine.domains.attribution.journeys import Journeys
from revenue_machine.domains.attribution.relaxing import relaxed
from revenue_machine.domains.attribution.walks import Steps, steps_of
from revenue_machine.kit.errors import BadInput

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]
    Mask = NDArray[np.bool_]

# The inverse of so many states takes some 400 MB and some seconds.
MOST_STATES = 4000


@dataclass(frozen=True)
class Chain:
    """A walk in counts: into each state from the start, between states (row to column), out by converting, out by giving up.

    `channel` is the code of the channel each state stands in; at order 1 every channel is one state.
    """

    entered: Floats
    moved: Floats
    converted: Floats
    lost: Floats
    channel: Whole


@dataclass(frozen=True)
class Walk:
    """A chain in chances: where it begins, the identity less the chances to go on (row to column), and to convert at once."""

    begin: Floats
    stays: Floats
    converts: Floats
    channel: Whole


@dataclass(frozen=True)
class Removal:
    """Each channel's removal effect by code (0 to 1), the chance to convert, and how far any effect may be off numerically."""

    effects: list[float]
    conversion_rate: float
    error: float

    def shares(self) -> list[float]:
        """The effects normalised to sum to 1; all 0 when nothing converts."""
        whole = sum(self.effects)
        return [one / whole if whole else 0.0 for one in self.effects]


def removal_shares(journeys: Journeys, order: int = 1) -> dict[str, float]:
    """Each channel's share of all touched conversions, by name; they sum to 1, or are all 0 when nothing converted.

    Raises: bad_input when the walk is too large.
    """
    return dict(sorted(zip(journeys.names, removal_of(journeys, order).shares(), strict=True)))


def removal_of(journeys: Journeys, order: int) -> Removal:
    """Every channel's removal effect in the walk of an order (1, 2, 3): by one inverse, or step by step where that is too large.

    Raises: bad_input when it is too large even for that.
    """
    steps = steps_of(journeys, order)
    if steps.size <= MOST_STATES:
        return removal(_dense(steps), len(journeys.names))
    return Removal(*relaxed(steps, len(journeys.names)))


def chain_of(journeys: Journeys, order: int) -> Chain:
    """The walk of an order (1, 2, 3) that the journeys with touches describe, as one matrix.

    Raises: bad_input when it has more than `MOST_STATES` states.
    """
    steps = steps_of(journeys, order)
    if steps.size > MOST_STATES:
        raise BadInput(f"order {order} of these journeys has {steps.size} states; up to {MOST_STATES} are inverted", field="order")
    return _dense(steps)


def _dense(steps: Steps) -> Chain:
    import numpy as np

    moved = np.zeros((steps.size, steps.size))
    moved[steps.source, steps.target] = steps.count
    return Chain(steps.entered, moved, steps.converted, steps.lost, steps.channel)


def walk_of(chain: Chain) -> Walk | None:
    """The chances of a chain, over the states that can be reached and can convert; None when nothing converts.

    A state from which nothing converts takes no part (the walk that enters it is lost), so what stays can be inverted.
    """
    import numpy as np

    leaving = chain.moved.copy()
    np.fill_diagonal(leaving, 0.0)
    out = leaving.sum(axis=1) + chain.converted + chain.lost
    live = _reached(leaving, chain.entered > 0) & _reached(leaving.T, chain.converted > 0)
    if not live.any():
        return None
    stays = np.eye(int(live.sum())) - leaving[np.ix_(live, live)] / out[live, None]
    return Walk(chain.entered[live] / chain.entered.sum(), stays, chain.converted[live] / out[live], chain.channel[live])


def removal(chain: Chain, channels: int) -> Removal:
    """Every channel's removal effect, by one inverse."""
    import numpy as np

    walk = walk_of(chain)
    if walk is None:
        return Removal([0.0] * channels, 0.0, 0.0)
    inverse = np.asarray(np.linalg.inv(walk.stays), dtype=np.float64)
    chance: Floats = inverse @ walk.converts
    rate = float(walk.begin @ chance)
    without = np.empty((len(chance), channels))
    for code in range(channels):
        without[:, code] = _without(np.flatnonzero(walk.channel == code), inverse, chance)
    effects = np.clip(1 - walk.begin @ without / rate, 0.0, 1.0)
    # A channel none of whose states takes part costs nothing: exactly 0, not what rounding left.
    effects[np.bincount(walk.channel, minlength=channels) == 0] = 0.0
    wrong = walk.stays @ without - walk.converts[:, None]
    wrong[np.arange(len(chance)), walk.channel] = 0.0
    bound = np.abs(inverse).sum(axis=1).max() * (np.abs(wrong).max() + np.finfo(float).eps * 4)
    return Removal(effects.tolist(), rate, float(2 * bound / rate))


def _without(own: Whole, inverse: Floats, chance: Floats) -> Floats:
    """The chance to convert from every state when the walk ends wherever it would enter one of `own`."""
    import numpy as np

    if len(own) == 0:
        return chance
    if len(own) == 1:
        passing = inverse[:, own[0]] * (chance[own[0]] / inverse[own[0], own[0]])
    else:
        passing = inverse[:, own] @ np.linalg.solve(inverse[np.ix_(own, own)], chance[own])
    left: Floats = np.maximum(chance - passing, 0.0)
    left[own] = 0.0
    return left


def _reached(moved: Floats, begin: Mask) -> Mask:
    """Which states are reached from `begin` along positive entries (row to column)."""
    seen, edge = begin.copy(), begin
    while edge.any():
        edge = (moved[edge] > 0).any(axis=0) & ~seen
        seen |= edge
    return seen
