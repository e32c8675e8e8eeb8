"""The sentences of the loop: what is registered, what is asked for, what is remembered; pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

METRIC_WORDS: Mapping[str, str] = {"trial_starts": "trial starts per person", "purchases": "purchases per person"}
# How sure the memory may be; with the tag `paywall` each of these is lasting knowledge (definitions §1.12).
CONFIDENCE: Mapping[str, float] = {
    "improved": 0.9, "regressed": 0.9, "neutral": 0.7, "rolled_back": 0.8, "inconclusive": 0.6, "unhealthy": 0.7, "shipped": 0.6,
    "rejected": 0.6, "expired": 0.5, "failed": 0.6,
}  # fmt: skip
_ENDED = {
    "rejected": "the owner said no to shipping it", "expired": "nobody answered the question in time, so nothing was shipped",
    "failed": "the coding harness could not ship it",
}  # fmt: skip
Row = Mapping[str, Any]


def title(row: Row) -> str:
    """The test in the book."""
    return " or ".join(row["arms"])


def hypothesis(row: Row) -> str:
    """What is claimed before anybody has counted."""
    others = " or ".join(name for name in row["arms"] if name != row["control"])
    return f"Showing paywall {others} instead of {row['control']} brings more {METRIC_WORDS[row['metric']]} who meets it."


def percent(share: float | None) -> str:
    """`+12.3 %`; a dash for unknown."""
    return "–" if share is None else f"{share:+.1%}".replace("%", " %")


def points(share: float) -> str:
    """A difference of shares as `+1.2`."""
    return f"{100 * share:+.2f}"


def interval_words(interval: tuple[float, float] | list[float] | None) -> str:
    """`95 % interval +0.10 to +2.30 points`."""
    return "no interval" if interval is None else f"95 % interval {points(interval[0])} to {points(interval[1])} points"


def ended_words(outcome: str, summary: str) -> str:
    """Why nothing was shipped."""
    said = summary.strip().rstrip(".")
    return f"{_ENDED[outcome]} ({said})" if said else _ENDED[outcome]


def facts(row: Row, decision: Row) -> dict[str, Any]:
    """The numbers of the decision as the task quotes them."""
    found: dict[str, Any] = {
        "test_days": decision["days"], "people": decision["users"], "p_value": decision["p_value"],
        "relative_effect_pct": None if decision["relative"] is None else round(100 * decision["relative"], 2),
        "effect_points": decision["absolute"], "effect_points_interval": decision["interval"],
    }  # fmt: skip
    return {name: value for name, value in found.items() if value is not None} | {
        "metric": METRIC_WORDS[row["metric"]], "winning_variant": decision["winner"], "control_variant": row["control"],
    }  # fmt: skip


def why_ship(row: Row, decision: Row) -> str:
    """The question to the owner."""
    cost = "" if decision["waiting_usd"] is None else f"; every week without it costs about ${decision['waiting_usd']}"
    return (
        f"Paywall {decision['winner']} beats {row['control']} on {row['product']}: {METRIC_WORDS[row['metric']]} "
        f"{percent(decision['relative'])} ({interval_words(decision['interval'])}) after {decision['days']} days and "
        f"{decision['users']} people{cost}. One in ten keeps {row['control']}, so that a week of measuring can tell"
    )


def test_words(row: Row, decision: Row | None) -> str:
    """What the test had said."""
    if decision is None:
        return ""
    verb = {"ship": "said ship", "roll_back": "said roll back"}.get(decision["verdict"], "showed no difference")
    return (
        f" The test ({row['since']} to {decision['on_date']}, {decision['users']} people) {verb}: "
        f"{percent(decision['relative'])}, {interval_words(decision['interval'])}."
    )


def why_keep(row: Row) -> str:
    """The question to the owner after a lost test."""
    return (
        f"The paywall test of {row['product']} is lost: {row['control']} did better than the rest."
        f"{test_words(row, row['decision']).rstrip('.')}. Superwall's dashboard cannot be told by us: the app shows "
        f"{row['control']} to everybody, and you may end the campaign's test"
    )


def counted_words(row: Row, users: int | None, until: date | None) -> str:
    """How much had been counted when a test was given up."""
    if users is None or until is None:
        return "Nobody was counted."
    return f"{users} people were counted from {row['since']} to {until}; no effect is claimed."


def measured_words(row: Row, until: date, users: tuple[int, int], effect: tuple[float | None, list[float] | None]) -> str:
    """What the week against the holdout showed, from its own days alone."""
    relative, interval = effect
    return (
        f"Measured {row['measure_since']} to {until} on {users[1]} people with {row['winner']} and {users[0]} held out with "
        f"{row['control']}: {METRIC_WORDS[row['metric']]} {percent(relative)}, {interval_words(interval)}."
    )


def statement(row: Row, check: str | None) -> str:
    """What is remembered of a test, whatever became of it."""
    other = row["winner"] or " / ".join(name for name in row["arms"] if name != row["control"])
    head = f"Paywall {other} instead of {row['control']} on {row['product']}: {row['outcome'].replace('_', ' ')}."
    rest = f" {row['outcome_words']}{test_words(row, row['decision'])}"
    return (head + rest + (f" {check}" if check else ""))[:2000]
