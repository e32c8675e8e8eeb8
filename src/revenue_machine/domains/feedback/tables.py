"""Posts with what became of them, the three looks at each, and what their winners taught."""

from __future__ import annotations

import sqlalchemy as sa

from revenue_machine.kit.db import document, flag, instant, money, number, real, table, text, text_key

# `views` is the newest count known; `measured_at` is when the 24 h look was taken and the post was judged.
FEEDBACK_POSTS = table(
    "actp_feedback_posts",
    text_key("post_id"),
    flag("is_own"),
    text("platform", null=False),
    text("niche"),
    text("content_type"),
    text("hook_category"),
    text("framework"),
    text("offer"),
    text("url", null=False),
    instant("published_at", null=False),
    number("views"),
    number("views_24h"),
    real("engagement"),
    real("engagement_score"),
    text("classification"),
    document("metrics_1h"),
    document("metrics_4h"),
    document("metrics_24h"),
    instant("measured_at"),
    instant("registered_at", null=False),
    instant("updated_at", null=False),
    sa.Index(None, "url"),
    sa.Index(None, "published_at"),
    sa.Index(None, "platform", "measured_at"),
)

CHECKBACKS = table(
    "actp_checkbacks",
    text_key(),
    text("post_id", null=False),
    number("age_hours", null=False),
    instant("due_at", null=False),
    instant("taken_at"),
    number("real_age_minutes"),
    number("tries", null=False, default=0),
    number("views"),
    number("likes"),
    number("comments"),
    number("shares"),
    number("saves"),
    text("status", null=False),
    text("error"),
    sa.UniqueConstraint("post_id", "age_hours"),
    sa.Index(None, "status", "due_at"),
)

STRATEGY = table(
    "actp_feedback_strategy",
    text_key(),
    text("niche", null=False),
    document("guidelines", null=False),
    document("winner_ids", null=False),
    text("model", null=False),
    *money("cost", null=False, default=0),
    instant("created_at", null=False),
    sa.Index(None, "niche", "created_at"),
)
