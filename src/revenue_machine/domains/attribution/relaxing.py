"""Removal effects of a walk too large to invert: the walk is followed step by step until what still walks no longer matters.

What may be missed is known: no more than the chance to be still on the way, which is followed too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from revenue_machine.domains.attribution.walks import Steps
from revenue_machine.kit.errors import BadInput

if TYPE_CHECKING:
    from revenue_machine.domains.attribution.walks import Floats, Whole

# What is still walking when the walk is left, per conversion; and how much work may be put into getting there.
ENOUGH = 1e-13
MOST_WORK, MOST_STEPS = 5_000_000_000, 20_000


@dataclass(frozen=True)
class _Chances:
    """The walk in chances: a step's, to convert from each state, where the steps of each state begin, and which states have any."""

    onward: Floats
    converts: Floats
    begins: Whole
    sources: Whole


def relaxed(steps: Steps, channels: int) -> tuple[list[float], float, float]:
    """(each channel's removal effect by code, the chance to convert, how far an effect may be off).

    Raises: bad_input when the walk is too long and too large to be followed to its end.
    """
    import numpy as np

    out, started = steps.leaving(), steps.entered.sum()
    sources, begins = np.unique(steps.source, return_index=True)
    chances = _Chances(steps.count / out[steps.source], steps.converted / out, begins, sources)
    begin = steps.entered / started
    rate, walking, length = _followed(steps, chances, begin)
    if rate == 0:
        return [0.0] * channels, 0.0, 0.0
    if length * (len(steps.source) + steps.size) * channels > MOST_WORK or walking > 1e-6 * rate:
        raise BadInput(
            f"the walk over these journeys has {steps.size} states, too many to be solved; take a lower order", field="order"
        )
    effects = [0.0] * channels
    for code in np.unique(steps.channel).tolist():
        effects[code] = min(max(1 - float(begin @ _without(steps, chances, code, length)) / rate, 0.0), 1.0)
    return effects, rate, 2 * walking / rate + 1e-12


def _followed(steps: Steps, chances: _Chances, begin: Floats) -> tuple[float, float, int]:
    """(the chance to convert, what is still walking, after how many steps)."""
    import numpy as np

    rate, here, length = 0.0, begin, 0
    while True:
        rate += float(here @ chances.converts)
        here = np.bincount(steps.target, weights=here[steps.source] * chances.onward, minlength=steps.size).astype(np.float64)
        walking, length = float(here.sum()), length + 1
        if walking <= ENOUGH * rate or length * (len(steps.source) + steps.size) > MOST_WORK or length == MOST_STEPS:
            return rate, walking, length


def _without(steps: Steps, chances: _Chances, code: int, length: int) -> Floats:
    """The chance to convert within `length` steps from every state, when the walk ends at a channel."""
    import numpy as np

    closed = np.flatnonzero(steps.channel == code)
    found, onward = np.zeros(steps.size), np.empty(len(steps.source))
    for _ in range(length):
        np.take(found, steps.target, out=onward, mode="clip")
        np.multiply(onward, chances.onward, out=onward)
        found = chances.converts.copy()
        if len(onward):
            found[chances.sources] += np.add.reduceat(onward, chances.begins)
        found[closed] = 0.0
    return found
