"""The day at Upwork, as the evening report shows it."""

from __future__ import annotations

import sqlalchemy as sa

from revenue_machine.domains.upwork.reads import counts_by_status, day_of
from revenue_machine.engine.briefing import Day, section
from revenue_machine.kit.money import show


@section("Upwork", 62)
def upwork(day: Day, connection: sa.Connection) -> list[str]:
    """Jobs seen, proposals of the day, and how all proposals stand."""
    counts = counts_by_status(connection)
    if not counts:
        return []
    today = day_of(connection, day.start, day.end)
    sent = f"{today.submitted} sent for {show(today.connects_micro_usd)} of connects"
    lines = [f"{today.seen} new jobs, {today.drafted} proposals drafted, {sent}"]
    standing = [
        (name, counts.get(name, 0)) for name in ("drafted", "approved", "submitted", "interviewing", "won", "lost", "no_response")
    ]
    shown = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in standing if count)
    return [*lines, f"all proposals: {shown}"] if shown else lines
