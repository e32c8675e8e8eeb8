from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from revenue_machine.domains.attribution import relaxing
from revenue_machine.domains.attribution.journeys import Journey, Journeys
from revenue_machine.domains.attribution.markov import chain_of, removal
from revenue_machine.domains.attribution.relaxing import relaxed
from revenue_machine.domains.attribution.walks import steps_of
from revenue_machine.kit.errors import BadInput

walks = st.lists(
    st.tuples(st.lists(st.sampled_from("ABCD"), max_size=7), st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=12
)


@settings(deadline=None)
@given(walked=walks, order=st.sampled_from([1, 2, 3]))
def test_followed_walk_equals_the_inverse(walked: list[tuple[list[str], int, int]], order: int) -> None:
    journeys = Journeys.of(Journey(channels, conversions, nulls) for channels, conversions, nulls in walked)
    effects, rate, error = relaxed(steps_of(journeys, order), len(journeys.names))
    exact = removal(chain_of(journeys, order), len(journeys.names))
    assert rate == pytest.approx(exact.conversion_rate, abs=1e-12)
    assert effects == pytest.approx(exact.effects, abs=1e-11)
    assert error < 1e-11


def test_walk_that_never_ends_in_time_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two channels in turn two hundred times over: after fifty steps most of it is still on the way."""
    steps = steps_of(Journeys.of([Journey(["A", "B"] * 200, 1.0, 1.0)]), 1)
    assert relaxed(steps, 2)[0] == pytest.approx([1.0, 1.0])
    monkeypatch.setattr(relaxing, "MOST_STEPS", 50)
    with pytest.raises(BadInput, match="2 states, too many to be solved; take a lower order") as refusal:
        relaxed(steps, 2)
    assert refusal.value.field == "order"


def test_work_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = steps_of(Journeys.of([Journey(["A", "B"], 1.0, 1.0)]), 1)
    monkeypatch.setattr(relaxing, "MOST_WORK", 3)
    with pytest.raises(BadInput, match="too many to be solved"):
        relaxed(steps, 2)


def test_nothing_converted_has_no_effects() -> None:
    assert relaxed(steps_of(Journeys.of([Journey(["A"], 0.0, 3.0)]), 2), 1) == ([0.0], 0.0, 0.0)
