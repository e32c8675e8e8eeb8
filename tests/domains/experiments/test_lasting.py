from __future__ import annotations

import math

import pytest

from revenue_machine.domains.experiments.lasting import lasting
from revenue_machine.domains.experiments.proportions import Counts
from revenue_machine.kit.rng import array_rng

Week = tuple[Counts, Counts]


def weeks_of(effects: list[float], holdout: int = 20_000, shipped: int = 180_000) -> list[Week]:
    """Weeks without luck in which the shipped arm converts so much better than 5 %."""
    return [(Counts(holdout, round(holdout * 0.05)), Counts(shipped, round(shipped * 0.05 * (1 + one)))) for one in effects]


def test_fading_effect_has_a_half_life() -> None:
    found = lasting(weeks_of([math.expm1(0.4 - 0.04 * week) for week in range(8)]))
    assert found.finding == "fades"
    assert found.weekly == pytest.approx(-0.04, abs=1e-3)
    assert found.half_weeks == pytest.approx(5, abs=0.1)
    assert found.first == pytest.approx(math.expm1(0.4), abs=5e-3)
    assert found.last == pytest.approx(math.expm1(0.12), abs=5e-3)
    assert found.words.endswith("half is gone after 5 weeks")


def test_steady_and_growing_effects_are_told_apart() -> None:
    assert lasting(weeks_of([0.2] * 6)).finding == "lasts"
    assert lasting(weeks_of([0.1, 0.2, 0.3, 0.4, 0.5, 0.6])).finding == "grows"
    assert lasting(weeks_of([-0.1, -0.2, -0.3, -0.4])).finding == "grows"


def test_too_few_weeks_say_nothing() -> None:
    assert lasting(weeks_of([0.2, 0.2])).finding == "too_few"
    assert lasting([(Counts(50, 1), Counts(450, 30))] * 12).finding == "too_few"
    assert lasting([]).words == "too few weeks of the holdout to say whether the effect lasts"


def test_thin_weeks_are_joined() -> None:
    # One conversion a week in the holdout: five weeks make a point, seventeen weeks three of them.
    found = lasting([(Counts(50, 1), Counts(450, 30))] * 17)
    assert found.finding == "lasts"
    assert found.weekly == pytest.approx(0, abs=0.02)


def test_steady_effect_is_rarely_said_to_fade() -> None:
    dice = array_rng(3, "lasting")
    said = 0
    for _ in range(1000):
        weeks = [(Counts(2000, int(dice.binomial(2000, 0.05))), Counts(18_000, int(dice.binomial(18_000, 0.06)))) for _ in range(8)]
        said += lasting(weeks).finding != "lasts"
    assert said <= 70
