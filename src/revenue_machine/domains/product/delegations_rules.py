"""Pure decisions about a delegation: which state may follow which, which model does it, how long, and how it is told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

# Seed §4.2: haiku writes tests, sonnet features, opus architecture.
MODELS: Mapping[str, str] = {"tests": "haiku", "features": "sonnet", "architecture": "opus"}
TRANSITIONS: Mapping[str, frozenset[str]] = {
    "awaiting_approval": frozenset({"approved", "rejected", "expired"}),
    # Edited while it was held back: the new words are asked about anew.
    "approved": frozenset({"starting", "awaiting_approval", "failed", "expired", "stopped"}),
    # Back to `approved` when surely nothing left the house: a gate or an unreachable harness holds it back for now.
    "starting": frozenset({"approved", "running", "failed", "timed_out", "stopped"}),
    "running": frozenset({"done", "failed", "timed_out", "stopped"}),
    "done": frozenset(),
    "failed": frozenset(),
    "timed_out": frozenset(),
    "rejected": frozenset(),
    "expired": frozenset(),
    "stopped": frozenset(),
}
ENDED = frozenset(status for status, after in TRANSITIONS.items() if not after)
AT_WORK = ("starting", "running")
POLL_EVERY = timedelta(seconds=60)
# Definitions §1.16: two hours, and half an hour for the machine's repair of itself.
MOST_TIME = timedelta(hours=2)
MOST_TIME_OF: Mapping[str, timedelta] = {"self_heal": timedelta(minutes=30)}
STARTS_A_DAY = 24
SELF_PROJECT = "revenue_machine"
TRIES = 3
# What an end is called towards the loops: to them a run that was stopped is one that failed.
OUTCOMES: Mapping[str, str] = {"stopped": "failed"}
_TITLES: Mapping[str, str] = {
    "apply_paywall": "Ship the winning paywall of {project}",
    "fix_step": "Try a fix of one step of {project}",
    "roll_out": "Roll out a proven change of {project}",
    "revert": "Take a change of {project} back",
    "self_heal": "Repair the machine's own failed checks",
    "change_listing": "Change the store listing of {project}",
    "deploy": "Deploy {project} to production",
    "free": "Work on {project}",
}


def may_follow(before: str, after: str) -> bool:
    """Whether the transition table lets a delegation go from one state to another."""
    return after in TRANSITIONS[before]


def model_for(task_type: str) -> str:
    """`haiku`, `sonnet` or `opus`."""
    return MODELS[task_type]


def call_key(delegation_id: str) -> str:
    """The business key under which a delegation is asked about: one question at a time, ever."""
    return f"delegation/{delegation_id}"


def title_of(kind: str, project_name: str) -> str:
    """What the person reads first; words of ours and the product's own name."""
    return _TITLES[kind].format(project=project_name)


def deadline(kind: str, started_at: datetime) -> datetime:
    """When a run that is still at work is stopped."""
    return started_at + MOST_TIME_OF.get(kind, MOST_TIME)


def most_words(kind: str) -> str:
    """`2 hours`, `30 minutes`."""
    minutes = int(MOST_TIME_OF.get(kind, MOST_TIME).total_seconds()) // 60
    return f"{minutes // 60} hours" if minutes >= 120 else f"{minutes} minutes"


def merged(base: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """`change` laid into `base` key by key; None takes a key away."""
    found = dict(base)
    for key, value in change.items():
        if value is None:
            found.pop(key, None)
        elif isinstance(value, Mapping):
            inner = found.get(key)
            found[key] = merged(inner if isinstance(inner, Mapping) else {}, value)
        else:
            found[key] = value
    return found


def restoring(change: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """The change that undoes `change` where `before` stood: each of its values as it was, None for what was not there."""
    found: dict[str, Any] = {}
    for key, value in change.items():
        earlier = before.get(key)
        if isinstance(value, Mapping) and isinstance(earlier, Mapping):
            found[key] = restoring(value, earlier)
        elif isinstance(value, Mapping) and earlier is None and key in _GROUPS:
            found[key] = dict.fromkeys(value)
        else:
            found[key] = earlier
    return found


# Parts of product.json that stay when everything in them goes.
_GROUPS = frozenset({"paywall", "features", "listing", "checks"})


def stands_for(change: Mapping[str, Any], state: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a state that a change would touch: what a later revert puts back."""
    return restoring(change, state)


def minutes_between(start: datetime | None, end: datetime) -> int:
    """Whole minutes of work; 0 when it never started."""
    return 0 if start is None else int((end - start).total_seconds()) // 60


def ended_words(status: str, row: Mapping[str, Any], now: datetime) -> str:
    """How it ended, in words and numbers of ours only: safe to put into an event, a report, an alert."""
    minutes = minutes_between(row["started_at"], now)
    words = {
        "done": f"done in {minutes} min{_work_words(row.get('stats') or {})}",
        "failed": f"failed after {minutes} min" if row["started_at"] else "failed before it started",
        "timed_out": f"stopped after {most_words(row['kind'])} without an end",
        "stopped": f"stopped after {minutes} min",
        "rejected": "a person said no",
        "expired": "nobody said yes in time",
    }
    return words[status]


def report_line(row: Mapping[str, Any], zone: ZoneInfo) -> str:
    """One delegation in one line: what, how it stands, since when; words and numbers of ours only."""
    if row["status"] in ENDED:
        return f"{row['title']}: {ended_words(row['status'], row, row['ended_at'])}"
    asked, began = (row[name].astimezone(zone) if row[name] else None for name in ("created_at", "started_at"))
    words = {
        "awaiting_approval": f"waits for your yes, asked {asked:%d %b %H:%M}",
        "approved": f"approved, waits to start, asked {asked:%d %b %H:%M}",
        "starting": "is being started",
        "running": "at work" + (f" since {began:%d %b %H:%M}" if began else ""),
    }
    return f"{row['title']}: {words[row['status']]}"


def held_words(row: Mapping[str, Any]) -> str:
    """Why a yes led to nothing, with what held it back where that is known."""
    return f"approved, but it could not start in time; {row['reason'] or ''}".rstrip("; ")


def _work_words(stats: Mapping[str, Any]) -> str:
    """`, 3 files changed` from whole numbers of the harness's own count."""
    count = stats.get("files_changed")
    if not isinstance(count, int) or isinstance(count, bool):
        return ""
    return f", {count} file{'' if count == 1 else 's'} changed"
