"""Counts the random walk that journeys describe: states are the last one, two or three channels, steps how often they followed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from revenue_machine.domains.attribution.journeys import Journeys
from revenue_machine.kit.errors import BadInput

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]

ORDERS = (1, 2, 3)


@dataclass(frozen=True)
class Steps:
    """Counts by state: entered from the start, converted, given up; and `count` steps from `source` to another state `target`.

    Pairs are distinct and sorted; `channel` is the code of the channel each state stands in.
    """

    entered: Floats
    converted: Floats
    lost: Floats
    channel: Whole
    source: Whole
    target: Whole
    count: Floats

    @property
    def size(self) -> int:
        return len(self.channel)

    def leaving(self) -> Floats:
        """How often each state was left; staying where one is does not count."""
        import numpy as np

        on = np.bincount(self.source, weights=self.count, minlength=self.size)
        return np.asarray(on + self.converted + self.lost, dtype=np.float64)


def steps_of(journeys: Journeys, order: int) -> Steps:
    """The steps of the journeys that touch something and are counted at all.

    Raises: bad_input for another order than 1, 2, 3, and for more channels than a state can be numbered by.
    """
    import numpy as np

    if order not in ORDERS:
        raise BadInput("the order is 1, 2 or 3", field="order")
    if (len(journeys.names) + 1) ** order >= 2**63:
        raise BadInput(f"{len(journeys.names)} channels are too many for order {order}", field="order")
    codes = np.array(journeys.codes, dtype=np.int64)
    ends = np.array(journeys.ends, dtype=np.int64)
    lengths = ends - np.concatenate([ends[:0], [0], ends[:-1]])[: len(ends)]
    converted, lost = np.array(journeys.conversions), np.array(journeys.nulls)
    counts = (lengths > 0) & (converted + lost > 0)
    codes, lengths, converted, lost = codes[np.repeat(counts, lengths)], lengths[counts], converted[counts], lost[counts]
    last = np.cumsum(lengths) - 1
    first = last - lengths + 1
    place = np.arange(len(codes)) - np.repeat(first, lengths)
    keys, state = np.unique(_remembered(codes, place, order, len(journeys.names)), return_inverse=True)
    channel = np.zeros(len(keys), dtype=np.int64)
    channel[state] = codes
    goes_on = np.ones(len(codes), dtype=bool)
    goes_on[last] = False
    goes_on[:-1] &= state[1:] != state[:-1]
    here = np.flatnonzero(goes_on)
    pairs, pair = np.unique(state[here] * len(keys) + state[here + 1], return_inverse=True)
    count = np.bincount(pair, weights=np.repeat(converted + lost, lengths)[here], minlength=len(pairs))

    def tally(at: Whole, weights: Floats) -> Floats:
        return np.bincount(state[at], weights=weights, minlength=len(keys)).astype(np.float64)

    size = max(len(keys), 1)
    return Steps(
        tally(first, converted + lost), tally(last, converted), tally(last, lost), channel, pairs // size, pairs % size,
        count.astype(np.float64),
    )  # fmt: skip


def _remembered(codes: Whole, place: Whole, order: int, channels: int) -> Whole:
    """One number for the last `order` channels up to each touch of its journey; 0 stands for before the start."""
    import numpy as np

    key = codes + 1
    for back in range(1, order):
        before = np.zeros(len(codes), np.int64)
        before[back:] = codes[: len(codes) - back] + 1
        key = key * (channels + 1) + np.where(place >= back, before, 0)
    return key
