from __future__ import annotations

import pytest

from revenue_machine.domains.experiments.power import anytime_power, expected_z, planned_power, users_needed


def test_power_of_the_plain_test() -> None:
    # 3 % against 3.75 %, 7,000 people each.
    drift = expected_z(0.03, 0.25, 14_000)
    assert drift == pytest.approx(2.45758, abs=1e-5)
    assert planned_power(drift) == pytest.approx(0.69063, abs=1e-5)
    assert planned_power(0.0) == pytest.approx(0.05, abs=1e-12)


def test_planned_looks_cost_little_power() -> None:
    for drift in (1.5, 2.45758, 2.8, 3.24):
        assert 0.95 * planned_power(drift) < planned_power(drift, 14) < planned_power(drift)
    assert planned_power(0.0, 14) == pytest.approx(0.05, abs=1e-9)


def test_free_looks_cost_half_of_it() -> None:
    assert anytime_power(2.45758, 14_000, 14) == pytest.approx(0.3504, abs=1e-3)
    assert anytime_power(0.0, 14_000, 14) == pytest.approx(0.0128, abs=1e-3)
    assert anytime_power(0.0, 90_000, 90) < 0.05


def test_users_needed_are_the_textbook_s() -> None:
    # (1.95996 + 0.84162)^2 * (0.1 * 0.9 + 0.12 * 0.88) / 0.02^2 = 3,838 in each arm.
    assert users_needed(0.1, 0.2) == pytest.approx(2 * 3838, abs=3)
    assert users_needed(0.1, 0.2, looks=14) / users_needed(0.1, 0.2) == pytest.approx(1.044, abs=3e-3)
    assert users_needed(0.1, 0.2, arm_share=0.1) > 2.5 * users_needed(0.1, 0.2)
    with pytest.raises(ValueError, match="lift is not 0"):
        users_needed(0.1, 0.0)
