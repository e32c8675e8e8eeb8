"""What the owner was told."""

from __future__ import annotations

from revenue_machine.kit.db import day, instant, table, text, text_key

REPORTS = table(
    "actp_reports",
    day("report_date", null=False, primary_key=True),
    text("text", null=False),
    text("footer", null=False),
    instant("created_at", null=False),
)

ALERTS = table(
    "actp_alerts",
    text_key(),
    text("kind", null=False),
    text("text", null=False),
    text("status", null=False),
    instant("raised_at", null=False),
    instant("due_at"),
    instant("sent_at"),
)
