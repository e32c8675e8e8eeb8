"""How much engagement a post had, where that stands among its platform's posts, and what it teaches its hour; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

AGES_HOURS = (1, 4, 24)
JUDGED_AT_HOURS = 24
TRIES = 3
TRY_AGAIN_AFTER = timedelta(hours=1)
# Definitions §1.7: classes by percentile of the platform's own last 500 posts; below 20 of them nobody is judged.
HISTORY = 500
LEAST_HISTORY = 20
CLASSES = ((0.95, "viral"), (0.80, "strong"), (0.50, "average"), (0.20, "weak"))
LOWEST_CLASS = "flop"
WINNERS = ("viral", "strong")


@dataclass(frozen=True)
class Counts:
    """Public numbers of a post at one look; None is hidden, never zero."""

    views: int | None
    likes: int | None
    comments: int | None
    shares: int | None
    saves: int | None


@dataclass(frozen=True)
class Verdict:
    """Where a post stands: score 0..10 and class are None while the platform has too little history; reward is 0 or 1."""

    engagement_score: float | None
    classification: str | None
    reward: int


def due_times(published_at: datetime) -> dict[int, datetime]:
    """When each look is due, by age in hours."""
    return {hours: published_at + timedelta(hours=hours) for hours in AGES_HOURS}


def engagement(counts: Counts) -> float | None:
    """Definitions §1.7: likes + 2 shares + 1.5 comments + 2 saves; None when the platform shows none of them."""
    known = (counts.likes, counts.shares, counts.comments, counts.saves)
    if all(one is None for one in known):
        return None
    return sum(weight * (one or 0) for weight, one in zip((1.0, 2.0, 1.5, 2.0), known, strict=True))


def percentile(value: float, history: Sequence[float]) -> float | None:
    """The share 0..1 of earlier posts below a value (equal ones count half); None below 20 of them."""
    if len(history) < LEAST_HISTORY:
        return None
    below = sum(one < value for one in history)
    equal = sum(one == value for one in history)
    return (below + equal / 2) / len(history)


def classification(share: float) -> str:
    """Viral from the 95th percentile on, strong 80th, average 50th, weak 20th, else flop."""
    return next((name for least, name in CLASSES if share >= least), LOWEST_CLASS)


def judge(value: float, history: Sequence[float]) -> Verdict:
    """A post against the posts its platform measured before it; the first one only has to be seen at all."""
    share = percentile(value, history)
    average = sum(history) / len(history) if history else 0.0
    reward = int(value > average)
    if share is None:
        return Verdict(None, None, reward)
    return Verdict(10 * share, classification(share), reward)


def age_minutes(published_at: datetime, at: datetime) -> int:
    """How old a post really was at a look."""
    return int((at - published_at).total_seconds() // 60)
