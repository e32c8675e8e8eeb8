from __future__ import annotations

import math

import pytest

from revenue_machine.domains.experiments.proportions import Counts, Difference, below, two_sided_p, two_sided_z

USUAL = Difference(Counts(4000, 240), Counts(4000, 360))


def test_plain_test_gives_textbook_figures() -> None:
    assert [USUAL.absolute, USUAL.relative] == pytest.approx([0.03, 0.5])
    # 0.03 / sqrt(0.075 * 0.925 / 2000) and 0.03 / sqrt((0.06 * 0.94 + 0.09 * 0.91) / 4000), by hand.
    assert USUAL.z_pooled == pytest.approx(5.0937163, abs=1e-7)
    assert USUAL.z_apart == pytest.approx(5.1019965, abs=1e-7)
    assert USUAL.interval(two_sided_z(0.05)) == pytest.approx((0.01847531, 0.04152469), abs=1e-8)
    assert USUAL.relative_interval(two_sided_z(0.05)) == pytest.approx((0.281619, 0.755591), abs=1e-6)


def test_normal_figures_hold_far_out() -> None:
    assert two_sided_z(0.05) == pytest.approx(1.959963984540054, abs=1e-12)
    assert two_sided_p(1.959963984540054) == pytest.approx(0.05, abs=1e-14)
    assert two_sided_p(22.48604082719282) == pytest.approx(5.685165e-112, rel=1e-6)
    assert below(0) == 0.5
    assert below(-10) == pytest.approx(7.61985e-24, rel=1e-5)


@pytest.mark.parametrize("conversions", [0, 50])
def test_certain_rates_still_have_variance(conversions: int) -> None:
    assert Counts(50, conversions).variance == pytest.approx(51 / 52 / 52)
    both = Difference(Counts(50, conversions), Counts(50, conversions))
    assert (both.z_pooled, both.z_apart, both.p_value) == (0, 0, 1)
    low, high = both.interval(1.96)
    assert low < 0 < high


def test_no_conversions_have_no_ratio() -> None:
    step = Difference(Counts(100, 0), Counts(100, 7))
    assert (step.relative, step.relative_interval(1.96)) == (None, None)
    assert Counts(0, 0).rate == 0


def test_intervals_stay_within_one() -> None:
    assert Difference(Counts(3, 1), Counts(3, 2)).interval(9.0) == (-1.0, 1.0)
    everybody = Difference(Counts(10**15, 1), Counts(10**15, 2)).relative_interval(9.0)
    assert everybody is not None
    assert math.isfinite(everybody[1])
