from __future__ import annotations

import pytest

from revenue_machine.domains.experiments.maturing import Cohort, Curve, curve_of, matured
from revenue_machine.kit.rng import array_rng

# 100 people watched four days, 50 watched two: (300 + 150) / 150 on day 1, (100 + 80) / 150 on day 2, then the elder alone.
COHORTS = (Cohort(100, (300, 100, 0, 560)), Cohort(50, (150, 80)))


def test_curve_counts_only_those_watched() -> None:
    curve = curve_of(COHORTS)
    assert curve.by_age == pytest.approx((3.0, 4.2, 4.2, 9.8))
    assert [curve.share(day) for day in (0, 1, 2, 4, 90)] == pytest.approx([0, 3 / 9.8, 3 / 7, 1, 1])
    assert curve.words(2) == "day 2 shows 43 % of day-4 revenue".replace(" %", "%")


def test_curve_ends_where_few_are_watched() -> None:
    assert curve_of([Cohort(19, (5, 5)), Cohort(30, (7,))]).days == 1
    assert curve_of([Cohort(19, (5, 5))]) == Curve(())
    assert curve_of(COHORTS, horizon_days=2).days == 2
    assert curve_of([]).words(7) == "no revenue to tell by yet"


def test_young_arm_is_ripened() -> None:
    curve = curve_of(COHORTS)
    # 40 people after two days have seen 3/7 of their worth and brought 168: 168 / (40 * 3/7).
    young = matured([Cohort(40, (120, 48))], curve)
    assert young is not None
    assert [young.users, young.per_user, young.seen] == pytest.approx([40, 9.8, 3 / 7])
    assert matured([Cohort(40, ())], curve) is None
    assert matured([Cohort(40, (5,))], Curve((0.0, 0.0))) is None


def test_censoring_does_not_bias_the_curve() -> None:
    # Everybody brings 1,000 on day 1 with 30 %, and 9,000 on day 8 with 20 %: 300 and 2,100 by the two ages.
    dice = array_rng(5, "maturing")
    cohorts = []
    for age in range(1, 61):
        first, later = dice.binomial(400, 0.3) * 1000, dice.binomial(400, 0.2) * 9000
        days = [first, *[0] * 6, later, *[0] * 52]
        cohorts.append(Cohort(400, tuple(int(one) for one in days[:age])))
    curve = curve_of(cohorts, 40)
    assert curve.by_age[6] == pytest.approx(300, rel=0.03)
    assert curve.by_age[39] == pytest.approx(2100, rel=0.03)
    naive = sum(sum(one.by_age) for one in cohorts) / sum(one.users for one in cohorts)
    assert naive < 0.95 * curve.by_age[39]
    ripe = matured(cohorts, curve)
    assert ripe is not None
    assert ripe.per_user == pytest.approx(2100, rel=0.03)
