"""What is said to whom by hand or by interface, who was found, what campaigns are, and what was learnt from the owner's word."""

from __future__ import annotations

import sqlalchemy as sa

from revenue_machine.kit.db import document, flag, instant, money, number, real, table, text, text_key

# Seed §4.8 first, then what it lacks. `drafted_text` is what the model wrote, `message` what goes out.
QUEUE = table(
    "actp_outreach_queue",
    text_key(),
    text("contact_id", null=False),
    text("action", null=False),
    text("message", null=False),
    text("platform", null=False),
    text("status", null=False),
    flag("approval_required"),
    instant("scheduled_at"),
    instant("sent_at"),
    text("channel", null=False),
    text("mode"),
    text("subject"),
    number("step", null=False),
    text("campaign_id"),
    text("lane", null=False),
    text("offer"),
    text("reason", null=False),
    text("evidence_url"),
    text("drafted_text", null=False),
    text("message_hash", null=False),
    text("approval_id"),
    text("answers_id"),
    text("external_id"),
    text("link_id"),
    text("model"),
    *money("cost"),
    *money("predicted_value"),
    text("error"),
    instant("replied_at"),
    instant("decided_at"),
    instant("created_at", null=False),
    instant("updated_at", null=False),
    sa.Index(None, "status", "platform"),
    sa.Index(None, "contact_id", "created_at"),
    sa.Index(None, "created_at"),
    sa.Index(None, "sent_at"),
)

# A person as a platform shows them; `external_id` is what the platform is addressed with.
PROFILES = table(
    "actp_outreach_profiles",
    text_key(),
    text("platform", null=False),
    text("external_id", null=False),
    text("contact_id"),
    text("handle"),
    text("name"),
    text("headline"),
    text("about"),
    text("location"),
    text("niche"),
    text("profile_url"),
    number("degree"),
    real("score"),
    document("score_reasons"),
    text("standing", null=False),
    flag("is_suspicious"),
    instant("invited_at"),
    instant("connected_at"),
    instant("found_at", null=False),
    instant("updated_at", null=False),
    sa.UniqueConstraint("platform", "external_id"),
    sa.Index(None, "contact_id"),
    sa.Index(None, "platform", "standing", "score"),
)

CAMPAIGNS = table(
    "actp_outreach_campaigns",
    text_key(),
    text("name", null=False, unique=True),
    text("platform", null=False),
    text("brief", null=False),
    document("audience"),
    document("steps"),
    text("offer"),
    number("most_per_day", null=False),
    text("status", null=False),
    instant("created_at", null=False),
    instant("updated_at", null=False),
)

# A rejection's reason, or the words before and after an edit: the next drafts' brief reads them.
LESSONS = table(
    "actp_outreach_lessons",
    text_key(),
    text("queue_id", null=False),
    text("contact_id", null=False),
    text("kind", null=False),
    text("action", null=False),
    text("reason"),
    text("before_text"),
    text("after_text"),
    instant("created_at", null=False),
    sa.Index(None, "created_at"),
)

# How far something was read: a search by its page, a platform's messages by their time.
MARKS = table(
    "actp_outreach_marks",
    text_key("name"),
    number("place", null=False),
    instant("reached_at"),
    text("reached_id"),
    instant("updated_at", null=False),
)
