"""Kept shares, their order, and the biggest drop-off."""

from __future__ import annotations

from revenue_machine.domains.analytics.models import FunnelRow
from revenue_machine.domains.analytics.rules import biggest_drop_off, funnel_rows, kept_shares, share

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
    rows = funnel_rows(STEPS, {"x": [100, 10, 1], None: [50, 20, 3], "a": [9, 9, 1]})
    assert [row.breakdown for row in rows if row.step == "pageview"] == [None, "a", "x"]


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
