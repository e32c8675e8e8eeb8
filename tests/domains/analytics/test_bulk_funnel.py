"""The ordered funnel over columns, against every chain tried one by one and against PostHog's ties and repeats."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from revenue_machine.domains.analytics import bulk_funnel
from revenue_machine.domains.analytics.bulk_funnel import StepEvents, funnel_over_keys, ordered_funnel
from revenue_machine.kit.errors import BadInput

Event = tuple[int, int]


def step(*events: Event) -> StepEvents:
    return StepEvents(np.array([user for user, _ in events], np.int64), np.array([time for _, time in events], np.int64))


def totals(*steps: StepEvents, window: int) -> list[int]:
    return [int(count) for count in ordered_funnel(steps, window)[:, 0]]


def every_chain(steps: list[list[Event]], window: int) -> list[int]:
    """Persons per step by trying all chains of events in order, each event of its own."""
    return [
        len({
            chain[0][0]
            for chain in product(*steps[:length])
            if len({user for user, _ in chain}) == 1
            and all(before[1] <= after[1] for before, after in pairwise(chain))
            and chain[-1][1] - chain[0][1] <= window
        })
        for length in range(1, len(steps) + 1)
    ]  # fmt: skip


some_events = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 12)), max_size=6)


@settings(max_examples=300, deadline=None)
@given(st.lists(some_events, min_size=1, max_size=4), st.integers(0, 12))
def test_equals_every_chain_tried(steps: list[list[Event]], window: int) -> None:
    assert totals(*[step(*events) for events in steps], window=window) == every_chain(steps, window)


@settings(max_examples=200, deadline=None)
@given(st.sets(st.tuples(st.integers(0, 3), st.integers(0, 12)), max_size=10), st.integers(0, 12))
def test_repeated_step_takes_distinct_events(seen: set[Event], window: int) -> None:
    page = step(*seen)
    pairs = {user for user, time in seen for other, later in seen if other == user and 0 < later - time <= window}
    triples = {
        user
        for user, time in seen
        for other, middle in seen
        for third, later in seen
        if user == other == third and time < middle < later and later - time <= window
    }
    assert totals(page, page, page, window=window) == [len({user for user, _ in seen}), len(pairs), len(triples)]


def test_exactly_the_window_still_counts() -> None:
    assert totals(step((1, 0), (2, 0)), step((1, 14), (2, 15)), window=14) == [2, 1]


def test_later_start_saves_the_chain() -> None:
    assert totals(step((1, 0), (1, 10)), step((1, 11)), step((1, 20)), window=10) == [1, 1, 1]


def test_tie_counts_in_the_helpful_order() -> None:
    assert totals(step((1, 5)), step((1, 5)), step((1, 5)), window=0) == [1, 1, 1]


@pytest.mark.parametrize(
    ("pages", "buys", "expected"),
    [
        pytest.param([(1, 5)], [], [1, 0, 0], id="one page is one step"),
        pytest.param([(1, 5), (1, 5)], [(1, 5)], [1, 1, 1], id="two pages and a buy at once"),
        pytest.param([(1, 5)], [(1, 5)], [1, 1, 0], id="the only page is used up"),
        pytest.param([(1, 5), (1, 6)], [(1, 5)], [1, 1, 1], id="the next page ends it"),
        pytest.param([(1, 0), (1, 5)], [(1, 5)], [1, 1, 0], id="each step looks at the newest chain"),
        pytest.param([(1, 0), (1, 5)], [(1, 4)], [1, 1, 1], id="no tie, no doubt"),
    ],
)
def test_ties_of_a_repeated_step(pages: list[Event], buys: list[Event], expected: list[int]) -> None:
    page = step(*pages)
    assert totals(page, step(*buys), page, window=10) == expected


def test_two_equal_pages_at_once_are_two_steps() -> None:
    page = step((1, 5), (1, 5), (2, 5))
    assert totals(page, page, window=10) == [2, 1]


def test_event_numbers_name_shared_events() -> None:
    every = StepEvents(np.array([1, 2, 2]), np.array([5, 5, 6]), np.array([10, 11, 12]))
    some = StepEvents(np.array([1, 2]), np.array([5, 6]), np.array([10, 12]))
    assert totals(every, some, window=10) == [2, 1]


def test_breakdown_is_the_first_event_of_step_one() -> None:
    first = step((2, 9), (1, 3), (1, 1), (2, 4))
    counts = ordered_funnel([first, step((1, 5), (2, 10))], 7, np.array([0, 1, 2, 2]))
    assert counts.tolist() == [[0, 0, 2], [0, 0, 2]]
    assert ordered_funnel([first, step((1, 5))], 7, np.array([0, 1, 2, 0])).tolist() == [[1, 0, 1], [0, 0, 1]]


def test_strangers_to_step_one_do_not_count() -> None:
    assert totals(step((5, 1)), step((4, 2), (5, 2), (6, 2)), window=5) == [1, 1]


def test_nobody_at_all_gives_zeros() -> None:
    assert totals(step(), step((1, 1)), window=5) == [0, 0]
    assert ordered_funnel([step(), step()], 5, np.zeros(0, np.int64)).shape == (2, 0)


def test_portions_of_people_do_not_change_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = [(user, user % 5) for user in range(50)], [(user, user % 7) for user in range(0, 50, 2)]
    whole = totals(step(*first), step(*second), window=3)
    monkeypatch.setattr(bulk_funnel, "KEY_BITS", 6)
    assert totals(step(*first), step(*second), window=3) == whole == every_chain([first, second], 3)


def test_keys_give_the_same_counts() -> None:
    steps = [[(1, 0), (1, 6), (2, 3)], [(1, 7), (2, 20)], [(1, 9)]]
    keys = [np.array(sorted(user << 10 | time for user, time in events)) for events in steps]
    assert funnel_over_keys(keys, 10, 5).tolist() == [[2], [1], [1]]
    assert funnel_over_keys(keys, 10, 5, lambda first: np.array([1, 0, 0])[first], 2).tolist() == [[1, 1], [0, 1], [0, 1]]


@pytest.mark.parametrize(
    ("steps", "window", "codes", "field"),
    [
        pytest.param([], 5, None, "steps", id="no step"),
        pytest.param([step((1, 1))], -1, None, "window", id="negative window"),
        pytest.param([step((1, 1))], 5, np.array([0, 1]), "breakdown_codes", id="too many codes"),
        pytest.param([StepEvents(np.array([1]), np.array([1, 2]))], 5, None, "steps", id="uneven columns"),
        pytest.param([step((1, 0), (2, 2**62))], 5, None, "window", id="times too far apart"),
    ],
)
def test_refuses_what_is_no_funnel(steps: list[StepEvents], window: int, codes: np.ndarray | None, field: str) -> None:
    with pytest.raises(BadInput) as refusal:
        ordered_funnel(steps, window, codes)
    assert refusal.value.field == field
