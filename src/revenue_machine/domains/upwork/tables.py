"""The table of upwork: jobs as they were seen, their score, their proposal and what became of it."""

from __future__ import annotations

import sqlalchemy as sa

from revenue_machine.kit.db import document, instant, money, number, real, table, text, text_key

# `scored_for` names the rules and the owner's profile a score was made with; another one means: score again.
JOBS = table(
    "actp_upwork_jobs",
    text_key(),
    text("job_id", null=False, unique=True),
    text("title", null=False),
    *money("budget"),
    text("status", null=False),
    text("proposal_text"),
    *money("contract_value"),
    text("description"),
    text("job_type", null=False),
    number("hourly_min_micro_usd"),
    number("hourly_max_micro_usd"),
    text("level"),
    document("skills", null=False),
    document("client", null=False),
    number("proposals"),
    text("url"),
    text("external_id"),
    text("source", null=False),
    instant("posted_at"),
    real("score"),
    number("known_points", null=False, default=0),
    document("score_breakdown"),
    text("scored_for"),
    number("connects"),
    number("connects_cost", null=False, default=0),
    number("expected_value_micro_usd"),
    text("approval_id"),
    text("hand_task_id"),
    text("model"),
    instant("drafted_at"),
    instant("submitted_at"),
    instant("decided_at"),
    text("lost_reason"),
    text("import_file"),
    number("import_row"),
    instant("seen_at", null=False),
    instant("created_at", null=False),
    instant("updated_at", null=False),
    sa.Index(None, "status", "score"),
    sa.Index(None, "source", "seen_at"),
)

# Lent listings that were given back: nothing of them but that they were seen, so that a job found again is not called new.
SEEN = table("actp_upwork_seen", text_key("job_id"), instant("given_back_at", null=False))
