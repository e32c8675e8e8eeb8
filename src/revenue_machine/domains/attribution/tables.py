"""Every step of every person with the post it is credited to, and the sums by dimension."""

from __future__ import annotations

import sqlalchemy as sa

from revenue_machine.kit.db import instant, money, number, real, table, text, text_key

ATTRIBUTION_EVENTS = table(
    "actp_attribution_events",
    text_key(),
    text("external_event_id", null=False, unique=True),
    text("post_id"),
    text("event_type", null=False),
    text("user_id"),
    text("visitor_id"),
    text("crm_contact_id"),
    text("click_id"),
    text("subscription_id"),
    text("payment_id"),
    text("product"),
    text("source_type", null=False),
    text("model", null=False),
    text("utm_source", null=False),
    text("utm_medium"),
    text("utm_campaign"),
    text("utm_content"),
    text("platform", null=False),
    text("content_type", null=False),
    text("hook_category", null=False),
    text("niche", null=False),
    text("framework", null=False),
    text("offer", null=False),
    text("paywall_variant", null=False),
    *money("revenue", null=False, default=0),
    instant("occurred_at", null=False),
    instant("created_at", null=False),
    sa.Index(None, "user_id"),
    sa.Index(None, "visitor_id"),
    sa.Index(None, "post_id"),
    sa.Index(None, "event_type", "occurred_at"),
)

ATTRIBUTION_SUMMARY = table(
    "actp_attribution_summary",
    text_key(),
    text("dimension", null=False),
    text("dimension_value", null=False),
    text("model", null=False),
    number("clicks", null=False),
    number("signups", null=False),
    number("trials", null=False),
    number("purchases", null=False),
    number("renewals", null=False),
    number("refunds", null=False),
    number("churns", null=False),
    *money("revenue", null=False),
    *money("net_revenue", null=False),
    *money("spend", null=False),
    *money("cpa"),
    real("roas"),
    instant("updated_at", null=False),
    sa.UniqueConstraint("dimension", "dimension_value", "model"),
)

ATTRIBUTION_MARKS = table("actp_attribution_marks", text_key("name"), instant("reached_at", null=False))
