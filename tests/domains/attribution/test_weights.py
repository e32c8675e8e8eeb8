from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from revenue_machine.domains.attribution.weights import (
    RULE_MODELS,
    RuleModel,
    settle,
    shares,
    shares_back,
    shares_by_step,
    split,
    weigh,
)

START = datetime(2026, 1, 1, tzinfo=UTC)
NAMED = (False, False, False, False)

touches = st.lists(st.tuples(st.integers(0, 10**9), st.booleans()), min_size=1, max_size=12)


def ratios(*pairs: tuple[int, int]) -> list[Fraction]:
    return [Fraction(*pair) for pair in pairs]


EXPECTED: dict[RuleModel, list[Fraction]] = {
    "first": ratios((1, 1), (0, 1), (0, 1), (0, 1)),
    "last": ratios((0, 1), (0, 1), (0, 1), (1, 1)),
    "last_non_direct": ratios((0, 1), (0, 1), (0, 1), (1, 1)),
    "linear": ratios((1, 4), (1, 4), (1, 4), (1, 4)),
    "position": ratios((2, 5), (1, 10), (1, 10), (2, 5)),
    "time_decay": ratios((1, 15), (2, 15), (4, 15), (8, 15)),
}


@pytest.mark.parametrize("model", RULE_MODELS)
def test_four_weekly_touches_share(model: RuleModel) -> None:
    weekly = [START + timedelta(weeks=number) for number in range(4)]
    assert shares(model, weekly, NAMED) == EXPECTED[model]
    assert shares_by_step(model, NAMED) == EXPECTED[model]


@pytest.mark.parametrize("model", RULE_MODELS)
def test_single_touch_has_it_all(model: RuleModel) -> None:
    assert shares(model, [START], [True]) == [Fraction(1)]
    assert shares(model, [], []) == []
    assert weigh(model, [], []) == []


def test_two_positions_share_evenly() -> None:
    assert shares_by_step("position", (False, False)) == ratios((1, 2), (1, 2))
    assert shares_by_step("position", (False, False, False)) == ratios((2, 5), (1, 5), (2, 5))


def test_direct_touches_give_way() -> None:
    assert shares_by_step("last_non_direct", (False, False, True)) == ratios((0, 1), (1, 1), (0, 1))
    assert shares_by_step("last_non_direct", (True, True, True)) == ratios((0, 1), (0, 1), (1, 1))


def test_decay_looks_at_days_alone() -> None:
    fortnight = [START, START, START + timedelta(days=14)]
    assert shares("time_decay", fortnight, NAMED[:3]) == ratios((1, 6), (1, 6), (2, 3))
    longer_ago = [at - timedelta(days=4000) for at in fortnight]
    assert shares("time_decay", longer_ago, NAMED[:3]) == ratios((1, 6), (1, 6), (2, 3))


def test_touches_years_apart_still_share() -> None:
    assert shares("time_decay", [START, START + timedelta(days=5000)], NAMED[:2]) == ratios((0, 1), (1, 1))


@settings(deadline=None)
@given(model=st.sampled_from(RULE_MODELS), touched=touches, amount=st.integers(-(10**15), 10**15))
def test_no_micro_dollar_is_lost(model: RuleModel, touched: list[tuple[int, bool]], amount: int) -> None:
    times = [START + timedelta(seconds=seconds) for seconds, _ in sorted(touched)]
    parts = shares(model, times, [direct for _, direct in touched])
    assert sum(parts) == 1
    assert min(parts) >= 0
    money = split(amount, parts)
    assert sum(money) == amount
    assert split(-amount, parts) == [-one for one in money]
    assert all(abs(one - amount * part) < 1 for one, part in zip(money, parts, strict=True))


def test_remainder_goes_to_the_nearest() -> None:
    thirds = ratios((1, 3), (1, 3), (1, 3))
    assert split(100, thirds) == [34, 33, 33]
    assert split(-100, thirds) == [-34, -33, -33]
    assert split(7, ratios((2, 5), (1, 5), (2, 5))) == [3, 1, 3]


@pytest.mark.parametrize("parts", [[], ratios((1, 2)), ratios((1, 2), (2, 3))])
def test_shares_must_be_whole(parts: list[Fraction]) -> None:
    with pytest.raises(ValueError, match="sum to 1"):
        split(5, parts)


@settings(deadline=None)
@given(parts=st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=9), drift=st.floats(-1e-3, 1e-3))
def test_float_sums_settle_to_total(parts: list[float], drift: float) -> None:
    total = round(sum(parts) + drift)
    assert sum(settle(total, parts)) == total


@pytest.mark.parametrize(
    ("total", "parts", "whole"),
    [(10, (3.3, 3.3, 3.4), (3, 3, 4)), (1, (0.0, 1.0, 0.0), (0, 1, 0)), (-3, (-1.5, -1.5, 0.0), (-1, -2, 0)), (7, (2.0, 4.0), (2, 5)),
     (5, (2.0, 4.0), (2, 3))],
)  # fmt: skip
def test_nothing_stays_nothing(total: int, parts: Sequence[float], whole: Sequence[int]) -> None:
    assert settle(total, parts) == list(whole)


def test_halvings_need_not_be_sorted() -> None:
    assert shares_back("time_decay", [0, 1], NAMED[:2]) == ratios((2, 3), (1, 3))
    assert shares_back("time_decay", [101, 100], NAMED[:2]) == ratios((1, 3), (2, 3))
