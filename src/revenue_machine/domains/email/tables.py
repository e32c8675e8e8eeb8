"""Sequences, who is in one, the texts a person approved, and every mail with what became of it."""

from __future__ import annotations

import sqlalchemy as sa

from revenue_machine.kit.db import document, flag, instant, money, number, real, table, text, text_key

SEQUENCES = table(
    "actp_email_sequences",
    text_key(),
    text("name", null=False, unique=True),
    text("trigger", null=False),
    text("kind", null=False),
    document("steps", null=False),
    flag("active", default=True),
    instant("created_at", null=False),
)

# `step` is the number of the next mail (of a weekly sequence: of the week); `next_due_at` is when it wants attention, which for a
# text that still has to be written and approved is earlier than `next_send_at`.
ENROLMENTS = table(
    "actp_email_enrolments",
    text_key(),
    text("sequence_id", null=False),
    text("contact_id", null=False),
    text("product"),
    text("user_id"),
    text("status", null=False),
    text("arm", null=False),
    real("propensity", null=False),
    number("step", null=False),
    instant("anchor_at", null=False),
    instant("next_send_at"),
    instant("next_due_at"),
    text("hold_reason"),
    text("exit_reason"),
    instant("last_sent_at"),
    instant("converted_at"),
    *money("revenue", null=False, default=0),
    instant("created_at", null=False),
    instant("updated_at", null=False),
    sa.UniqueConstraint("sequence_id", "contact_id"),
    sa.Index(None, "status", "next_due_at", "id"),
    sa.Index(None, "contact_id"),
)

# One approved wording: of a step for a product, of an issue, or for one person (`issue` is then the enrolment).
TEMPLATES = table(
    "actp_email_templates",
    text_key(),
    text("name", null=False),
    text("product", null=False),
    text("issue", null=False),
    text("version", null=False),
    text("source_version", null=False),
    text("subject", null=False),
    text("body", null=False),
    text("layout_hash", null=False),
    text("because", null=False),
    text("status", null=False),
    number("asked", null=False),
    text("approval_id"),
    text("reason"),
    instant("decided_at"),
    instant("created_at", null=False),
    instant("updated_at", null=False),
    sa.Index(None, "name", "product", "issue"),
)

SENDS = table(
    "actp_email_sends",
    text_key(),
    text("sequence_id", null=False),
    text("enrolment_id", null=False),
    text("contact_id", null=False),
    number("step_number", null=False),
    text("subject", null=False),
    text("status", null=False),
    text("kind", null=False),
    text("recipient", null=False),
    text("template_id", null=False),
    text("template_version", null=False),
    text("provider", null=False),
    text("provider_id"),
    text("intent_key", null=False),
    text("owner"),
    document("link_ids", null=False),
    text("unsubscribe_hash", null=False, unique=True),
    text("hold_reason"),
    instant("sent_at"),
    instant("delivered_at"),
    instant("opened_at"),
    instant("clicked_at"),
    instant("vendor_clicked_at"),
    instant("replied_at"),
    instant("bounced_at"),
    instant("complained_at"),
    instant("unsubscribed_at"),
    instant("created_at", null=False),
    instant("updated_at", null=False),
    sa.UniqueConstraint("sequence_id", "contact_id", "step_number"),
    sa.Index(None, "sent_at"),
    sa.Index(None, "bounced_at"),
    sa.Index(None, "complained_at"),
    sa.Index(None, "provider_id"),
    sa.Index(None, "contact_id"),
)

# Answers whose words still have to be fetched.
REPLIES = table(
    "actp_email_replies",
    text_key(),
    text("contact_id", null=False),
    text("send_id"),
    text("subject"),
    text("status", null=False),
    number("attempts", null=False),
    instant("due_at", null=False),
    instant("received_at", null=False),
    sa.Index(None, "status", "due_at"),
    sa.Index(None, "contact_id", "received_at"),
)

# What analytics is still to be told.
CAPTURES = table(
    "actp_email_captures",
    text_key(),
    text("send_id", null=False),
    text("event", null=False),
    text("distinct_id", null=False),
    text("status", null=False),
    instant("occurred_at", null=False),
    sa.Index(None, "status", "occurred_at"),
)

# Until when the channel rests, from when bounces and complaints count, how far clicks were read.
MARKS = table("actp_email_marks", text_key("name"), instant("at", null=False), number("place"))
