"""Events by user, and words by code."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from revenue_machine.engine.columns import (
    LONGEST_SPAN_MS,
    MOST_USERS,
    Events,
    Words,
    by_user,
    join,
    keys_of,
    of_users,
    portions,
    spans,
    times_of,
    users_of,
)
from revenue_machine.kit.errors import BadInput

some_rows = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 9)), max_size=30)


def events(rows: list[tuple[int, int]], number: int = 0) -> Events:
    """Rows numbered in the order they came."""
    users, times = np.array(rows, np.int64).reshape(-1, 2).T
    return by_user(users, times, {"number": np.arange(number, number + len(rows))}, 0)


def rows_of(found: Events) -> list[tuple[int, int, int]]:
    columns = (users_of(found.keys), times_of(found.keys, 0), found.columns["number"])
    return list(zip(*(column.tolist() for column in columns), strict=True))


@given(some_rows, st.booleans())
def test_order_is_by_user_time_and_arrival(rows: list[tuple[int, int]], is_in_time: bool) -> None:
    came = sorted(rows, key=lambda row: row[1]) if is_in_time else rows
    assert rows_of(events(came)) == sorted((user, time, number) for number, (user, time) in enumerate(came))


@given(some_rows, some_rows)
def test_joined_equals_all_at_once(before: list[tuple[int, int]], after: list[tuple[int, int]]) -> None:
    assert rows_of(join(events(before), events(after, len(before)))) == rows_of(events(before + after))


@given(some_rows, st.sets(st.integers(0, 4)))
def test_some_users_events_are_theirs(rows: list[tuple[int, int]], users: set[int]) -> None:
    found = of_users(events(rows), np.array(sorted(users), np.int64))
    assert rows_of(found) == [row for row in rows_of(events(rows)) if row[0] in users]


@given(some_rows, st.integers(1, 7))
def test_portions_part_no_user(rows: list[tuple[int, int]], size: int) -> None:
    whole = events(rows)
    parts = [set(users_of(whole.keys[one]).tolist()) for one in portions(whole, size)]
    assert sum(map(len, parts)) == len({user for user, _ in rows})


def test_spans_one_after_the_other() -> None:
    assert spans(np.array([5, 9, 2]), np.array([7, 9, 5])).tolist() == [5, 6, 2, 3, 4]


@pytest.mark.parametrize(
    ("user", "time", "field"),
    [(-1, 0, "users"), (MOST_USERS, 0, "users"), (0, -1, "times"), (0, LONGEST_SPAN_MS, "times")],
)
def test_keys_refuse_what_does_not_fit(user: int, time: int, field: str) -> None:
    with pytest.raises(BadInput) as refusal:
        keys_of(np.array([user]), np.array([time]), 0)
    assert refusal.value.field == field


def test_largest_key_still_fits() -> None:
    found = keys_of(np.array([MOST_USERS - 1]), np.array([LONGEST_SPAN_MS - 1]), 0)
    assert (int(users_of(found)[0]), int(times_of(found, 0)[0])) == (MOST_USERS - 1, LONGEST_SPAN_MS - 1)


@settings(max_examples=200)
@given(st.lists(st.lists(st.text("ab\xe9", max_size=3), max_size=5), max_size=4), st.lists(st.booleans(), min_size=4, max_size=4))
def test_codes_never_change(learned: list[list[str]], settles: list[bool]) -> None:
    words, expected = Words.of([]), dict[str, int]()
    for texts, settle in zip(learned, settles, strict=False):
        fresh = words.learn(texts)
        assert fresh == [text for text in dict.fromkeys(texts) if text not in expected]
        expected |= {text: len(expected) + place for place, text in enumerate(fresh)}
        words = words.settled() if settle else words
        asked = [*expected, "unheard"]
        assert words.codes(asked).tolist() == [*expected.values(), -1]
        assert words.texts() == list(expected)


@pytest.mark.parametrize("text", ["x" * 1025, "a\0"])
def test_word_too_long_or_with_zero_byte_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        Words.of([]).learn([text])
