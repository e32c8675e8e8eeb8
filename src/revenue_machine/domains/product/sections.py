"""What the coding harness did today and what it waits for, as the evening report shows it."""

from __future__ import annotations

import sqlalchemy as sa

from revenue_machine.domains.product import aso_reads, aso_review, aso_rules, reads
from revenue_machine.domains.product import delegations_rules as rules
from revenue_machine.engine.briefing import Day, section

MOST_LINES = 6


# --- delegations -------------------------------------------------------------------------------------------------------
@section("Coding harness", 37)
def coding_harness(day: Day, connection: sa.Connection) -> list[str]:
    """Delegations that wait or are at work, and how those of the day ended; nothing when there is none."""
    open_ones = reads.delegations(connection, statuses=sorted(set(rules.TRANSITIONS) - rules.ENDED))
    ended = reads.delegations_ended_between(connection, day.start, day.end)
    lines = [rules.report_line(row, day.zone) for row in [*reversed(open_ones), *ended]]
    more = [f"and {len(lines) - MOST_LINES} more delegations"] if len(lines) > MOST_LINES else []
    return [*lines[:MOST_LINES], *more]


# --- App Store experiments ---------------------------------------------------------------------------------------------
@section("App Store", 36)
def app_store(day: Day, connection: sa.Connection) -> list[str]:
    """Each change of a store page that is not in the book of experiments in one line, and how those of the day ended."""
    listed = [
        row for row in aso_reads.experiments(connection, "open") if row["road"] != "product_page" or row["status"] != "running"
    ]
    lines = [aso_review.line(row) for row in sorted(listed, key=lambda row: (aso_rules.rank(row["app"]), row["id"]))]
    ended = aso_reads.ended_between(connection, day.start, day.end)
    lines += [f"{row['app']}: {row['acd_task']}; {row['status']}: {row['result'] or 'no more is known'}" for row in ended]
    more = [f"and {len(lines) - MOST_LINES} more changes"] if len(lines) > MOST_LINES else []
    return [*lines[:MOST_LINES], *more]
