"""Events of the owner's visitors, and which of their ids were joined into one person."""

from __future__ import annotations

import sqlalchemy as sa

from revenue_machine.kit.db import document, instant, number, table, text, text_key

# `at_us` is `occurred_at` in microseconds since 1970: funnels read a million of them. `traffic` is what `traffic_rule` said.
PRODUCT_EVENTS = table(
    "actp_product_events",
    text_key(),
    text("distinct_id", null=False),
    text("event", null=False),
    instant("occurred_at", null=False),
    number("at_us", null=False),
    document("properties", null=False),
    text("traffic", null=False),
    number("traffic_rule", null=False),
    text("import_id", null=False),
    # Whole funnels are read from this index alone.
    sa.Index("ix_actp_product_events_funnel", "event", "at_us", "distinct_id", "traffic"),
    sa.Index(None, "distinct_id"),
)

# A row per pair of ids a product said belong to one person; `outcome` is merged or conflict, `reason` says why not.
IDENTITY_MERGES = table(
    "actp_identity_merges",
    text_key(),
    text("from_id", null=False),
    text("into_id", null=False),
    text("kind", null=False),
    text("evidence", null=False),
    text("outcome", null=False),
    text("reason"),
    instant("occurred_at", null=False),
    instant("created_at", null=False),
    instant("undone_at"),
    text("undone_why"),
    sa.Index(None, "from_id"),
    sa.Index(None, "into_id"),
)
