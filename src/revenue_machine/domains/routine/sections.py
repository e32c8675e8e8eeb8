"""The day's steps, as the evening report shows them."""

from __future__ import annotations

from collections import Counter

import sqlalchemy as sa

from revenue_machine.domains.routine.models import CallRecord, Status
from revenue_machine.domains.routine.reads import calls_of
from revenue_machine.engine.briefing import Day, section


@section("The day's steps", 80)
def steps(day: Day, connection: sa.Connection) -> list[str]:
    """How many went well, what is not built, and every failure with its reason."""
    calls = calls_of(connection, day.date)
    if not calls:
        return []
    counts = Counter(one.status for one in calls)
    fine = counts[Status.OK] + counts[Status.RETRIED]
    lines = [
        f"{fine} of {len(calls)} calls so far went well"
        + (f", {counts[Status.RETRIED]} at the second try" if counts[Status.RETRIED] else "")
    ]
    missing = [one.topic for one in calls if one.status is Status.NOT_CONFIGURED]
    if missing:
        lines.append(f"not built or not set up: {', '.join(missing)}")
    lines += [
        _line(one) for one in calls if one.status in (Status.FAILED, Status.UNKNOWN, Status.SKIPPED, Status.AWAITING_APPROVAL)
    ]
    return lines


def _line(one: CallRecord) -> str:
    return f"step {one.step} {one.label}: {one.status.value.replace('_', ' ')}{': ' + one.reason if one.reason else ''}"
