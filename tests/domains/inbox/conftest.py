"""The owner's chat: what stands in it, a person who taps and writes, and one turn of the machine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from revenue_machine.app import App
from revenue_machine.engine.approvals import Question
from revenue_machine.engine.handwork import HandTask
from revenue_machine.engine.tables import AUDIT
from revenue_machine.integrations.telegram import fake
from revenue_machine.kit.fakeserver import FakeState
from tests.app_fixture import WorldClock

OWNER = 700100200
STRANGER = 999


@dataclass
class Chat:
    """The sandbox's Telegram and the product beside it."""

    app: App
    state: FakeState
    clock: WorldClock

    def turn(self, seconds: float = 1) -> None:
        """Time passes; the machine hears, answers and tells."""
        self.clock.move_to(self.clock.now() + timedelta(seconds=seconds))
        for topic in ("inbox.listen", "inbox.answer", "inbox.tell", "inbox.answer"):
            self.app.inbox.drain()
            self.app.approvals.expire()
            self.app.events.drain()
            envelope = self.app.call(topic)
            assert envelope.ok or (envelope.error is not None and envelope.error.code == "stopped"), envelope

    def ask(self, number: int = 1, text: str | None = None, **more: Any) -> str:
        """File a question; its id."""
        words = {"text": f"Words {number}" if text is None else text, "to": "ada"}
        question = Question("toys.tell", f"k{number}", words, f"Question {number}", "they asked", kind="other", **more)
        with self.app.database.writing() as connection:
            return self.app.approvals.file(connection, question)

    def hand(self, number: int = 1) -> str:
        """Hand a task over; its id."""
        task = HandTask(
            f"task/{number}", "dm.send", "dm_x", f"int/{number}", f"Write to {number}", "Hello Ada", "https://x.com/ada"
        )
        return self.app.handwork.hand_over(task)

    def messages(self) -> list[dict[str, Any]]:
        return fake.public_messages(self.state)

    def last(self) -> dict[str, Any]:
        return self.messages()[-1]

    def about(self, words: str) -> dict[str, Any]:
        """The newest message that holds these words."""
        return [one for one in self.messages() if words in one["text"]][-1]

    def button(self, message: dict[str, Any], label: str) -> str:
        (data,) = [one["data"] for row in message["buttons"] for one in row if one["text"].startswith(label)]
        return str(data)

    def tap(self, message: dict[str, Any], label: str, user_id: int = OWNER, *, after_s: float = 1) -> str | None:
        """Somebody presses a button; what they read."""
        tap = fake.public_tap(self.state, user_id, self.button(message, label), message["message_id"])
        self.turn(after_s)
        return fake.public_notice(self.state, tap)

    def say(self, text: str, user_id: int = OWNER, **place: int) -> list[str]:
        """Somebody writes; what the bot says to it."""
        before = len(self.messages())
        fake.public_say(self.state, user_id, text, **place)
        self.turn()
        return [one["text"] for one in self.messages()[before:]]

    def status(self, approval_id: str) -> str:
        return str(self.app.approvals.find(approval_id)["status"])

    def refusals(self) -> list[tuple[str, str, str]]:
        query = sa.select(AUDIT.c.actor, AUDIT.c.subject, AUDIT.c.outcome).where(AUDIT.c.action == "approval.refused")
        with self.app.database.reading() as connection:
            return [(row[0], row[1], row[2]) for row in connection.execute(query.order_by(AUDIT.c.id))]


@pytest.fixture
def chat(app: App, outside: Any, clock: WorldClock) -> Chat:
    return Chat(app, outside.state("telegram"), clock)


@pytest.fixture
def many(chat: Chat) -> Callable[[int], list[str]]:
    """Files that many questions and shows them."""

    def file(count: int) -> list[str]:
        ids = [chat.ask(number) for number in range(1, count + 1)]
        chat.turn()
        return ids

    return file
