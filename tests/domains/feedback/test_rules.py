"""Engagement, percentiles, classes and rewards on written-out numbers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from revenue_machine.domains.feedback import rules
from revenue_machine.domains.feedback.rules import Counts, Verdict

START = datetime(2026, 11, 2, 6, tzinfo=UTC)
TWENTY = [float(number) for number in range(1, 21)]


@pytest.mark.parametrize(
    ("counts", "value"),
    [
        (Counts(1000, 10, 4, 3, 2), 10 + 2 * 3 + 1.5 * 4 + 2 * 2),
        (Counts(None, 10, None, None, None), 10.0),
        (Counts(1000, 0, 0, 0, 0), 0.0),
        (Counts(1000, None, None, None, None), None),
    ],
)
def test_engagement_weighs_reactions(counts: Counts, value: float | None) -> None:
    assert rules.engagement(counts) == value


@pytest.mark.parametrize(("value", "share"), [(0.0, 0.0), (1.0, 0.025), (10.5, 0.5), (20.0, 0.975), (21.0, 1.0), (16.5, 0.8)])
def test_percentile_among_twenty(value: float, share: float) -> None:
    assert rules.percentile(value, TWENTY) == share


def test_nineteen_posts_judge_nobody() -> None:
    assert rules.percentile(99.0, TWENTY[:19]) is None


def test_equal_posts_stand_in_the_middle() -> None:
    assert rules.percentile(5.0, [5.0] * 30) == 0.5


@pytest.mark.parametrize(
    ("share", "name"),
    [
        (1.0, "viral"), (0.95, "viral"), (0.9499, "strong"), (0.80, "strong"), (0.7999, "average"), (0.50, "average"),
        (0.4999, "weak"), (0.20, "weak"), (0.1999, "flop"), (0.0, "flop"),
    ],
)  # fmt: skip
def test_classes_have_their_borders(share: float, name: str) -> None:
    assert rules.classification(share) == name


@pytest.mark.parametrize(
    ("value", "history", "verdict"),
    [
        (20.5, TWENTY, Verdict(10.0, "viral", 1)),
        (16.5, TWENTY, Verdict(8.0, "strong", 1)),
        (10.5, TWENTY, Verdict(5.0, "average", 0)),
        (10.6, TWENTY, Verdict(5.0, "average", 1)),
        (0.5, TWENTY, Verdict(0.0, "flop", 0)),
        (7.0, [6.0, 7.0], Verdict(None, None, 1)),
        (6.5, [6.0, 7.0], Verdict(None, None, 0)),
        (3.0, [], Verdict(None, None, 1)),
        (0.0, [], Verdict(None, None, 0)),
    ],
)
def test_verdict_is_relative(value: float, history: list[float], verdict: Verdict) -> None:
    assert rules.judge(value, history) == verdict


def test_three_looks_are_due() -> None:
    times = rules.due_times(START)
    assert times == {1: START + timedelta(hours=1), 4: START + timedelta(hours=4), 24: START + timedelta(hours=24)}


def test_age_is_in_whole_minutes() -> None:
    assert rules.age_minutes(START, START + timedelta(hours=5, minutes=30, seconds=59)) == 330
