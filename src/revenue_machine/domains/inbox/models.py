"""What is shown, what comes back, and how the inbox topics answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import Field

from revenue_machine.engine.topic import Args, Result


@dataclass(frozen=True)
class Shown:
    """A message of ours as the table has it."""

    id: str
    kind: str
    subject_id: str | None
    digest_id: str | None
    place: int | None
    status: str
    telegram_message_id: int | None
    version: int
    is_money: bool


@dataclass(frozen=True)
class Meaning:
    """What a button stands for: an action on (id, hash of what was shown) pairs, under one message."""

    message: Shown
    action: str
    subjects: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Word:
    """Something a person did in a chat: a tap on a button, or a text (maybe in answer to a message of ours)."""

    id: str
    kind: str
    user_id: int
    is_bot: bool
    chat_id: int
    telegram_message_id: int | None
    callback_id: str | None
    data: str | None
    text: str | None

    @property
    def actor(self) -> str:
        return f"telegram:{self.user_id}"


@dataclass(frozen=True)
class Item:
    """A question or a task as one shows it: its row and its card."""

    message: Shown
    card: dict[str, Any]

    @property
    def is_open(self) -> bool:
        return self.card["status"] in {"pending", "open"}


class TellResult(Result):
    """Messages sent: single cards, digests; and rows that still wait for their turn."""

    cards: int
    digests: int
    waiting: int


class AnswerResult(Result):
    """Taps and texts dealt with, messages brought up to date."""

    words: int
    edits: int


class ListenArgs(Args):
    """How long Telegram may hold the line when nothing happened yet."""

    wait_s: int = Field(default=0, ge=0, le=25)


class ListenResult(Result):
    """Updates that were new."""

    new: int
