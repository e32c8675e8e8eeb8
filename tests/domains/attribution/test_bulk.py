"""Credits over columns equal those of the small models, conversion by conversion, compiled or not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from revenue_machine.domains.attribution import bulk
from revenue_machine.domains.attribution.bulk import DAY_MS, Facets, Rules, credit, touched
from revenue_machine.domains.attribution.bulk_fast import credit_each, is_installed
from revenue_machine.domains.attribution.weights import RULE_MODELS, shares
from revenue_machine.engine.columns import Events, by_user

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
FACETS = Facets(("platform", "utm_source"), [("x", "x"), ("tiktok", "tiktok"), ("x", "direct")], np.array([False, False, True]))
KINDS = 2
Touch = tuple[int, int, int]
Conversion = tuple[int, int, int, int]
# Some two days apart each, so that the edges of 30 days are met; and single milliseconds.
some_times = st.one_of(st.integers(0, 40).map(lambda day: day * DAY_MS), st.integers(29 * DAY_MS, 30 * DAY_MS + 2))
worlds = st.tuples(
    st.lists(st.tuples(st.integers(0, 2), some_times, st.integers(0, 2)), max_size=12),
    st.lists(st.tuples(st.integers(0, 3), some_times, st.integers(0, 1), st.integers(-5, 20)), max_size=6),
)


def columns(touches: Sequence[Touch], conversions: Sequence[Conversion]) -> tuple[Events, Events]:
    table = np.array(touches, np.int64).reshape(-1, 3).T
    ends = np.array(conversions, np.int64).reshape(-1, 4).T
    return by_user(table[0], table[1], {"facet": table[2].astype(np.int32)}, 0), by_user(
        ends[0], ends[1], {"kind": ends[2].astype(np.int8), "amount": ends[3]}, 0
    )


def one_by_one(touches: Sequence[Touch], conversions: Sequence[Conversion]) -> np.ndarray:
    """The small models over each conversion by itself."""
    found = np.zeros((KINDS, len(FACETS) + 1, len(RULE_MODELS), 2))
    for user, at, kind, amount in conversions:
        own = sorted((one for one in touches if one[0] == user and at - 30 * DAY_MS <= one[1] <= at), key=lambda one: one[1])
        times = [EPOCH + timedelta(milliseconds=time) for _, time, _ in own]
        for place, model in enumerate(RULE_MODELS):
            parts = shares(model, times, [bool(FACETS.is_direct[facet]) for _, _, facet in own])
            for facet, part in zip([facet for _, _, facet in own], parts, strict=True):
                found[kind, facet, place] += [float(part), float(part * amount)]
            if not own:
                found[kind, len(FACETS), place] += [1, amount]
    return found


@settings(max_examples=300, deadline=None)
@given(worlds)
def test_equals_the_small_models(world: tuple[list[Touch], list[Conversion]]) -> None:
    found = credit(*columns(*world), FACETS, KINDS, fast=False)
    assert np.abs(found - one_by_one(*world)).max() < 1e-9


@settings(max_examples=100, deadline=None)
@given(worlds)
def test_one_event_at_a_time_gives_the_same(world: tuple[list[Touch], list[Conversion]]) -> None:
    touches, conversions = columns(*world)
    found = bulk._credit_compiled(credit_each, touches, conversions, FACETS, kinds=KINDS, rules=Rules())
    assert np.abs(found - credit(touches, conversions, FACETS, KINDS, fast=False)).max() < 1e-9


@settings(max_examples=100, deadline=None)
@given(worlds)
def test_credits_sum_to_the_amounts(world: tuple[list[Touch], list[Conversion]]) -> None:
    found = credit(*columns(*world), FACETS, KINDS, fast=False)
    total = sum(amount for _, _, _, amount in world[1])
    assert np.abs(found[..., 1].sum(axis=(0, 1)) - total).max() < 1e-9
    assert np.abs(found[..., 0].sum(axis=(0, 1)) - len(world[1])).max() < 1e-9


@pytest.mark.skipif(not is_installed(), reason="the extra `fast` (numba) is not installed")
def test_compiled_pass_gives_the_same() -> None:
    draw = np.random.default_rng(5)
    touches = by_user(draw.integers(0, 50, 2000), draw.integers(0, 90 * DAY_MS, 2000), {"facet": draw.integers(0, 3, 2000)}, 0)
    ends = {"kind": draw.integers(0, 2, 300), "amount": draw.integers(-5, 20, 300)}
    conversions = by_user(draw.integers(0, 60, 300), draw.integers(0, 90 * DAY_MS, 300), ends, 0)
    apart = [credit(touches, conversions, FACETS, KINDS, fast=is_fast) for is_fast in (True, False)]
    assert np.abs(apart[0] - apart[1]).max() < 1e-9


def credited(touches: list[Touch], conversions: list[Conversion], model: str, facet: int) -> list[float]:
    """Credited amount of kind 0 for one facet."""
    found = credit(*columns(touches, conversions), FACETS, KINDS, fast=False)
    return [round(float(found[0, facet, RULE_MODELS.index(model), at]), 9) for at in (0, 1)]


@pytest.mark.parametrize(
    ("age_ms", "expected"),
    [
        pytest.param(0, [1, 9], id="touch exactly at the conversion"),
        pytest.param(30 * DAY_MS, [1, 9], id="touch exactly 30 days before"),
        pytest.param(30 * DAY_MS + 1, [0, 0], id="touch a millisecond too old"),
        pytest.param(-1, [0, 0], id="touch after the conversion"),
    ],
)
def test_edges_of_the_lookback(age_ms: int, expected: list[float]) -> None:
    at = 40 * DAY_MS
    assert credited([(1, at - age_ms, 0)], [(1, at, 0, 9)], "last", 0) == expected
    assert credited([(1, at - age_ms, 0)], [(1, at, 0, 9)], "linear", 3) == [1 - expected[0], 9 - expected[1]]


def test_four_touches_by_position() -> None:
    touches = [(1, 1, 0), (1, 2, 1), (1, 3, 1), (1, 4, 2)]
    assert [credited(touches, [(1, 9, 0, 100)], "position", facet)[1] for facet in (0, 1, 2)] == [40, 20, 40]


def test_seven_days_halve_a_touch() -> None:
    touches = [(1, 0, 0), (1, 7 * DAY_MS, 1)]
    assert [credited(touches, [(1, 8 * DAY_MS, 0, 30)], "time_decay", facet)[1] for facet in (0, 1)] == [10, 20]


def test_refund_takes_back_the_same_credit() -> None:
    touches = [(1, 1, 0), (1, 2, 1)]
    assert credited(touches, [(1, 5, 0, 100), (1, 5, 0, -100)], "linear", 0) == [1, 0]


def test_direct_touch_yields_to_the_one_before() -> None:
    assert credited([(1, 1, 1), (1, 2, 2)], [(1, 5, 0, 7)], "last_non_direct", 1) == [1, 7]
    assert credited([(1, 1, 2), (1, 2, 2)], [(1, 5, 0, 7)], "last_non_direct", 2) == [1, 7]


def test_other_users_touches_do_not_count() -> None:
    assert credited([(0, 4, 0), (2, 4, 0)], [(1, 5, 0, 7)], "first", 0) == [0, 0]


def test_portions_do_not_change_credits(monkeypatch: pytest.MonkeyPatch) -> None:
    touches = [(user, day * DAY_MS, (user + day) % 3) for user in range(9) for day in range(5)]
    conversions = [(user, 6 * DAY_MS, user % 2, user) for user in range(10)]
    whole = credit(*columns(touches, conversions), FACETS, KINDS, fast=False)
    monkeypatch.setattr(bulk, "AT_ONCE", 3)
    parts = credit(*columns(touches, conversions), FACETS, KINDS, fast=False)
    assert np.abs(whole - parts).max() < 1e-9
    assert touched(columns(touches, conversions)[0], FACETS).tolist() == [15, 15, 15]


def test_facets_fold_into_values() -> None:
    found = credit(*columns([(1, 1, 0), (1, 2, 2)], [(1, 5, 0, 10), (2, 5, 0, 3)]), FACETS, KINDS, fast=False)
    linear = RULE_MODELS.index("linear")
    pick: Callable[[str], dict[str, float]] = lambda name: {  # noqa: E731
        value: float(sums[0, linear, 1]) for value, sums in FACETS.by_dimension(found, name).items()
    }
    assert pick("platform") == {"tiktok": 0.0, "unknown": 3.0, "x": 10.0}
    assert pick("utm_source") == {"direct": 5.0, "tiktok": 0.0, "unknown": 3.0, "x": 5.0}
