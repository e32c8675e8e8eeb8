"""Which phase holds, by the rule and by hand, and every change of it."""

from __future__ import annotations

from revenue_machine.kit.db import day, instant, number, table, text, text_key

# One row by the name `rule` (what the funnel counted) and one by `owner` (held by hand; no phase: not held).
PHASES = table(
    "actp_phases",
    text_key("name"),
    number("phase"),
    text("reason"),
    day("seen_on"),
    instant("since", null=False),
)

PHASE_CHANGES = table(
    "actp_phase_changes",
    text_key(),
    text("name", null=False),
    number("phase"),
    text("reason"),
    instant("created_at", null=False),
)
