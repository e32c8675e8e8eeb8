"""Thompson sampling over the hours of the week (definitions §1.9): 168 arms per platform, prior Beta(1, 1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from revenue_machine.domains.publishing.models import Arm, Pick, Slot

if TYPE_CHECKING:
    import numpy as np

# Draws that estimate the chance a slot had; the error of 400 is at most 2.5 points.
PROPENSITY_DRAWS = 400


def choose(slots: Sequence[Slot], arms: Mapping[tuple[int, int], Arm], draws: np.random.Generator) -> Pick:
    """Draw each open hour once from its posterior and take the highest.

    Returns: the slot and its propensity: the share of further draws in which the same slot won, never 0.
    """
    import numpy as np  # not before a slot is wanted: every command loads this module

    alpha = np.array([_arm(slot, arms).alpha for slot in slots])
    beta = np.array([_arm(slot, arms).beta for slot in slots])
    winner = int(np.argmax(draws.beta(alpha, beta)))
    again = np.argmax(draws.beta(alpha, beta, size=(PROPENSITY_DRAWS, len(slots))), axis=1)
    wins = int(np.count_nonzero(again == winner))
    return Pick(slots[winner], (wins + 1) / (PROPENSITY_DRAWS + len(slots)))


def _arm(slot: Slot, arms: Mapping[tuple[int, int], Arm]) -> Arm:
    return arms.get((slot.weekday, slot.hour), Arm(slot.weekday, slot.hour, 1.0, 1.0))
