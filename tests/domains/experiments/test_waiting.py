from __future__ import annotations

import math

import pytest

from revenue_machine.domains.experiments.proportions import Counts
from revenue_machine.domains.experiments.shrinkage import FLAT, USUAL, Prior, believed
from revenue_machine.domains.experiments.waiting import dollars_per_week, expected_fall

CONTROL, ARM = Counts(2000, 60), Counts(2000, 80)


def numerically(mean: float, variance: float) -> tuple[float, float]:
    """Expected gain and expected loss of a rate of 1, by adding up ten thousand slices of the posterior."""
    spread, slices = math.sqrt(variance), 10_000
    gain = loss = 0.0
    for number in range(slices):
        z = -8 + 16 * (number + 0.5) / slices
        weight = math.exp(-z * z / 2) / math.sqrt(2 * math.pi) * 16 / slices
        change = math.expm1(mean + spread * z)
        gain, loss = gain + weight * change, loss + weight * max(0.0, -change)
    return gain, loss


@pytest.mark.parametrize("prior", [USUAL, FLAT])
@pytest.mark.parametrize("arm", [ARM, Counts(2000, 50), Counts(2000, 60)])
def test_closed_forms_equal_the_integral(arm: Counts, prior: Prior) -> None:
    belief = believed(CONTROL, arm, prior)
    gain, loss = numerically(belief.mean, belief.variance)
    base = 4000 * 60.5 / 2001 * 12_500_000
    found = dollars_per_week(CONTROL, arm, weekly_users=4000, value_micro_usd=12_500_000, prior=prior)
    assert found.ship_now_micro_usd == pytest.approx(base * gain, rel=1e-6, abs=2)
    assert found.risk_micro_usd == pytest.approx(base * loss, rel=1e-6, abs=2)


def test_waiting_costs_those_without_it() -> None:
    found = dollars_per_week(CONTROL, ARM, weekly_users=4000, value_micro_usd=12_500_000)
    assert (found.ship_now_micro_usd, found.risk_micro_usd, found.wait_micro_usd) == (216_096_025, 10_182_109, 108_048_012)
    assert found.chance_to_win == pytest.approx(0.873033, abs=1e-6)
    tenth = dollars_per_week(CONTROL, ARM, weekly_users=4000, value_micro_usd=12_500_000, share=0.1)
    assert tenth.wait_micro_usd == pytest.approx(0.9 * 216_096_025, abs=1)


def test_a_worse_arm_costs_those_with_it() -> None:
    found = dollars_per_week(CONTROL, Counts(2000, 40), weekly_users=4000, value_micro_usd=12_500_000, share=0.25)
    assert found.ship_now_micro_usd < 0
    assert found.wait_micro_usd == pytest.approx(-0.25 * found.ship_now_micro_usd, abs=1)
    assert found.risk_micro_usd >= -found.ship_now_micro_usd


def test_no_value_costs_nothing() -> None:
    found = dollars_per_week(CONTROL, ARM, weekly_users=4000, value_micro_usd=0)
    assert (found.ship_now_micro_usd, found.risk_micro_usd, found.wait_micro_usd) == (0, 0, 0)
    assert expected_fall(3.0, 1e-6) == pytest.approx(0, abs=1e-12)
    with pytest.raises(ValueError, match="without users"):
        dollars_per_week(Counts(0, 0), ARM, weekly_users=1, value_micro_usd=1)
