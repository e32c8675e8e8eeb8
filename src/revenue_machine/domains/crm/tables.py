"""People, the keys they are known by, what happened with them, and how they were joined, moved, scored and taken in."""

from __future__ import annotations

import sqlalchemy as sa

from revenue_machine.kit.db import document, flag, instant, money, number, real, table, tags, text, text_key

# `handle_key` is `<platform>:<handle>` and `email_key` the address, both normalised; a person joined into another has neither.
CONTACTS = table(
    "actp_contacts",
    text_key(),
    text("name"),
    text("platform"),
    text("handle"),
    text("handle_key", unique=True),
    text("email"),
    text("email_key", unique=True),
    text("niche"),
    real("score"),
    text("lead_score_reason"),
    text("status", null=False),
    text("source", null=False),
    tags(),
    text("headline"),
    text("company"),
    text("title"),
    text("location"),
    text("timezone"),
    text("profile_url"),
    text("phone"),
    text("name_key"),
    text("company_key"),
    text("email_state", null=False),
    flag("email_opt_out"),
    instant("opted_out_at"),
    text("opt_out_reason"),
    text("lawful_basis"),
    text("merged_into_id"),
    text("import_id"),
    *money("predicted_value"),
    instant("first_contact_at"),
    instant("last_interaction_at"),
    instant("created_at", null=False),
    instant("updated_at", null=False),
    sa.Index(None, "status", "score"),
    sa.Index(None, "name_key"),
    sa.Index(None, "created_at"),
    sa.Index(None, "import_id"),
)

IDENTITIES = table(
    "actp_contact_identities",
    text_key(),
    text("contact_id", null=False),
    text("kind", null=False),
    text("platform"),
    text("value", null=False),
    text("value_key", null=False),
    text("source", null=False),
    text("evidence"),
    real("confidence", null=False),
    instant("created_at", null=False),
    sa.UniqueConstraint("kind", "value_key"),
    sa.Index(None, "contact_id"),
)

INTERACTIONS = table(
    "actp_interactions",
    text_key(),
    text("contact_id", null=False),
    text("type", null=False),
    text("content"),
    text("platform"),
    text("channel"),
    text("direction", null=False),
    text("external_id"),
    text("campaign"),
    text("product"),
    text("intent_class"),
    *money("cost"),
    *money("value"),
    text("evidence_url"),
    instant("occurred_at", null=False),
    instant("created_at", null=False),
    sa.Index(None, "contact_id", "occurred_at"),
    sa.Index(None, "type", "occurred_at"),
)

TRANSITIONS = table(
    "actp_contact_transitions",
    text_key(),
    text("contact_id", null=False),
    text("from_status", null=False),
    text("to_status", null=False),
    text("why", null=False),
    instant("occurred_at", null=False),
    sa.Index(None, "contact_id", "occurred_at"),
    sa.Index(None, "to_status", "occurred_at"),
)

SCORES = table(
    "actp_contact_scores",
    text_key(),
    text("contact_id", null=False),
    real("score", null=False),
    text("tier", null=False),
    real("recency", null=False),
    real("resonance", null=False),
    real("activity", null=False),
    real("predicted", null=False),
    document("reasons", null=False),
    instant("created_at", null=False),
    sa.Index(None, "contact_id", "created_at"),
    sa.Index(None, "tier", "created_at"),
)

# What the scores of a tier have been worth: the share that came to a trial or a sale.
LEARNED = table("actp_contact_tiers", text_key("tier"), real("share", null=False), instant("updated_at", null=False))

# Two people one card named: a key each, so neither could be chosen by the rules alone.
DOUBLES = table(
    "actp_contact_doubles",
    text_key(),
    text("first_id", null=False),
    text("second_id", null=False),
    text("reason", null=False),
    instant("created_at", null=False),
    sa.Index(None, "first_id"),
    sa.Index(None, "second_id"),
)

# `moves` is what the undo needs: [table, primary key, column, before, after], oldest first.
MERGES = table(
    "actp_contact_merges",
    text_key(),
    text("kept_id", null=False),
    text("merged_id", null=False),
    text("reason", null=False),
    document("moves"),
    instant("merged_at", null=False),
    instant("undone_at"),
    sa.Index(None, "kept_id"),
    sa.Index(None, "merged_id"),
)

IMPORTS = table(
    "actp_contact_imports",
    text_key(),
    text("file", null=False),
    text("sha256", null=False),
    text("layout", null=False),
    number("stored", null=False),
    number("joined", null=False),
    instant("applied_at", null=False),
    instant("undone_at"),
    sa.Index(None, "sha256"),
)

# What a file gave to people who were known: keys, and fields that were empty (`before` holds what stood there).
IMPORTED = table(
    "actp_contact_import_rows",
    text_key("import_id"),
    text_key("person_id"),
    document("before", null=False),
)
