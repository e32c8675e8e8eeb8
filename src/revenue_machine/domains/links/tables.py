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
    text("utm_term"),
    instant("disabled_at"),
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
    # Where it lay in the spool: the reason why a drain that is repeated changes nothing.
    text("spool"),
    number("spool_offset"),
    # Counts up with every click that comes in or is judged anew: what a reader has not seen yet has a higher one.
    number("arrival"),
    # What a filter decides by: words of the browser's name without versions, signs of the request, the link's age.
    text("agent_words"),
    text("signals"),
    number("link_age_s"),
    instant("refiltered_at"),
    sa.Index(None, "clicked_at", "id"),
    sa.Index(None, "post_id"),
    sa.Index(None, "link_id", "clicked_at"),
    sa.Index(None, "arrival"),
    sa.Index(None, "spool", "spool_offset", unique=True),
)
