"""What a failure or a late start stops, and what goes on regardless; pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from revenue_machine.domains.routine.models import Kind, Status

# With the house down nothing new is made or published; money is still counted and the day remembered.
STOPPED_BY_HOUSE = frozenset({Kind.RESEARCH, Kind.GENERATION})
MORNING_STEPS_STOPPED = range(4, 9)
# A block that starts too late makes nothing new and bothers nobody; the books and the diary are caught up.
STOPPED_BY_LATENESS = frozenset({Kind.RESEARCH, Kind.GENERATION, Kind.OUTREACH})
# These go on under the soft stop of the budget (definitions §2.2): money, memory, feedback, reports.
CRITICAL = frozenset({Kind.HOUSE, Kind.REVENUE, Kind.MEMORY, Kind.FEEDBACK, Kind.REPORT})
# Asking again at once cannot help here: a person, a date or a later issue has to come first.
FINAL_CODES = frozenset(
    {"not_configured", "approval_required", "budget_exhausted", "stopped", "suppressed", "cap_reached", "bad_input", "not_found", "outcome_unknown"}
)


def reason_to_skip(kind: Kind, step: int, *, is_house_down: bool, is_late: bool) -> str | None:
    """Why a call does not run today; None when it does."""
    if is_house_down and (kind in STOPPED_BY_HOUSE or step in MORNING_STEPS_STOPPED):
        return "the heartbeat failed this morning"
    if is_late and kind in STOPPED_BY_LATENESS:
        return "its time has passed"
    return None


def is_critical(kind: Kind) -> bool:
    """Whether the soft stop of the AI budget lets this through."""
    return kind in CRITICAL


def is_worth_a_retry(code: str) -> bool:
    """Whether a second attempt may end otherwise."""
    return code not in FINAL_CODES


def status_of(outcome: Mapping[str, Any], attempts: int) -> Status:
    """The word for how a call ended."""
    if outcome["ok"]:
        return Status.OK if attempts == 1 else Status.RETRIED
    words = {
        "skipped": Status.SKIPPED,
        "not_configured": Status.NOT_CONFIGURED,
        "approval_required": Status.AWAITING_APPROVAL,
        "outcome_unknown": Status.UNKNOWN,
        "budget_exhausted": Status.SKIPPED,
        "stopped": Status.SKIPPED,
    }
    return words.get(outcome["code"], Status.FAILED)


def needs_alert(kind: Kind, status: Status) -> bool:
    """Whether somebody should hear of it now and not only in the evening."""
    return status is Status.UNKNOWN or (status is Status.FAILED and kind in (Kind.HOUSE, Kind.REVENUE, Kind.PUBLISHING, Kind.REPORT))
