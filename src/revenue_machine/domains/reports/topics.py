"""Reports as topics (seed §4.10)."""

from __future__ import annotations

from collections import Counter
from datetime import date

from revenue_machine.domains.reports.alerts import Alerts, tell
from revenue_machine.domains.reports.daily_report import DailyReport
from revenue_machine.domains.reports.models import ReportResult, SendArgs, SendResult, SummaryResult
from revenue_machine.domains.routine.reads import calls_of
from revenue_machine.engine.call import Call
from revenue_machine.engine.database import Database
from revenue_machine.engine.effects import Outside
from revenue_machine.engine.topic import Effect, NoArgs, topic
from revenue_machine.integrations.telegram.telegram_client import TelegramClient
from revenue_machine.kit.clock import Clock, local_date
from revenue_machine.kit.settings import Settings


@topic("telegram.send", effect=Effect.SPEAKS, section="definitions §0.3")
def send(args: SendArgs, call: Call, alerts: Alerts, outside: Outside, telegram: TelegramClient) -> SendResult:
    """Send the owner a text; without one, whatever waits in the queue of alerts.

    Returns: messages sent.
    Raises: not_configured (no Telegram); outcome_unknown (sent, no answer: never sent again).
    """
    if args.text is None:
        told, _waiting = alerts.send_due(outside)
        return SendResult(messages=told)
    return SendResult(messages=tell(outside, telegram, call.key, args.text))


@topic("telegram.daily_report", effect=Effect.SPEAKS, section="§4.10")
def daily_report(args: NoArgs, call: Call, report: DailyReport, outside: Outside, clock: Clock, settings: Settings) -> ReportResult:
    """Compose the day's report, keep it, and send it to the owner.

    Returns: its length and the messages it took; 0 messages when Telegram is not set up.
    """
    text, messages = report.send(outside, day_of(call, clock, settings))
    return ReportResult(characters=len(text), messages=messages)


@topic("orchestrator.daily_summary", effect=Effect.READS, section="§4.10")
def daily_summary(args: NoArgs, call: Call, database: Database, clock: Clock, settings: Settings) -> SummaryResult:
    """Count how the day's calls ended."""
    with database.reading() as connection:
        counts = Counter(one.status.value for one in calls_of(connection, day_of(call, clock, settings)))
    return SummaryResult(**{name: counts[name] for name in SummaryResult.model_fields})


def day_of(call: Call, clock: Clock, settings: Settings) -> date:
    """The run's date, or today."""
    return call.run_date or local_date(clock.now(), settings.zone)
