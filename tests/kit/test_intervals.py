"""Wilson's interval by published values, and at its ends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revenue_machine.kit.intervals import wilson


def test_interval_matches_published_values() -> None:
    # Newcombe 1998, table I, method 3 (95 %): 81/263 and 15/148.
    assert wilson(81, 263, 1.959964) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(15, 148, 1.959964) == pytest.approx((0.0624, 0.1605), abs=5e-5)
    assert wilson(0, 20, 1.959964) == pytest.approx((0.0, 0.1611), abs=5e-5)


@pytest.mark.parametrize(
    ("hits", "count", "low", "high"),
    [(0, 10, 0.0, 0.21294), (10, 10, 0.78706, 1.0), (50, 100, 0.41885, 0.58115), (1, 1, 0.26987, 1.0)],
)
def test_ninety_per_cent_unless_told(hits: int, count: int, low: float, high: float) -> None:
    assert wilson(hits, count) == pytest.approx((low, high), abs=5e-6)


def test_nobody_has_no_interval() -> None:
    assert wilson(0, 0) is None


@pytest.mark.parametrize(("hits", "count"), [(-1, 3), (4, 3), (1, 0)])
def test_impossible_share_is_refused(hits: int, count: int) -> None:
    with pytest.raises(ValueError, match="no share"):
        wilson(hits, count)


@given(st.integers(1, 10_000).flatmap(lambda count: st.tuples(st.integers(0, count), st.just(count))))
def test_interval_holds_the_share(given_pair: tuple[int, int]) -> None:
    hits, count = given_pair
    held = wilson(hits, count)
    assert held is not None
    assert 0 <= held[0] <= hits / count <= held[1] <= 1
