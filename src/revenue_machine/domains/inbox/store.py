"""Writes what is shown, which buttons stand under it, and what came back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.inbox import reads
from revenue_machine.domains.inbox.models import Shown
from revenue_machine.domains.inbox.tables import BUTTONS, MESSAGES, WORDS
from revenue_machine.engine.database import Database
from revenue_machine.kit.ids import content_hash, make_id


def lay(
    connection: sa.Connection, database: Database, *, kind: str, subject_id: str, now: datetime, is_money: bool = False
) -> None:
    """A question or task that wants to be shown, each once."""
    row = {
        "id": make_id("msg", kind, subject_id), "kind": kind, "subject_id": subject_id, "status": "waiting", "version": 0,
        "is_money": is_money, "created_at": now, "due_at": now,
    }  # fmt: skip
    database.put(connection, MESSAGES, row, ["id"])


def lay_digest(
    connection: sa.Connection, database: Database, listed: Sequence[Shown], counted: Sequence[Shown], now: datetime
) -> str:
    """One message for many rows, which no longer wait for one of their own. Returns its id."""
    digest_id = make_id("msg", "digest", *(one.id for one in (*listed, *counted)), *(one.version for one in (*listed, *counted)))
    row = {
        "id": digest_id,
        "kind": "digest",
        "status": "waiting",
        "version": 0,
        "is_money": False,
        "created_at": now,
        "due_at": now,
    }
    database.put(connection, MESSAGES, row, ["id"])
    for place, one in enumerate(listed, start=1):
        change(connection, [one.id], status="listed", digest_id=digest_id, place=place, due_at=None)
    change(connection, [one.id for one in counted], status="counted", digest_id=digest_id, due_at=None)
    return digest_id


def change(connection: sa.Connection, ids: Sequence[str], **values: Any) -> None:
    """Set columns of some messages."""
    if ids:
        connection.execute(MESSAGES.update().where(MESSAGES.c.id.in_(list(ids))).values(**values))


def count_on(connection: sa.Connection, digest_id: str, more: Sequence[Shown], now: datetime) -> None:
    """Rows that came after a digest are counted in it."""
    change(connection, [one.id for one in more], status="counted", digest_id=digest_id, due_at=None)
    change(connection, [digest_id], refresh_at=now)


def wait_again(connection: sa.Connection, digest_id: str, now: datetime) -> int:
    """What a digest only counted wants to be shown after all; how many rows."""
    mine = [MESSAGES.c.status == "counted", MESSAGES.c.digest_id == digest_id]
    values = {"status": "waiting", "digest_id": None, "due_at": now, "version": MESSAGES.c.version + 1}
    return int(connection.execute(MESSAGES.update().where(*mine).values(**values)).rowcount)


def delay(connection: sa.Connection, until: datetime) -> None:
    """Whatever waits waits a little longer."""
    connection.execute(MESSAGES.update().where(MESSAGES.c.status == "waiting", MESSAGES.c.due_at < until).values(due_at=until))


def put_off(connection: sa.Connection, until: datetime) -> None:
    """Taps, texts and edits wait a little longer."""
    connection.execute(WORDS.update().where(WORDS.c.status == "waiting", WORDS.c.due_at < until).values(due_at=until))
    connection.execute(MESSAGES.update().where(MESSAGES.c.refresh_at < until).values(refresh_at=until))


def settled(connection: sa.Connection, subject_id: str, now: datetime) -> None:
    """A question or task came to its end: whatever shows it is to say so."""
    row = reads.by_subject(connection, subject_id)
    if row is None or row.status == "closed":
        return
    if row.status in {"sent", "unknown"}:
        change(connection, [row.id], refresh_at=now)
        return
    change(connection, [row.id], status="closed", closed_at=now, due_at=None)
    if row.digest_id is not None:
        change(connection, [row.digest_id], refresh_at=now)


def put_buttons(
    connection: sa.Connection, database: Database, message_id: str, buttons: Sequence[tuple[str, str, Any]], now: datetime
) -> None:
    """(nonce, action, subjects) of the buttons a message is about to carry; those it carried before mean nothing any more."""
    connection.execute(BUTTONS.delete().where(BUTTONS.c.message_id == message_id))
    rows = [_button(nonce, message_id, action, subjects, now) for nonce, action, subjects in buttons]
    database.put(connection, BUTTONS, rows, ["nonce_hash"])


def _button(nonce: str, message_id: str, action: str, subjects: Sequence[tuple[str, str]], now: datetime) -> dict[str, Any]:
    pairs = [list(one) for one in subjects]
    return {"nonce_hash": content_hash(nonce), "message_id": message_id, "action": action, "subjects": pairs, "created_at": now}


def use_button(connection: sa.Connection, nonce_hash: str, now: datetime) -> None:
    """It did what it stands for."""
    connection.execute(BUTTONS.update().where(BUTTONS.c.nonce_hash == nonce_hash).values(used_at=now))


def keep_word(connection: sa.Connection, database: Database, row: dict[str, Any], now: datetime) -> None:
    """A tap or a text, each once."""
    database.put(connection, WORDS, {**row, "status": "waiting", "created_at": now, "due_at": now}, ["id"])


def end_word(connection: sa.Connection, word_id: str, outcome: str, now: datetime) -> None:
    """Dealt with; what a button carried is not kept."""
    values = {"status": "done", "outcome": outcome, "due_at": None, "done_at": now, "data": None}
    connection.execute(WORDS.update().where(WORDS.c.id == word_id).values(**values))
