from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from revenue_machine.domains.attribution.journeys import Journey, Journeys
from revenue_machine.domains.attribution.shapley import credits_of, drawn_error, exact, shares

NAMES = "ABCDE"
walks = st.lists(
    st.tuples(st.lists(st.sampled_from(NAMES), max_size=6), st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=12
)


def journeys_of(walked: Iterable[tuple[list[str], int, int]]) -> Journeys:
    return Journeys.of(Journey(channels, conversions, nulls) for channels, conversions, nulls in walked)


def worth_inside(journeys: Journeys, members: int) -> float:
    """INTERFACE §7 by the letter: conversions of journeys whose channels all lie inside the set."""
    return sum(
        conversions
        for conversions, (start, end) in zip(journeys.conversions, journeys.spans(), strict=True)
        if end > start and all(members >> code & 1 for code in journeys.codes[start:end])
    )


def test_journey_is_divided_among_distinct_channels() -> None:
    found = shares(journeys_of([(["A", "B", "A"], 6, 0), (["C"], 4, 1), ([], 9, 0)]))
    assert found == {"A": 0.3, "B": 0.3, "C": 0.4}


@settings(deadline=None)
@given(walked=walks)
def test_closed_form_equals_every_set(walked: list[tuple[list[str], int, int]]) -> None:
    journeys = journeys_of(walked)
    slow = exact(lambda members: worth_inside(journeys, members), len(journeys.names))
    assert credits_of(journeys, journeys.conversions) == pytest.approx(slow, abs=1e-9)


def test_glove_game_has_its_answer() -> None:
    """One left glove, two right ones: the textbook's 2/3, 1/6, 1/6."""
    assert exact(lambda members: float(members in (0b011, 0b101, 0b111)), 3) == pytest.approx([2 / 3, 1 / 6, 1 / 6])


def test_thirteen_players_are_too_many() -> None:
    with pytest.raises(ValueError, match="up to 12"):
        exact(lambda members: 0.0, 13)


def test_bound_shrinks_with_the_root() -> None:
    assert drawn_error(20, 10_000) == pytest.approx(0.018282, abs=1e-6)
    assert drawn_error(20, 40_000) == pytest.approx(0.018282 / 2, abs=1e-6)


def test_nothing_converted_shares_nothing() -> None:
    assert shares(journeys_of([(["A"], 0, 4)])) == {"A": 0.0}
