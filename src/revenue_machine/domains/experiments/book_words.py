"""Pure: an experiment in the words of the report: what, since when, how it stands, what happens next, what waiting costs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from revenue_machine.domains.experiments.asked import WEEK_DAYS
from revenue_machine.domains.experiments.book_rules import GRACE, is_stale
from revenue_machine.domains.experiments.verdict import FEWEST_CONVERSIONS, FEWEST_USERS
from revenue_machine.kit.money import MICRO

KIND_WORDS = {"paywall": "paywall", "product": "product", "aso": "App Store", "own": "your own"}
_OUTCOMES = {
    "shipped": "shipped", "improved": "shipped, and the measure bears it out", "neutral": "no difference in the measure",
    "regressed": "worse in the measure", "rolled_back": "rolled back", "inconclusive": "inconclusive",
    "unhealthy": "unhealthy, counts not to be trusted", "failed": "the change could not be made", "rejected": "you said no",
    "expired": "no answer from you in time",
}  # fmt: skip
_MEASURED = {
    "ship": "better than the held-out", "roll_back": "worse than the held-out", "unhealthy": "counts not to be trusted",
    "keep_going": "shipped, no difference shown yet", "inconclusive": "shipped, no difference shown",
}  # fmt: skip
_UNCOUNTED = {
    "open": "no counts yet", "decided": "no counts yet", "applying": "not measured yet", "measuring": "shipped, not measured yet",
    "closed": "not measured",
}  # fmt: skip
_BROKEN = "nothing is changed by itself while the split is broken"
TOO_EARLY = "too early to say"


def day_words(day: date) -> str:
    """`9 Nov`."""
    return f"{day.day} {day:%b}"


def named(row: Mapping[str, Any]) -> str:
    """`Annual plan first (paywall, everreach_pro)`."""
    return f"{row['title']} ({KIND_WORDS[row['kind']]}, {row['subject']})"


def points(share: float) -> str:
    """A difference of two shares in points of a hundred: `+1.3`."""
    return f"{100 * share:+.2f}" if 0 < abs(share) < 0.001 else f"{100 * share:+.1f}"


def effect_words(found: Mapping[str, Any]) -> str:
    """`+1.3 points (+0.2 to +2.4)`; nothing where it is unknown."""
    effect, low, high = found["effect_absolute"], found["interval_low"], found["interval_high"]
    if effect is None:
        return ""
    sure = "" if low is None or high is None else f" ({points(low)} to {points(high)})"
    return f"{points(effect)} points{sure}"


def compared(row: Mapping[str, Any], look: Mapping[str, Any]) -> str:
    """`B 8.0 % against 5.0 %, +3.0 points (+0.2 to +5.8)`; the bare counts while they are too few to compare."""
    counts = {one["name"]: (one["conversions"], one["users"]) for one in look["counts"]}
    (hits, users), (base_hits, base_users) = counts[look["arm"]], counts[row["control"]]
    if min(users, base_users) < FEWEST_USERS or min(hits, base_hits) < FEWEST_CONVERSIONS:
        return f"too few to compare, {look['arm']} {hits:,} of {users:,}, {row['control']} {base_hits:,} of {base_users:,}"
    rates = f"{look['arm']} {100 * hits / users:.1f} % against {100 * base_hits / base_users:.1f} %"
    return f"{rates}, {effect_words(look)}"


def verdict_words(row: Mapping[str, Any], look: Mapping[str, Any] | None) -> str:
    """How an experiment stands by its newest look of the phase it is in."""
    if look is None:
        return _UNCOUNTED[row["status"]]
    effect, verdict = compared(row, look), look["verdict"]
    if look["phase"] == "measure":
        return _joined(_MEASURED[verdict], effect)
    if verdict == "unhealthy":
        return f"unhealthy: {look['reason'].removeprefix('Unhealthy: ').rstrip('.')}"
    if verdict == "ship":
        return _joined(f"ship {look['winner']}", effect)
    if verdict == "roll_back":
        return _joined(f"roll back to {row['control']}", effect)
    head = f"keep going, day {look['days']} of {row['planned_days']}" if verdict == "keep_going" else "inconclusive"
    return _joined(head, effect)


def _joined(head: str, effect: str) -> str:
    return f"{head}: {effect}" if effect else head


def next_words(row: Mapping[str, Any], look: Mapping[str, Any], ends_on: date, today: date) -> str:
    """What happens next by this look alone, whatever the loop is doing about it."""
    verdict, days = look["verdict"], look["days_left"]
    if look["phase"] == "measure":
        return _next_of_measure(look, today)
    if verdict != "keep_going":
        return {
            "unhealthy": _BROKEN, "roll_back": f"{row['control']} is kept",
            "ship": f"{look['winner']} is yours to ship" if row["kind"] == "own" else "the change is put before you",
            "inconclusive": f"{row['control']} is kept; closes by {day_words(ends_on + GRACE)}",
        }[verdict]  # fmt: skip
    if look["days"] < row["minimum_days"]:
        return f"no decision before {day_words(today + timedelta(days=days or 0))}"
    soon = today + timedelta(days=days or 0)
    likely = f"about {day_words(soon)} if this lasts, " if days and soon < ends_on else ""
    return f"decided {likely}by {day_words(ends_on)} at the latest"


def _next_of_measure(look: Mapping[str, Any], today: date) -> str:
    if look["verdict"] == "unhealthy":
        return _BROKEN
    if look["days_left"]:
        return f"judged on {day_words(today + timedelta(days=look['days_left']))}"
    return "put back as it was" if look["verdict"] == "roll_back" else "looked at again in a week while the holdout is kept"


def next_of(row: Mapping[str, Any], look: Mapping[str, Any] | None, shipped_on: date | None) -> str:
    """What happens next as it stands now: the loop's own words first."""
    if row["next_words"]:
        return str(row["next_words"])
    if row["status"] == "applying":
        return "the change is being made" if row["verdict"] else "the arms are being built"
    if look is not None:
        return str(look["next_words"])
    if row["status"] == "closed":
        return "nothing"
    return "the first counts" if shipped_on is None else f"judged on {day_words(shipped_on + timedelta(days=WEEK_DAYS))}"


def waiting_words(row: Mapping[str, Any], look: Mapping[str, Any] | None) -> str:
    """`waiting costs about $41 a week`; too early before there are counts enough to say."""
    if look is None or look["waiting_micro_usd"] is None:
        return f"waiting: {TOO_EARLY} what it costs"
    what = "the holdout costs" if look["phase"] == "measure" else "waiting costs"
    return f"{what} {about(look['waiting_micro_usd'])} a week"


def about(micro_usd: int) -> str:
    """An expectation in whole dollars: cents would pretend."""
    if 0 < micro_usd < MICRO:
        return "less than $1"
    return f"about ${round(micro_usd / MICRO):,}" if micro_usd else "nothing"


def line(
    row: Mapping[str, Any], look: Mapping[str, Any] | None, started_on: date, today: date, shipped_on: date | None = None
) -> str:
    """One open experiment in one line."""
    parts = [f"{named(row)} since {day_words(started_on)}: {verdict_words(row, look)}"]
    silent = is_stale(row, None if look is None else look["on_date"], shipped_on or started_on, today)
    if silent is not None:
        parts.append(f"no counts for {silent} days")
    return "; ".join([*parts, f"next: {next_of(row, look, shipped_on)}", waiting_words(row, look)])


def closed_line(row: Mapping[str, Any]) -> str:
    """One experiment that ended today."""
    return f"closed today: {named(row)}: {_joined(_OUTCOMES[row['outcome']], effect_words(row))}; {row['outcome_words']}"
