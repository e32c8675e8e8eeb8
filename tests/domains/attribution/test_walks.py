from __future__ import annotations

import pytest

from revenue_machine.domains.attribution.journeys import Journey, Journeys
from revenue_machine.domains.attribution.walks import steps_of
from revenue_machine.kit.errors import BadInput

WALKED = Journeys.of([
    Journey(("A", "B", "B", "A"), 2.0, 1.0), Journey(("B",), 0.0, 4.0), Journey((), 9.0), Journey(("C", "A"), 0.0, 0.0),
])  # fmt: skip


def test_steps_are_counted_once_per_journey() -> None:
    steps = steps_of(WALKED, 1)
    assert (steps.entered.tolist(), steps.converted.tolist(), steps.lost.tolist()) == ([3, 4], [2, 0], [1, 4])
    assert list(zip(steps.source.tolist(), steps.target.tolist(), steps.count.tolist(), strict=True)) == [(0, 1, 3), (1, 0, 3)]
    assert steps.leaving().tolist() == [6, 7]


def test_longer_memory_has_more_states() -> None:
    second, third = steps_of(WALKED, 2), steps_of(WALKED, 3)
    assert [WALKED.names[code] for code in second.channel] == ["A", "A", "B", "B", "B"]
    assert (second.size, third.size) == (5, 5)
    assert second.count.tolist() == third.count.tolist() == [3, 3, 3]


def test_no_journey_has_no_states() -> None:
    for order in (1, 2, 3):
        assert steps_of(Journeys(), order).size == 0
        assert steps_of(Journeys.of([Journey((), 3.0)]), order).leaving().tolist() == []


def test_numbers_of_states_fit() -> None:
    crowd = Journeys(names=["x"] * 3_000_000)
    assert steps_of(crowd, 2).size == 0
    with pytest.raises(BadInput, match="3000000 channels are too many for order 3"):
        steps_of(crowd, 3)
