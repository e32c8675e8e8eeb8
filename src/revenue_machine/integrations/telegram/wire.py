"""Telegram's payloads, exactly as the Bot API sends them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from revenue_machine.kit.service import Wire


class User(Wire):
    """A person or a bot."""

    id: int
    is_bot: bool = False
    first_name: str = ""
    username: str | None = None


class Chat(Wire):
    """Where a message stands; a private chat has its person's id."""

    id: int
    type: str


class Message(Wire):
    """A message; `date` 0 marks one the bot can no longer read."""

    message_id: int
    date: int
    chat: Chat
    sender: User | None = Field(None, alias="from")
    text: str | None = None
    edit_date: int | None = None
    reply_to_message: Message | None = None


class CallbackQuery(Wire):
    """A tap on an inline button; `sender` is who tapped, which need not be who the chat belongs to."""

    id: str
    sender: User = Field(alias="from")
    message: Message | None = None
    data: str | None = None


class Update(Wire):
    """One thing that happened; at most one of the optional fields is there."""

    update_id: int
    message: Message | None = None
    edited_message: Message | None = None
    callback_query: CallbackQuery | None = None


class MessageAnswer(Wire):
    """`sendMessage`."""

    ok: Literal[True]
    result: Message


class EditAnswer(Wire):
    """`editMessageText`: the message, or plain true for an inline one."""

    ok: Literal[True]
    result: Message | bool


class DoneAnswer(Wire):
    """Methods that only say that it is done."""

    ok: Literal[True]
    result: bool


class UpdatesAnswer(Wire):
    """`getUpdates`."""

    ok: Literal[True]
    result: list[Update]


class MeAnswer(Wire):
    """`getMe`."""

    ok: Literal[True]
    result: User


class Parameters(Wire):
    """What an error may add so that a program can help itself."""

    retry_after: int | None = None
    migrate_to_chat_id: int | None = None


class ErrorAnswer(Wire):
    """A refusal; `description` is for people and may change."""

    ok: Literal[False]
    error_code: int
    description: str
    parameters: Parameters = Parameters()
