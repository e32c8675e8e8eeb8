"""What the owner was shown in Telegram, the buttons under it, and what people did with them."""

from __future__ import annotations

import sqlalchemy as sa

from revenue_machine.kit.db import document, flag, instant, number, table, text, text_key

# One row per question and task, and one per digest. A question's row is `waiting`, then `sent` with a message of its own,
# `listed` in a digest with its words (`place` says where), or `counted` there as one of many; `closed` when it is decided.
MESSAGES = table(
    "actp_inbox_messages",
    text_key(),
    text("kind", null=False),
    text("subject_id", unique=True),
    text("digest_id"),
    number("place"),
    text("status", null=False),
    number("telegram_message_id"),
    number("version", null=False),
    flag("is_money"),
    instant("created_at", null=False),
    instant("due_at"),
    instant("shown_at"),
    instant("refresh_at"),
    instant("closed_at"),
    sa.Index(None, "status", "due_at"),
    sa.Index(None, "refresh_at"),
    sa.Index(None, "telegram_message_id"),
    sa.Index(None, "digest_id"),
)

# A button carries a nonce and nothing else; here stands, under its hash, what it means: ids and the hashes of what was shown.
BUTTONS = table(
    "actp_inbox_buttons",
    text_key("nonce_hash"),
    text("message_id", null=False),
    text("action", null=False),
    document("subjects", null=False),
    instant("created_at", null=False),
    instant("used_at"),
    sa.Index(None, "message_id"),
)

WORDS = table(
    "actp_inbox_words",
    text_key(),
    text("kind", null=False),
    number("user_id", null=False),
    flag("is_bot"),
    number("chat_id", null=False),
    number("telegram_message_id"),
    text("callback_id"),
    text("data"),
    text("text"),
    text("status", null=False),
    text("outcome"),
    instant("created_at", null=False),
    instant("due_at"),
    instant("done_at"),
    sa.Index(None, "status", "due_at"),
)
