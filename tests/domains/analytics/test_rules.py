"""Kept shares, their order, and the biggest drop-off."""

from __future__ import annotations

from datetime import UTC, date, datetime

from revenue_machine.domains.analytics.models import FunnelRow
from revenue_machine.domains.analytics.rules import (
    biggest_drop_off,
    coverage_of,
    funnel_rows,
    kept_shares,
    mature_counts,
    needs_more,
    period_of,
    periods,
    share,
)

STEPS = ("pageview", "signup", "purchase")


def test_share_of_nobody_is_none() -> None:
    assert share(0, 0) is None
    assert share(1, 4) == 0.25


def test_rows_keep_shares_of_the_step_before() -> None:
    rows = funnel_rows(STEPS, {None: [200, 50, 5]})
    assert [(row.step, row.people, row.kept, row.kept_from_start) for row in rows] == [
        ("pageview", 200, None, 1.0), ("signup", 50, 0.25, 0.25), ("purchase", 5, 0.1, 0.025),
    ]  # fmt: skip


def test_best_breakdown_comes_first() -> None:
    rows = funnel_rows(STEPS, {"x": [100, 10, 1], "b": [50, 20, 3], "no value": [90, 80, 70], "a": [9, 9, 1]})
    assert [row.breakdown for row in rows if row.step == "pageview"] == ["b", "a", "x", "no value"]


def test_biggest_drop_off_is_named() -> None:
    worst = biggest_drop_off(funnel_rows(STEPS, {None: [200, 50, 5]}))
    assert worst is not None
    assert (worst.from_step, worst.to_step, worst.lost) == ("signup", "purchase", 0.9)


def test_empty_funnel_has_no_drop_off() -> None:
    assert biggest_drop_off(funnel_rows(STEPS, {None: [0, 0, 0]})) is None
    assert biggest_drop_off(list[FunnelRow]()) is None


def test_equal_losses_name_the_earlier() -> None:
    worst = biggest_drop_off(funnel_rows(STEPS, {None: [8, 4, 2]}))
    assert worst is not None
    assert worst.to_step == "signup"


def test_cohort_shares_start_at_one() -> None:
    assert kept_shares([4, 2, 0]) == [1.0, 0.5, 0.0]
    assert kept_shares([0, 0]) == [None, None]
    assert kept_shares([]) == []


def test_narrow_interval_needs_nobody() -> None:
    assert needs_more(500, 1000) == 0
    assert needs_more(0, 10) == 354
    assert needs_more(50, 400) == 0
    assert needs_more(5, 40) == 208


def test_drop_off_is_priced_by_those_who_stayed() -> None:
    worst = biggest_drop_off(funnel_rows(STEPS, {None: [200, 50, 5]}), 100_000_000)
    assert worst is not None
    assert (worst.people_lost, worst.value_at_stake_micro_usd) == (45, 900_000_000)


def test_coverage_below_four_fifths_is_told() -> None:
    assert coverage_of("plan", {"pro": 80, "no value": 20}).note is None
    assert coverage_of("plan", {"pro": 79, "no value": 21}).note is not None
    assert coverage_of("plan", {}).share is None


def test_unfinished_intervals_stay_open() -> None:
    start, counts = date(2026, 1, 31), [5, 4, 3]
    assert mature_counts(start, counts, "day", datetime(2026, 2, 2, tzinfo=UTC)) == [5, 4, None]
    assert mature_counts(start, counts, "day", datetime(2026, 2, 1, 23, 59, tzinfo=UTC)) == [5, None, None]
    assert mature_counts(start, counts, "day", datetime(2026, 2, 3, tzinfo=UTC)) == [5, 4, 3]


def test_weeks_begin_on_sunday() -> None:
    assert period_of(date(2026, 11, 22), "week") == date(2026, 11, 22)
    assert period_of(date(2026, 11, 21), "week") == date(2026, 11, 15)
    assert periods(date(2025, 12, 31), date(2026, 2, 1), "month") == [date(2025, 12, 1), date(2026, 1, 1), date(2026, 2, 1)]
