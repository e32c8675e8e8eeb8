"""How far a credited sum may be from what is to be expected, against published tables."""

from __future__ import annotations

import math

import pytest

from revenue_machine.domains.attribution.intervals import chi_square, is_few, range_of

FIVE_PER_CENT = 1.6448536269514722


@pytest.mark.parametrize(
    ("z", "freedom", "table"),
    [(-FIVE_PER_CENT, 10, 3.940), (FIVE_PER_CENT, 10, 18.307), (FIVE_PER_CENT, 4, 9.488), (-FIVE_PER_CENT, 40, 26.509)],
)  # fmt: skip
def test_quantiles_are_those_of_the_tables(z: float, freedom: float, table: float) -> None:
    assert chi_square(z, freedom) == pytest.approx(table, rel=0.01)


def test_ten_equal_sales_are_a_poisson_count() -> None:
    """Garwood's exact limits for ten events at 90 %."""
    found = range_of(10.0, 10.0, 1.0)
    assert [found.low, found.high] == pytest.approx([5.425, 16.962], rel=0.01)


def test_scale_of_money_changes_nothing() -> None:
    one, thousand = range_of(10.0, 10.0, 1.0), range_of(10_000.0, 10_000_000.0, 1_000.0)
    assert [thousand.low, thousand.high] == pytest.approx([1_000 * one.low, 1_000 * one.high])


def test_nothing_sold_is_not_certain() -> None:
    found = range_of(0.0, 0.0, 20.0)
    assert found.low == 0.0
    assert found.high == pytest.approx(20 * 2.9957, rel=0.02)
    assert range_of(0.0, 0.0, 0.0).high == 0.0


def test_losses_are_taken_as_normal() -> None:
    found = range_of(-5.0, 25.0, 1.0, has_losses=True)
    assert [found.low, found.high] == pytest.approx([-5 - 5 * FIVE_PER_CENT, -5 + 5 * FIVE_PER_CENT])


def test_one_large_sale_widens_the_range() -> None:
    even, uneven = range_of(10.0, 10.0, 1.0), range_of(10.0, 10.0 + math.pow(5, 2), 5.0)
    assert uneven.low < even.low
    assert uneven.high > even.high


def test_nine_buyers_are_few() -> None:
    assert is_few(9)
    assert not is_few(10)
