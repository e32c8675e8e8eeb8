"""The phase climbs on two days, falls on seven, ignores what it does not know, and never flaps."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import pytest

from revenue_machine.domains.funnel.models import DayCount, Phase, Steps
from revenue_machine.domains.funnel.rules import natural_phase, next_phase, rate, rates_of

START = date(2026, 11, 2)
STALE = -1
GAP = -2


def days(counts: Sequence[int]) -> list[DayCount]:
    """One snapshot a day; STALE repeats the last number without knowing it, GAP is a date without a snapshot."""
    found: list[DayCount] = []
    for place, count in enumerate(counts):
        day = START + timedelta(days=place)
        if count == STALE:
            found.append(DayCount(day, found[-1].paying_users if found else None, is_stale=True))
        elif count != GAP:
            found.append(DayCount(day, count))
    return found


@pytest.mark.parametrize(("people", "phase"), [(0, 1), (49, 1), (50, 2), (199, 2), (200, 3), (5000, 3)])
def test_thresholds_are_the_seeds(people: int, phase: Phase) -> None:
    assert natural_phase(people) == phase


@pytest.mark.parametrize(
    ("current", "counts", "phase"),
    [
        (1, [], 1),
        (1, [50], 1),
        (1, [49, 50], 1),
        (1, [50, 49], 1),
        (1, [50, 50], 2),
        (1, [60, 49, 60], 1),
        (1, [199, 200], 2),
        (1, [200, 200], 3),
        (2, [200, 199], 2),
        (2, [200, 200], 3),
        (2, [199, 199], 2),
        (3, [250, 250], 3),
        (1, [50, STALE], 1),
        (1, [50, STALE, 50], 1),
        (1, [STALE, STALE], 1),
        (1, [50, GAP, 50], 1),
        (1, [50, STALE, 50, 50], 2),
    ],
)
def test_phase_climbs_on_two_days(current: Phase, counts: list[int], phase: Phase) -> None:
    assert next_phase(current, days(counts)) == phase


@pytest.mark.parametrize(
    ("current", "counts", "phase"),
    [
        (2, [44] * 6, 2),
        (2, [44] * 7, 1),
        (2, [45] * 7, 2),
        (2, [44] * 6 + [45], 2),
        (2, [45] + [44] * 7, 1),
        (2, [49] * 30, 2),
        (2, [44] * 6 + [STALE], 2),
        (2, [44] * 3 + [STALE] + [44] * 3, 2),
        (2, [44] * 3 + [STALE] + [44] * 4, 1),
        (3, [189] * 6, 3),
        (3, [189] * 7, 2),
        (3, [190] * 7, 3),
        (3, [44] * 7, 1),
        (3, [60, 44, 44, 44, 44, 44, 44], 2),
        (1, [0] * 30, 1),
    ],
)
def test_phase_falls_after_seven_days(current: Phase, counts: list[int], phase: Phase) -> None:
    assert next_phase(current, days(counts)) == phase


def crossings(counts: Sequence[int]) -> list[tuple[int, Phase]]:
    """(day, new phase) of every crossing when the days pass one by one."""
    phase: Phase = 1
    found = []
    history = days(counts)
    for place in range(len(history)):
        after = next_phase(phase, history[: place + 1])
        if after != phase:
            found.append((place, after))
            phase = after
    return found


def test_flapping_count_crosses_once() -> None:
    assert crossings([48, 50, 51, 49, 50, 48, 51, 47, 50, 46, 52] * 3) == [(2, 2)]


def test_outage_crosses_nothing() -> None:
    assert crossings([40, *[STALE] * 20, 50, STALE, 50, 50]) == [(24, 2)]


def test_growth_and_decline_cross_twice_each() -> None:
    up_and_down = [50, 50, 200, 200, *[189] * 7, *[44] * 7]
    assert crossings(up_and_down) == [(1, 2), (3, 3), (10, 2), (17, 1)]


def test_unknown_count_changes_nothing() -> None:
    history = [*days([44] * 7), DayCount(START + timedelta(days=7), None)]
    assert next_phase(2, history) == 2


def test_rates_are_none_of_nothing() -> None:
    assert rate(0, 0) is None
    assert rates_of(Steps(impressions=0, clicks=3, signups=0, trials=1, purchases=0)) == {
        "impression_to_click": None, "click_to_signup": 0.0, "signup_to_trial": None,
    }  # fmt: skip
    assert rates_of(Steps(impressions=200, clicks=8, signups=2, trials=1, purchases=0)) == {
        "impression_to_click": 0.04, "click_to_signup": 0.25, "signup_to_trial": 0.5,
    }  # fmt: skip
