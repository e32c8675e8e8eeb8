"""Money is exact inside and rounded only where a person reads it."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from revenue_machine.kit.money import dollars, json_dollars, micro, micro_up, show


@pytest.mark.parametrize(
    ("usd", "expected"),
    [
        ("0.1", 100_000), ("1234.567891", 1_234_567_891), (15, 15_000_000), (Decimal("-2.50"), -2_500_000), ("1e-6", 1),
        ("0.0000005", 0), ("0.0000015", 2), ("0.0000025", 2), ("-0.0000015", -2), ("0.00000050001", 1),
    ],
)  # fmt: skip
def test_dollars_become_whole_micro_dollars(usd: Decimal | str | int, expected: int) -> None:
    assert micro(usd) == expected


@pytest.mark.parametrize("usd", [0.1, 1.0, float("nan")])
def test_a_float_is_refused(usd: float) -> None:
    with pytest.raises(TypeError, match="money is never a float"):
        micro(usd)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("usd", "expected"), [("0.0000001", 1), ("0.000001", 1), ("0.0000010001", 2), ("0", 0), ("-0.0000015", -1)]
)
def test_a_worst_case_is_rounded_up(usd: str, expected: int) -> None:
    assert micro_up(Decimal(usd)) == expected


@settings(deadline=None)
@given(st.integers(-(10**15), 10**15))
def test_no_amount_is_lost_on_the_way(amount: int) -> None:
    assert micro(dollars(amount)) == amount
    assert micro(Decimal(str(json_dollars(amount)))) == amount


@settings(deadline=None)
@given(st.decimals(0, 10**9, allow_nan=False, allow_infinity=False, places=12))
def test_a_worst_case_is_never_below_the_price(usd: Decimal) -> None:
    assert Fraction(micro_up(usd), 1_000_000) >= Fraction(usd)
    assert micro_up(usd) - micro(usd) in (0, 1)


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (0, "0"),
        (1_000_000, "1"),
        (1_500_000, "1.5"),
        (-2_000_000, "-2"),
        (-1_500_000, "-1.5"),
        (123_457, "0.123457"),
        (None, "None"),
    ],
)
def test_json_money_has_at_most_six_decimals(amount: int | None, shown: str) -> None:
    assert repr(json_dollars(amount)) == shown


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (1_234_560_000, "$1,234.56"), (-1_234_565_000, "-$1,234.56"), (-1_234_575_000, "-$1,234.58"), (0, "$0.00"), (10_000, "$0.01"),
        (9_999, "$0.0100"), (1_250, "$0.0012"), (1_350, "$0.0014"), (-5_000, "-$0.0050"), (None, "–"),
    ],
)  # fmt: skip
def test_people_read_dollars(amount: int | None, shown: str) -> None:
    assert show(amount) == shown
