"""Telegram's webhook: a shared secret in a header, and what kind of update came."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from revenue_machine.kit.hooks import BadHook, HookEvent, HookRequest, hook_json
from revenue_machine.kit.signing import verify_static

HEADER = "x-telegram-bot-api-secret-token"
# The last second of the year 9999: beyond it no calendar time exists.
_LAST_SECOND = 253_402_300_799


def verify(request: HookRequest, secrets: Sequence[str], now: datetime) -> None:
    """The static secret set with `setWebhook`; Telegram sends no time, so there is no replay window."""
    verify_static(request.headers, HEADER, secrets)


def read(request: HookRequest) -> HookEvent:
    """The envelope; `occurred_at` is the vendor's time of the message, the epoch where Telegram tells none.

    A tap (`callback_query`) carries no time of its own: its `occurred_at` is that of the tapped message.
    """
    payload = hook_json(request.body)
    update_id = payload.get("update_id")
    if type(update_id) is not int or update_id < 0:
        raise BadHook("the update has no update_id")
    kinds = sorted(name for name in payload if name != "update_id" and isinstance(payload[name], dict)) or [
        name for name in payload if name != "update_id"
    ]
    if len(kinds) != 1:
        raise BadHook("the update does not hold exactly one thing")
    thing = payload[kinds[0]]
    if not isinstance(thing, dict):
        raise BadHook(f"the {kinds[0]} is not an object")
    if kinds[0] == "callback_query":
        return HookEvent(str(update_id), kinds[0], None, _tapped_at(thing))
    return HookEvent(str(update_id), kinds[0], _subject(thing), _moment(thing))


def _tapped_at(query: dict[str, Any]) -> datetime:
    sender, message = query.get("from"), query.get("message", {})
    if not isinstance(query.get("id"), str) or not isinstance(sender, dict) or type(sender.get("id")) is not int:
        raise BadHook("the callback_query names no id or no person")
    if not isinstance(message, dict):
        raise BadHook("the callback_query's message is not an object")
    return _moment(message)


def _subject(thing: dict[str, Any]) -> str | None:
    """`chat/message`, so that an old edit cannot overtake a newer one; None for what is no message."""
    chat, message_id = thing.get("chat"), thing.get("message_id")
    if message_id is None:
        return None
    if not isinstance(chat, dict) or type(chat.get("id")) is not int or type(message_id) is not int:
        raise BadHook("the message names no chat")
    return f"{chat['id']}/{message_id}"


def _moment(thing: dict[str, Any]) -> datetime:
    seconds = thing.get("edit_date", thing.get("date", 0))
    if type(seconds) is not int or not 0 <= seconds <= _LAST_SECOND:
        raise BadHook("the update's time is not a number of seconds")
    return datetime.fromtimestamp(seconds, UTC)
