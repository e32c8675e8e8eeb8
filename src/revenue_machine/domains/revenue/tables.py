"""What the tills told, the subscriptions it adds up to, the payments, dated rates and the snapshots of the vendors."""

from __future__ import annotations

import sqlalchemy as sa

from revenue_machine.kit.db import day, document, flag, instant, money, number, table, text, text_key

SUBSCRIPTIONS = table(
    "actp_subscriptions",
    text_key(),
    text("provider", null=False),
    text("external_id", null=False),
    text("product"),
    text("user_id"),
    text("customer_hash"),
    text("status", null=False),
    flag("is_production"),
    flag("is_revenue"),
    *money("price"),
    instant("started_at", null=False),
    instant("trial_started_at"),
    instant("trial_ends_at"),
    instant("paid_at"),
    instant("ends_at"),
    instant("ended_at"),
    instant("newest_event_at", null=False),
    instant("created_at", null=False),
    instant("updated_at", null=False),
    sa.UniqueConstraint("provider", "external_id"),
    sa.Index(None, "user_id"),
    sa.Index(None, "status"),
)

FACTS = table(
    "actp_subscription_facts",
    text_key(),
    text("provider", null=False),
    text("external_id", null=False),
    text("subscription_id", null=False),
    text("kind", null=False),
    flag("is_production"),
    text("user_id"),
    number("user_rank", null=False),
    text("customer_hash"),
    document("store_ids", null=False),
    instant("ends_at"),
    instant("paid_since"),
    *money("price"),
    document("state"),
    instant("occurred_at", null=False),
    instant("created_at", null=False),
    sa.Index(None, "subscription_id"),
)

MOVES = table(
    "actp_subscription_moves",
    text_key(),
    text("provider", null=False),
    text("external_id", null=False),
    text("from_user_id", null=False),
    text("to_user_id", null=False),
    instant("occurred_at", null=False),
    instant("created_at", null=False),
    sa.Index(None, "provider"),
)

PAYMENTS = table(
    "actp_payments",
    text_key(),
    text("provider", null=False),
    text("external_id", null=False),
    text("subscription_id"),
    text("refunds_id"),
    text("kind", null=False),
    text("status", null=False),
    text("reason"),
    text("product"),
    text("user_id"),
    text("customer_hash"),
    flag("is_production"),
    *money("amount"),
    text("currency", null=False),
    text("original_amount"),
    text("detail"),
    number("minor"),
    *money("commission", null=False, default=0),
    *money("tax", null=False, default=0),
    text("fx_rate"),
    day("fx_date"),
    document("store_ids", null=False),
    document("links", null=False),
    number("charge_minor"),
    instant("charged_at"),
    text("source"),
    instant("occurred_at", null=False),
    instant("created_at", null=False),
    sa.UniqueConstraint("provider", "external_id"),
    sa.Index(None, "status"),
    sa.Index(None, "subscription_id"),
    sa.Index(None, "customer_hash"),
)

FX_RATES = table(
    "actp_fx_rates",
    text_key(),
    text("currency", null=False),
    day("rate_date", null=False),
    text("usd_per_unit", null=False),
    text("source", null=False),
    instant("created_at", null=False),
    sa.UniqueConstraint("currency", "rate_date"),
)

SNAPSHOTS = table(
    "actp_revenue_snapshots",
    text_key(),
    text("source", null=False),
    text("slot", null=False),
    day("snapshot_date", null=False),
    document("metrics", null=False),
    flag("is_stale"),
    text("reason"),
    instant("as_of", null=False),
    instant("created_at", null=False),
    sa.UniqueConstraint("source", "snapshot_date", "slot"),
)

# What was said to the owner under a key, as it stands there now.
SAID = table(
    "actp_revenue_messages",
    text_key("name"),
    text("text", null=False),
    instant("said_at", null=False),
    instant("updated_at", null=False),
)

MARKS = table("actp_revenue_marks", text_key("name"), instant("reached_at", null=False))
