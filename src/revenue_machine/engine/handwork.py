"""What the owner does by hand: the exact words, where to put them, and one button that says it was done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from revenue_machine.engine.audit import Audit
from revenue_machine.engine.caps import give_back
from revenue_machine.engine.database import Database
from revenue_machine.engine.events import Events
from revenue_machine.engine.tables import HAND_TASKS
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.errors import Conflict, NotFound
from revenue_machine.kit.ids import content_hash, make_id

STAYS_OPEN = timedelta(hours=48)
# Built once: every tick asks it.
_LATE = (
    sa.select(HAND_TASKS)
    .where(HAND_TASKS.c.status == "open", HAND_TASKS.c.expires_at <= sa.bindparam("now", type_=HAND_TASKS.c.expires_at.type))
    .order_by(HAND_TASKS.c.id)
)


@dataclass(frozen=True)
class HandTask:
    """One thing to do by hand.

    `key` is its business key, `topic` who handed it over, `intent_key` the effect whose place in the ceilings it holds: given
    back when the owner does not do it. `link` is where the text goes.
    """

    key: str
    topic: str
    channel: str
    intent_key: str
    title: str
    text: str
    link: str
    contact_id: str | None = None


class Handwork:
    """Hands tasks to the owner and hears what became of them."""

    def __init__(self, database: Database, clock: Clock, audit: Audit, events: Events) -> None:
        self._database, self._clock, self._audit, self._events = database, clock, audit, events

    def hand_over(self, task: HandTask) -> str:
        """Put a task before the owner, the same key once. Returns its id."""
        now, task_id = self._clock.now(), make_id("hand", task.key)
        row = {
            "id": task_id, "key": task.key, "topic": task.topic, "channel": task.channel, "contact_id": task.contact_id,
            "intent_key": task.intent_key, "title": task.title, "text": task.text, "text_hash": content_hash(task.text),
            "link": task.link, "status": "open", "created_at": now, "expires_at": now + STAYS_OPEN,
        }  # fmt: skip
        with self._database.writing() as connection:
            if self._database.put(connection, HAND_TASKS, row, ["key"]):
                self._audit.note(connection, "machine", "hand_task.open", task_id, "open", detail=task.text)
                facts = {"task_id": task_id, "topic": task.topic, "channel": task.channel}
                self._events.emit(connection, "hand_task.opened", task_id, facts)
        return task_id

    def cards(self, status: str | None = "open") -> list[dict[str, Any]]:
        """Tasks as a person sees them, oldest first."""
        self.expire()
        query = sa.select(HAND_TASKS).order_by(HAND_TASKS.c.created_at, HAND_TASKS.c.id)
        if status is not None:
            query = query.where(HAND_TASKS.c.status == status)
        with self._database.reading() as connection:
            return [_card(dict(row)) for row in connection.execute(query).mappings()]

    def find(self, task_id: str) -> dict[str, Any]:
        """One task, whatever became of it; `not_found`."""
        self.expire()
        with self._database.reading() as connection:
            row = connection.execute(sa.select(HAND_TASKS).where(HAND_TASKS.c.id == task_id)).mappings().first()
        if row is None:
            raise NotFound(f"there is no task {task_id}", field="id")
        return _card(dict(row))

    def close(self, task_id: str, *, is_done: bool, text_hash: str, actor: str) -> dict[str, Any]:
        """The owner did it, or says he will not; the same word twice is one.

        Raises: not_found; conflict when another text was meant or the task ended otherwise.
        """
        self.expire()
        outcome = "done" if is_done else "dropped"
        with self._database.writing() as connection:
            row = connection.execute(sa.select(HAND_TASKS).where(HAND_TASKS.c.id == task_id).with_for_update()).mappings().first()
            if row is None:
                raise NotFound(f"there is no task {task_id}", field="id")
            if row["text_hash"] != text_hash:
                raise Conflict("that is not the text of this task; look again", field="text_hash")
            if row["status"] not in ("open", outcome):
                raise Conflict(f"this task was already {row['status']}", status=row["status"])
            if row["status"] == "open":
                self._end(connection, dict(row), outcome, actor)
        return {"id": task_id, "status": outcome}

    def expire(self) -> int:
        """A task nobody did in two days is given up; returns how many."""
        now = self._clock.now()
        with self._database.reading() as connection:
            if connection.execute(_LATE, {"now": now}).first() is None:
                return 0
        with self._database.writing() as connection:
            rows = connection.execute(_LATE.with_for_update(), {"now": now}).mappings().all()
            for row in rows:
                self._end(connection, dict(row), "expired", "clock")
        return len(rows)

    def withdraw(self, connection: sa.Connection, key: str) -> bool:
        """Take back a task nobody did yet, in the caller's transaction: what it was for is over. Whether it was open."""
        query = sa.select(HAND_TASKS).where(HAND_TASKS.c.key == key, HAND_TASKS.c.status == "open").with_for_update()
        row = connection.execute(query).mappings().first()
        if row is not None:
            self._end(connection, dict(row), "dropped", "machine")
        return row is not None

    def _end(self, connection: sa.Connection, row: dict[str, Any], outcome: str, actor: str) -> None:
        now: datetime = self._clock.now()
        ended = {"status": outcome, "closed_at": now, "closed_by": actor}
        connection.execute(HAND_TASKS.update().where(HAND_TASKS.c.id == row["id"]).values(**ended))
        if outcome != "done":
            give_back(connection, row["intent_key"])
        self._audit.note(connection, actor, f"hand_task.{outcome}", row["id"], outcome, detail=row["text"])
        facts = {
            "task_id": row["id"], "key": row["key"], "topic": row["topic"], "channel": row["channel"],
            "contact_id": row["contact_id"], "outcome": outcome,
        }  # fmt: skip
        self._events.emit(connection, "hand_task.closed", row["id"], facts)


def _card(row: dict[str, Any]) -> dict[str, Any]:
    shown = ("id", "topic", "channel", "contact_id", "title", "text", "text_hash", "link", "status", "closed_by")
    times = ("created_at", "expires_at", "closed_at")
    return {name: row[name] for name in shown} | {name: None if row[name] is None else row[name].isoformat() for name in times}
