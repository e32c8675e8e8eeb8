"""What a failure or a late start stops, and what goes on regardless; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from revenue_machine.domains.routine.models import Kind, Standing, Status

# With the house down nothing new is made or published; money is still counted and the day remembered.
STOPPED_BY_HOUSE = frozenset({Kind.RESEARCH, Kind.GENERATION})
MORNING_STEPS_STOPPED = range(4, 9)
# A block that starts too late makes nothing new and bothers nobody; the books and the diary are caught up.
STOPPED_BY_LATENESS = frozenset({Kind.RESEARCH, Kind.GENERATION, Kind.OUTREACH})
# These go on under the soft stop of the budget (definitions §2.2): money, memory, feedback, reports.
CRITICAL = frozenset({Kind.HOUSE, Kind.REVENUE, Kind.MEMORY, Kind.FEEDBACK, Kind.REPORT})
# Asking again at once cannot help here: a person, a date or a later issue has to come first.
FINAL_CODES = frozenset(
    {
        "not_configured",
        "approval_required",
        "budget_exhausted",
        "stopped",
        "suppressed",
        "cap_reached",
        "bad_input",
        "not_found",
        "outcome_unknown",
    }
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
    return status is Status.UNKNOWN or (
        status is Status.FAILED and kind in (Kind.HOUSE, Kind.REVENUE, Kind.PUBLISHING, Kind.REPORT)
    )


def day_shown(local: datetime, first_block: time) -> date:
    """The date a person means by today: before the first block it is still the one whose night is not over."""
    return local.date() - timedelta(days=1) if local.time() < first_block else local.date()


def standing_of(statuses: Sequence[Status], expected: int, *, is_due: bool, is_block_begun: bool) -> Standing:
    """How a step stands, from the calls of it that ended so far; the worst of them names it."""
    if not statuses:
        return Standing.NEXT if is_block_begun else Standing.OVERDUE if is_due else Standing.TO_COME
    if len(statuses) < expected:
        return Standing.RUNNING
    for status, standing in _WORST_FIRST:
        if status in statuses:
            return standing
    left_out = [status for status in statuses if status in (Status.SKIPPED, Status.NOT_CONFIGURED)]
    if not left_out:
        return Standing.DONE
    if len(left_out) < len(statuses):
        return Standing.PARTLY
    return Standing.SKIPPED if Status.SKIPPED in left_out else Standing.NOT_SET_UP


_WORST_FIRST = ((Status.FAILED, Standing.FAILED), (Status.UNKNOWN, Standing.UNKNOWN), (Status.AWAITING_APPROVAL, Standing.WAITING))
