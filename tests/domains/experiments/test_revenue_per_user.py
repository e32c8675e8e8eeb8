from __future__ import annotations

import math

import pytest

from revenue_machine.domains.experiments.revenue_per_user import MoneyDifference, Takings, variance_of


def test_money_is_per_assigned_user() -> None:
    step = MoneyDifference(Takings(400, 800.0, 9.0), Takings(100, 150.0, 4.0))
    assert (step.absolute, step.falls) == (-0.5, True)
    assert step.error == pytest.approx(math.sqrt(9 / 400 + 4 / 100))
    assert step.z == pytest.approx(-2.0)
    assert step.interval(2.0) == pytest.approx((-1.0, 0.0))


def test_missing_variance_is_taken_from_payments() -> None:
    # Ten payments of $5 on average, as spread as exponential ones: 2 * 25 * 10 / 100 less the square of 0.5.
    assert variance_of(100, 10, 50.0) == pytest.approx(4.75)
    assert variance_of(100, 0, 0.0) == 0


def test_nothing_varies_and_still_differs() -> None:
    same, more = Takings(50, 100.0, 0.0), Takings(50, 150.0, 0.0)
    assert MoneyDifference(same, same).z == 0
    assert MoneyDifference(same, more).z == math.inf
    assert MoneyDifference(more, same).z == -math.inf
