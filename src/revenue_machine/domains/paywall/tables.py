"""The tables of paywall: one row per variant, one loop per experiment, its counts by date, and the money webhooks told."""

from __future__ import annotations

import sqlalchemy as sa

from revenue_machine.kit.db import day, document, flag, instant, money, number, real, table, text, text_key

# Seed §4.4: one row per variant; `significance` is the p-value against the control (two proportions, two-sided, Holm over arms).
# `impressions` counts paywall opens, `users` people; a rate is conversions per user.
VARIANTS = table(
    "actp_paywall_experiments",
    text_key(),
    text("product", null=False),
    text("variant_id", null=False),
    number("impressions", null=False, default=0),
    number("conversions", null=False, default=0),
    *money("revenue", null=False, default=0),
    real("conversion_rate"),
    real("significance"),
    text("status", null=False),
    text("experiment_id", null=False),
    text("vendor_experiment_id", null=False),
    text("application_id", null=False),
    text("paywall_id"),
    text("name", null=False),
    flag("is_control"),
    real("planned_share"),
    number("users", null=False, default=0),
    number("trials", null=False, default=0),
    number("subscriptions", null=False, default=0),
    number("rank"),
    day("as_of"),
    instant("created_at", null=False),
    instant("updated_at", null=False),
    sa.UniqueConstraint("vendor_experiment_id", "variant_id"),
    sa.Index(None, "experiment_id"),
)

# One per experiment in Superwall. `state` is where the loop stands, `next_due_at` when it goes on by itself (null: it waits for
# the evening's counts, for a person or for the coding harness).
LOOPS = table(
    "actp_paywall_loops",
    text_key(),
    text("product", null=False),
    text("application_id", null=False),
    text("vendor_experiment_id", null=False, unique=True),
    text("campaign_id"),
    text("placement"),
    text("state", null=False),
    text("metric", null=False),
    document("arms", null=False),
    document("split", null=False),
    text("control", null=False),
    text("winner"),
    day("since"),
    day("measure_since"),
    document("decision"),
    text("delegation_id"),
    text("undo_delegation_id"),
    text("outcome"),
    text("outcome_words"),
    real("effect_absolute"),
    real("effect_relative"),
    real("interval_low"),
    real("interval_high"),
    text("trouble"),
    number("bad_days", null=False, default=0),
    day("bad_on"),
    text("words"),
    text("memory_id"),
    number("attempts", null=False, default=0),
    instant("decided_at"),
    instant("shipped_at"),
    instant("ended_at"),
    instant("next_due_at"),
    instant("created_at", null=False),
    instant("updated_at", null=False),
    sa.Index(None, "next_due_at"),
    sa.Index(None, "product", "state"),
)

# Cumulative counts of a phase as charts had them for its days up to `on_date`; asked again on one date, the later answer stands.
COUNTS = table(
    "actp_paywall_counts",
    text_key(),
    text("experiment_id", null=False),
    text("phase", null=False),
    day("on_date", null=False),
    number("days", null=False),
    document("arms", null=False),
    text("trouble"),
    instant("asked_at", null=False),
    sa.UniqueConstraint("experiment_id", "phase", "on_date"),
)

# Webhooks name no variant: they are only the second opinion on an app's money.
TOLD = table(
    "actp_paywall_money",
    text_key(),
    text("event_id", null=False, unique=True),
    text("application_id", null=False),
    text("kind", null=False),
    text("product_id"),
    *money("proceeds", null=False),
    flag("is_sandbox"),
    instant("occurred_at", null=False),
    instant("created_at", null=False),
    sa.Index(None, "application_id", "occurred_at"),
)
