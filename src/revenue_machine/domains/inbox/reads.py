"""What waits to be shown, brought up to date or answered."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.inbox.models import Meaning, Shown, Word
from revenue_machine.domains.inbox.tables import BUTTONS, MESSAGES, WORDS
from revenue_machine.engine.switch import EVERYTHING
from revenue_machine.engine.tables import SWITCHES

_IS_STOPPED = sa.select(SWITCHES.c.name).where(SWITCHES.c.name == EVERYTHING, SWITCHES.c.is_on).exists()
_NEXT_TELL = sa.select(sa.func.min(MESSAGES.c.due_at)).where(MESSAGES.c.status == "waiting", ~_IS_STOPPED)
_NEXT_WORD = sa.select(sa.func.min(WORDS.c.due_at)).where(WORDS.c.status == "waiting")
_NEXT_EDIT = sa.select(sa.func.min(MESSAGES.c.refresh_at))


def next_tell_at(connection: sa.Connection) -> datetime | None:
    """When the next question wants to be shown; never while everything is stopped."""
    found: datetime | None = connection.execute(_NEXT_TELL).scalar()
    return found


def next_answer_at(connection: sa.Connection) -> datetime | None:
    """When the next tap wants its answer or the next message its edit."""
    times = [connection.execute(query).scalar() for query in (_NEXT_WORD, _NEXT_EDIT)]
    return min((one for one in times if one is not None), default=None)


def waiting(connection: sa.Connection, now: datetime) -> list[Shown]:
    """What is to be shown now, money first, then in the order it was asked."""
    query = sa.select(MESSAGES).where(MESSAGES.c.status == "waiting", MESSAGES.c.due_at <= now)
    query = query.order_by(MESSAGES.c.is_money.desc(), MESSAGES.c.created_at, MESSAGES.c.id)
    return [shown(row) for row in connection.execute(query).mappings()]


def to_refresh(connection: sa.Connection, now: datetime) -> list[Shown]:
    """Messages whose question was decided since they were written."""
    query = sa.select(MESSAGES).where(MESSAGES.c.refresh_at <= now).order_by(MESSAGES.c.refresh_at, MESSAGES.c.id)
    return [shown(row) for row in connection.execute(query).mappings()]


def open_words(connection: sa.Connection, now: datetime) -> list[Word]:
    """Taps and texts nobody dealt with, in the order they came."""
    query = sa.select(WORDS).where(WORDS.c.status == "waiting", WORDS.c.due_at <= now).order_by(WORDS.c.created_at, WORDS.c.id)
    names = ("id", "kind", "user_id", "is_bot", "chat_id", "telegram_message_id", "callback_id", "data", "text")
    return [Word(**{name: row[name] for name in names}) for row in connection.execute(query).mappings()]


def shown_since(connection: sa.Connection, since: datetime) -> list[datetime]:
    """When messages were sent after an instant, oldest first."""
    query = sa.select(MESSAGES.c.shown_at).where(
        MESSAGES.c.shown_at > since, sa.or_(MESSAGES.c.digest_id.is_(None), MESSAGES.c.kind == "digest")
    )
    return list(connection.execute(query.order_by(MESSAGES.c.shown_at)).scalars())


def by_id(connection: sa.Connection, message_id: str) -> Shown | None:
    """A message of ours."""
    return _one(connection, MESSAGES.c.id == message_id)


def by_telegram_id(connection: sa.Connection, telegram_message_id: int | None) -> Shown | None:
    """The message of ours that stands under a number in Telegram."""
    return None if telegram_message_id is None else _one(connection, MESSAGES.c.telegram_message_id == telegram_message_id)


def by_subject(connection: sa.Connection, subject_id: str) -> Shown | None:
    """The row of a question or a task."""
    return _one(connection, MESSAGES.c.subject_id == subject_id)


def open_digest(connection: sa.Connection) -> Shown | None:
    """The digest that still has something to decide."""
    return _one(connection, sa.and_(MESSAGES.c.kind == "digest", MESSAGES.c.status.in_(("waiting", "sent"))))


def listed_in(connection: sa.Connection, digest_id: str) -> list[Shown]:
    """The questions whose words a digest shows, whatever became of them, in its order."""
    query = sa.select(MESSAGES).where(MESSAGES.c.digest_id == digest_id, MESSAGES.c.place.is_not(None))
    return [shown(row) for row in connection.execute(query.order_by(MESSAGES.c.place, MESSAGES.c.id)).mappings()]


def counted_in(connection: sa.Connection, digest_id: str) -> list[Shown]:
    """What a digest only counts and nobody decided yet."""
    query = sa.select(MESSAGES).where(MESSAGES.c.digest_id == digest_id, MESSAGES.c.status == "counted")
    return [shown(row) for row in connection.execute(query.order_by(MESSAGES.c.created_at, MESSAGES.c.id)).mappings()]


def meaning(connection: sa.Connection, nonce_hash: str) -> Meaning | None:
    """What a button stands for."""
    row = connection.execute(sa.select(BUTTONS).where(BUTTONS.c.nonce_hash == nonce_hash)).mappings().first()
    message = None if row is None else by_id(connection, row["message_id"])
    if row is None or message is None:
        return None
    return Meaning(message, row["action"], tuple((pair[0], pair[1]) for pair in row["subjects"]))


def _one(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> Shown | None:
    row = connection.execute(sa.select(MESSAGES).where(condition).order_by(MESSAGES.c.id)).mappings().first()
    return None if row is None else shown(row)


def shown(row: Any) -> Shown:
    """A row as a value."""
    names = ("id", "kind", "subject_id", "digest_id", "place", "status", "telegram_message_id", "version", "is_money")
    return Shown(**{name: row[name] for name in names})
