"""What ran on which date and how it ended."""

from __future__ import annotations

import sqlalchemy as sa

from revenue_machine.kit.db import day, document, flag, instant, number, table, text, text_key

ROUTINE_RUNS = table(
    "actp_routine_runs",
    text_key(),
    day("run_date", null=False),
    text("block", null=False),
    text("trigger", null=False),
    text("status", null=False),
    flag("is_late"),
    instant("started_at", null=False),
    instant("finished_at"),
    document("summary"),
    sa.UniqueConstraint("run_date", "block"),
)

ROUTINE_STEPS = table(
    "actp_routine_steps",
    text("run_id", null=False, primary_key=True),
    number("step_no", null=False, primary_key=True),
    number("place", null=False, primary_key=True),
    day("run_date", null=False),
    text("topic", null=False),
    text("label", null=False),
    text("status", null=False),
    number("attempts", null=False),
    instant("started_at", null=False),
    number("duration_ms", null=False),
    document("result"),
    text("error"),
    sa.Index(None, "run_date", "step_no"),
)
