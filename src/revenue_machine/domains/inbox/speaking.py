"""Writes to the owner's chat: each message once, edits and answers as often as they are safe to repeat."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from revenue_machine.domains.inbox import store
from revenue_machine.domains.inbox.models import Shown, Word
from revenue_machine.engine.caps import Ceiling
from revenue_machine.engine.database import Database
from revenue_machine.engine.effects import Outside, Plan
from revenue_machine.engine.gates import Speech
from revenue_machine.integrations.telegram.telegram_client import MAX_NOTICE, Button, TelegramClient
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.ids import content_hash, random_token
from revenue_machine.kit.messages import split_text
from revenue_machine.kit.settings import Settings

# Far above what the hourly limit lets through; it only guards against a loop.
TELLING = Speech("telegram_inbox", Ceiling(per_day=300))
ANSWERING = Speech("telegram_answers", Ceiling(per_day=3000), answers_owner=True)
Buttons = Sequence[Sequence[tuple[str, str, Sequence[tuple[str, str]]]]]


@dataclass(frozen=True)
class Voice:
    """The bot's mouth for the inbox; a button is (label, action, (id, hash of what was shown) pairs)."""

    database: Database
    clock: Clock
    settings: Settings

    def show(self, outside: Outside, client: TelegramClient, message: Shown, text: str, buttons: Buttons) -> int:
        """Send a message of ours with its buttons; the number it has in Telegram."""
        plan = Plan(
            service="telegram", operation="show", key=message.id, payload={"message": message.id}, answer=int,
            send=lambda _key: client.send_message(text, buttons=self.keyboard(message, buttons)), speech=TELLING,
        )  # fmt: skip
        return outside.perform(plan)

    def rewrite(self, outside: Outside, client: TelegramClient, message: Shown, text: str, keyboard: list[list[Button]]) -> None:
        """Put another text and other buttons where a message of ours stands."""
        number = message.telegram_message_id
        if number is None:
            return

        def send(_key: str) -> bool:
            client.edit_message(number, _whole(text), buttons=keyboard)
            return True

        said = {"text": content_hash(text), "buttons": content_hash([one.data for row in keyboard for one in row])}
        self._answer(outside, f"edit/{message.id}/{content_hash(said)[:16]}", said, send)

    def notice(self, outside: Outside, client: TelegramClient, word: Word, text: str) -> None:
        """Tell whoever tapped what came of it."""

        def send(_key: str) -> bool:
            client.answer_callback(str(word.callback_id), text[:MAX_NOTICE])
            return True

        self._answer(outside, f"notice/{word.id}", {"word": word.id}, send)

    def reply(self, outside: Outside, client: TelegramClient, word: Word, text: str) -> None:
        """Answer a text with a text, once."""

        def send(_key: str) -> bool:
            client.send_message(_whole(text))
            return True

        plan = Plan("telegram", "reply", word.id, {"word": word.id}, bool, send, speech=ANSWERING)
        outside.perform(plan)

    def _answer(self, outside: Outside, key: str, payload: dict[str, Any], send: Callable[[str], bool]) -> None:
        outside.perform(Plan("telegram", "answer", key, payload, bool, send, repeats_safely=True, speech=ANSWERING))

    def keyboard(self, message: Shown, buttons: Buttons) -> list[list[Button]]:
        """Each button gets a nonce of its own, kept as its hash together with what it means."""
        rows = [[(label, self.nonce(message, action), action, subjects) for label, action, subjects in row] for row in buttons]
        meanings = [(nonce, action, subjects) for row in rows for _, nonce, action, subjects in row]
        with self.database.writing() as connection:
            store.put_buttons(connection, self.database, message.id, meanings, self.clock.now())
        return [[Button(label, nonce) for label, nonce, _, _ in row] for row in rows]

    def nonce(self, message: Shown, action: str) -> str:
        """Random; in a rehearsal it follows from the seed like everything else."""
        if self.settings.mode == "sandbox":
            return content_hash(f"button/{self.settings.seed}/{message.id}/{message.version}/{action}")[:48]
        return random_token("b")


def _whole(text: str) -> str:
    """What fits into one message."""
    return split_text(text)[0]
