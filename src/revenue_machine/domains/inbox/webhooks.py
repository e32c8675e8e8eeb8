"""What Telegram tells of: taps and texts, kept until they are dealt with."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.inbox import store
from revenue_machine.engine.database import Database
from revenue_machine.engine.inbox import StoredHook, on_hook
from revenue_machine.integrations.telegram.wire import Message, Update
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.ids import make_id


@on_hook("telegram", "callback_query")
def tapped(hook: StoredHook, connection: sa.Connection, database: Database, clock: Clock) -> None:
    """A tap on a button of ours; without the message it stood under it cannot count."""
    query = Update.model_validate(hook.payload).callback_query
    if query is None or query.message is None:
        return
    row = {
        **_place(hook, query.message), "kind": "tap", "user_id": query.sender.id, "is_bot": query.sender.is_bot,
        "telegram_message_id": query.message.message_id, "callback_id": query.id, "data": query.data, "text": None,
    }  # fmt: skip
    store.keep_word(connection, database, row, clock.now())


@on_hook("telegram", "message")
def said(hook: StoredHook, connection: sa.Connection, database: Database, clock: Clock) -> None:
    """A text in a chat; pictures and what services write mean nothing to us."""
    message = Update.model_validate(hook.payload).message
    if message is None or message.sender is None or message.text is None:
        return
    answered = message.reply_to_message
    row = {
        **_place(hook, message), "kind": "text", "user_id": message.sender.id, "is_bot": message.sender.is_bot,
        "telegram_message_id": None if answered is None else answered.message_id, "callback_id": None, "data": None,
        "text": message.text,
    }  # fmt: skip
    store.keep_word(connection, database, row, clock.now())


def _place(hook: StoredHook, message: Message) -> dict[str, Any]:
    return {"id": make_id("word", hook.service, hook.external_id), "chat_id": message.chat.id}
