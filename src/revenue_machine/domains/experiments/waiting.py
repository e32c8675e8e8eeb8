"""What it costs, in dollars a week, to wait with a decision, and what it risks not to.

The posterior of the effect is that of `shrinkage` (a logarithm, normal), so expected gain and expected loss have closed forms,
those of a put option: nothing is drawn.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from revenue_machine.domains.experiments.proportions import Counts, below
from revenue_machine.domains.experiments.shrinkage import USUAL, Prior, believed


@dataclass(frozen=True)
class Waiting:
    """Micro-dollars a week by what the counts make likely, and the chance that the arm is the better one.

    `ship_now_micro_usd`: what everybody getting the arm is expected to bring over everybody getting the control; below 0 where the
    arm is likely worse. `risk_micro_usd`: what shipping it is expected to lose in the cases where it is worse.
    `wait_micro_usd`: what each further week of the test is expected to cost, because not everybody gets the better arm yet.
    """

    ship_now_micro_usd: int
    risk_micro_usd: int
    wait_micro_usd: int
    chance_to_win: float


def dollars_per_week(
    control: Counts, arm: Counts, *, weekly_users: float, value_micro_usd: int, share: float = 0.5, prior: Prior = USUAL
) -> Waiting:
    """What shipping the arm now and what waiting a week are expected to bring or cost.

    `weekly_users` are all who come in a week, `value_micro_usd` what a conversion is worth, `share` the part of them that gets the
    arm while the test runs. Raises: ValueError for an arm without users.
    """
    belief = believed(control, arm, prior)
    base = weekly_users * (control.conversions + 0.5) / (control.users + 1) * value_micro_usd
    gain = base * math.expm1(belief.mean + belief.variance / 2)
    loss = base * expected_fall(belief.mean, belief.variance)
    behind = (1 - share) * gain if gain > 0 else -share * gain
    return Waiting(round(gain), round(loss), round(behind), belief.chance_to_win)


def expected_fall(mean: float, variance: float) -> float:
    """By which share a rate is expected to fall where it falls: E max(0, 1 - e^L) of a normal L."""
    spread = math.sqrt(variance)
    return below(-mean / spread) - math.exp(mean + variance / 2) * below(-(mean + variance) / spread)
