"""Three layers of memory: the graph (L1 facts, L3 rules), the day's notes and events (L2)."""

from __future__ import annotations

import sqlalchemy as sa

from revenue_machine.kit.db import day, document, instant, number, real, table, tags, text, text_key

MEMORY_EVENTS = table(
    "actp_memory_events",
    text_key(),
    text("event_type", null=False),
    text("content", null=False),
    real("importance_score", null=False),
    text("source", null=False),
    text("provenance", null=False),
    tags(),
    document("metadata"),
    day("run_date", null=False),
    instant("created_at", null=False),
    instant("promoted_at"),
    sa.Index(None, "run_date"),
    sa.Index(None, "created_at"),
)

DAILY_NOTES = table(
    "actp_daily_notes",
    sa.Column("run_date", sa.Date, primary_key=True),
    text("text", null=False),
    instant("created_at", null=False),
    instant("updated_at", null=False),
)

GRAPH_ENTITIES = table(
    "actp_graph_entities",
    text_key(),
    text("name", null=False),
    text("entity_type", null=False),
    document("properties", null=False),
    tags(),
    real("confidence", null=False),
    number("layer", null=False),
    text("provenance", null=False),
    instant("created_at", null=False),
    instant("updated_at", null=False),
    sa.UniqueConstraint("name", "entity_type"),
    sa.Index(None, "updated_at"),
)

GRAPH_RELATIONS = table(
    "actp_graph_relations",
    text_key(),
    text("from_id", null=False),
    text("kind", null=False),
    text("to_id", null=False),
    instant("created_at", null=False),
    sa.Index(None, "from_id"),
    sa.Index(None, "to_id"),
)
