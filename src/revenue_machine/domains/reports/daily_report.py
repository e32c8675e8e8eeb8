"""The evening report: what needs you first, then money, people, posts and the day's steps; at most one message long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from revenue_machine.domains.reports import store
from revenue_machine.domains.reports.alerts import tell
from revenue_machine.engine.audit import Audit
from revenue_machine.engine.briefing import Briefing
from revenue_machine.engine.clients import Clients
from revenue_machine.engine.database import Database
from revenue_machine.engine.effects import Outside
from revenue_machine.integrations.telegram.telegram_client import TelegramClient
from revenue_machine.kit.clock import Clock


@dataclass(frozen=True)
class DailyReport:
    """Composes the report of a date once and tells it."""

    database: Database
    clock: Clock
    audit: Audit
    briefing: Briefing
    clients: Clients

    def compose(self, day: date) -> str:
        """The report as it would read now; nothing is kept."""
        with self.database.reading() as connection:
            return report_of(day, self.briefing.blocks(connection, day))

    def keep(self, day: date) -> str:
        """Compose and keep; a date that has a report keeps the one it has."""
        text = self.compose(day)
        sequence, head = self.audit.head()
        with self.database.writing() as connection:
            return store.keep_report(
                connection, self.database, report_date=day, text=text, footer=f"audit {sequence} {head}", now=self.clock.now()
            )

    def send(self, outside: Outside, day: date) -> tuple[str, int]:
        """(text, messages sent); without Telegram it stays in the tables, the dashboard and `revenue report`."""
        text = self.keep(day)
        client = self.clients.maybe(TelegramClient)
        return text, 0 if client is None else tell(outside, client, f"report/{day.isoformat()}", text)


def report_of(day: date, blocks: Sequence[tuple[str, Sequence[str]]]) -> str:
    """Title, then each block under its own heading."""
    parts = [f"{day:%A} {day.day} {day:%B %Y}"]
    parts += ["\n".join([title.upper(), *(f"  {line}" for line in lines)]) for title, lines in blocks]
    return "\n\n".join(parts)
