"""Posts and the timing bandit's memory."""

from __future__ import annotations

import sqlalchemy as sa

from revenue_machine.kit.db import instant, number, real, table, text, text_key

POSTS = table(
    "actp_posts",
    text_key(),
    text("draft_id", null=False, unique=True),
    text("platform", null=False),
    text("account_id"),
    text("niche", null=False),
    text("content_type", null=False),
    text("hook_category", null=False),
    text("framework", null=False),
    text("offer"),
    text("paywall_variant"),
    text("text", null=False),
    text("text_hash", null=False),
    text("link_id"),
    text("status", null=False),
    text("promotion_status", null=False),
    number("slot_weekday", null=False),
    number("slot_hour", null=False),
    instant("scheduled_at", null=False),
    instant("due_at"),
    instant("sent_at"),
    instant("published_at"),
    text("external_id"),
    text("url"),
    text("error"),
    instant("created_at", null=False),
    instant("updated_at", null=False),
    sa.Index(None, "status", "due_at"),
    sa.Index(None, "platform", "scheduled_at"),
)

TIMING_MATRIX = table(
    "actp_timing_matrix",
    text("platform", null=False, primary_key=True),
    number("day_of_week", null=False, primary_key=True),
    number("hour", null=False, primary_key=True),
    real("alpha", null=False),
    real("beta", null=False),
    number("posts_in_slot", null=False),
    instant("updated_at", null=False),
)
