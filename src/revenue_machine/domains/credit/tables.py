"""What was spent on models, what each budget scope holds and has used, and the holds between a call and its price."""

from __future__ import annotations

import sqlalchemy as sa

from revenue_machine.kit.db import document, instant, money, number, table, text, text_key

USAGE = table(
    "actp_credit_usage",
    text_key(),
    text("task_type"),
    text("model"),
    number("input_tokens", null=False, default=0),
    number("output_tokens", null=False, default=0),
    number("cache_read_tokens", null=False, default=0),
    number("cache_write_tokens", null=False, default=0),
    number("reasoning_tokens", null=False, default=0),
    document("units"),
    *money("cost", null=False),
    text("price_version"),
    text("state", null=False),
    text("run_id"),
    text("post_id"),
    text("lead_id"),
    text("experiment_id"),
    text("ledger_entry_id", null=False, unique=True),
    document("scopes", null=False),
    instant("created_at", null=False),
    sa.Index(None, "run_id"),
)

BUDGETS = table(
    "actp_credit_budgets",
    text_key("scope"),
    text("period", null=False),
    *money("limit"),
    number("alert_threshold_pct", null=False, default=80),
    *money("current_spend", null=False, default=0),
    *money("held", null=False, default=0),
    instant("reset_at"),
)

HOLDS = table(
    "actp_budget_holds",
    text_key(),
    text("intent_key", null=False),
    text("intent_id", null=False),
    number("attempt", null=False),
    document("scopes", null=False),
    *money("amount", null=False),
    text("kind", null=False),
    text("task_type", null=False),
    text("run_id", null=False),
    text("state", null=False),
    instant("created_at", null=False),
    instant("released_at"),
    sa.UniqueConstraint("intent_key", "attempt"),
    sa.Index(None, "intent_id"),
    sa.Index(None, "state"),
)
