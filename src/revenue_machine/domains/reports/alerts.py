"""Tells the owner what could not wait: each alert once, in the order they were raised."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from revenue_machine.domains.reports import reads, store
from revenue_machine.engine.caps import Ceiling
from revenue_machine.engine.clients import Clients
from revenue_machine.engine.database import Database
from revenue_machine.engine.effects import Outside, Plan
from revenue_machine.engine.gates import Speech
from revenue_machine.integrations.telegram.telegram_client import TelegramClient
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.errors import Failure, OutcomeUnknown
from revenue_machine.kit.messages import split_text

# The owner asked to be told; the ceiling only guards against a loop.
OWNER_CEILING = Ceiling(per_day=200)
TRY_LATER_AFTER = timedelta(minutes=30)


def tell(outside: Outside, client: TelegramClient, key: str, text: str) -> int:
    """Send a text to the owner's chat, in as many messages as it needs; returns how many."""
    parts = split_text(text)
    for number, part in enumerate(parts, start=1):
        outside.perform(
            Plan(
                service="telegram", operation="send", key=f"{key}/{number}", payload={"text": part}, answer=int,
                send=_sender(client, part), speech=Speech("telegram_owner", OWNER_CEILING),
            )
        )  # fmt: skip
    return len(parts)


def _sender(client: TelegramClient, text: str) -> Callable[[str], int]:
    return lambda _key: client.send_message(text)


@dataclass(frozen=True)
class Alerts:
    """Empties the queue of alerts."""

    database: Database
    clock: Clock
    clients: Clients

    def send_due(self, outside: Outside) -> tuple[int, int]:
        """(told, still waiting); without Telegram they wait for the evening report and the dashboard."""
        now = self.clock.now()
        with self.database.reading() as connection:
            due = reads.due_alerts(connection, now)
        client = self.clients.maybe(TelegramClient)
        told = 0
        for alert_id, text in due:
            told += 0 if client is None else self._tell_one(outside, client, alert_id, text)
            if client is None:
                self._delay(alert_id)
        return told, len(due) - told

    def _tell_one(self, outside: Outside, client: TelegramClient, alert_id: str, text: str) -> int:
        try:
            tell(outside, client, f"alert/{alert_id}", text)
        except OutcomeUnknown:
            self._end(alert_id, "unknown")
            return 0
        except Failure:
            self._delay(alert_id)
            return 0
        self._end(alert_id, "sent")
        return 1

    def _end(self, alert_id: str, status: str) -> None:
        with self.database.writing() as connection:
            store.end_alert(connection, alert_id, status, self.clock.now())

    def _delay(self, alert_id: str) -> None:
        with self.database.writing() as connection:
            store.delay_alert(connection, alert_id, self.clock.now() + TRY_LATER_AFTER)
