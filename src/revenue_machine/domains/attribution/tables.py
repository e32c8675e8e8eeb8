"""Every step of every person with the post it is credited to, what each touch of a journey gets, and the sums by dimension."""

from __future__ import annotations

import sqlalchemy as sa

from revenue_machine.domains.attribution.models import POST_DIMENSIONS
from revenue_machine.domains.attribution.weights import RULE_MODELS
from revenue_machine.kit.db import document, instant, money, number, real, table, text, text_key

# `named_click_id` and `said` are what a signup itself told of where it came from; the touch columns are what was concluded.
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
    *(text(name, null=False) for name in POST_DIMENSIONS),
    *money("revenue", null=False, default=0),
    text("named_click_id"),
    document("said"),
    text("refunds_payment_id"),
    number("deducted_micro_usd"),
    instant("occurred_at", null=False),
    instant("created_at", null=False),
    sa.Index(None, "user_id"),
    sa.Index(None, "visitor_id"),
    sa.Index(None, "post_id"),
    sa.Index(None, "event_type", "occurred_at"),
    sa.Index(None, "crm_contact_id"),
    sa.Index(None, "named_click_id"),
    sa.Index(None, "payment_id"),
)

# One row per touch of a step's journey, oldest first; a step nobody knows the touch of has one row that says so.
ATTRIBUTION_CREDITS = table(
    "actp_attribution_credits",
    text_key(),
    text("conversion_id", null=False),
    text("person_id"),
    text("event_type", null=False),
    number("place", null=False),
    number("touches", null=False),
    text("touch_id"),
    text("post_id"),
    *(text(name, null=False) for name in POST_DIMENSIONS),
    text("utm_source", null=False),
    *(real(f"{model}_share", null=False) for model in RULE_MODELS),
    *(number(f"{model}_revenue_micro_usd", null=False) for model in RULE_MODELS),
    *(number(f"{model}_net_micro_usd", null=False) for model in RULE_MODELS),
    instant("touched_at"),
    instant("converted_at", null=False),
    sa.Index(None, "conversion_id"),
    sa.Index(None, "touch_id"),
    sa.Index(None, "converted_at"),
)

# In rows of other models than the default the whole numbers are the credited ones, rounded so that they sum to the same total.
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
    real("credited_signups"),
    real("credited_trials"),
    real("credited_purchases"),
    number("buyers"),
    real("purchases_low"),
    real("purchases_high"),
    number("revenue_low_micro_usd"),
    number("revenue_high_micro_usd"),
    real("removal_effect"),
    instant("updated_at", null=False),
    sa.UniqueConstraint("dimension", "dimension_value", "model"),
)

# `place` is the arrival number up to which clicks were read.
ATTRIBUTION_MARKS = table("actp_attribution_marks", text_key("name"), instant("reached_at", null=False), number("place"))

# Who has to be looked at again before the next sum: `user/…`, `contact/…`, `visitor/…` or `step/…`.
ATTRIBUTION_STALE = table("actp_attribution_stale", text_key("key"))
