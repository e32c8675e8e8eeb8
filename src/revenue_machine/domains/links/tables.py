"""Tracking links and what was clicked."""

from __future__ import annotations

import sqlalchemy as sa

from revenue_machine.kit.db import flag, instant, number, table, text, text_key

LINKS = table(
    "actp_links",
    text_key(),
    text("slug", null=False, unique=True),
    text("destination_url", null=False),
    text("post_id"),
    text("product"),
    text("utm_source", null=False),
    text("utm_medium", null=False),
    text("utm_campaign", null=False),
    text("utm_content", null=False),
    text("contact_id"),
    instant("created_at", null=False),
    sa.Index(None, "post_id"),
    sa.Index(None, "contact_id"),
)

CLICKS = table(
    "actp_clicks",
    text_key(),
    text("link_id", null=False),
    text("slug", null=False),
    text("post_id"),
    text("product"),
    text("visitor_id", null=False),
    instant("clicked_at", null=False),
    flag("is_counted"),
    text("filter_reason"),
    number("filter_version", null=False),
    text("referrer_host"),
    text("user_agent_hash"),
    sa.Index(None, "clicked_at", "id"),
    sa.Index(None, "post_id"),
)
