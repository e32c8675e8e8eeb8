"""Inputs and answers of the report topics."""

from __future__ import annotations

from pydantic import Field

from revenue_machine.engine.topic import Args, Result


class SendArgs(Args):
    """Text for the owner's chat, split at line ends when it is long; none empties the queue of alerts."""

    text: str | None = Field(default=None, min_length=1, max_length=40_000)


class SendResult(Result):
    """How many messages went out; 0 when Telegram is not set up."""

    messages: int


class ReportResult(Result):
    """Length of the report and how many messages carried it."""

    characters: int
    messages: int


class SummaryResult(Result):
    """How the day's calls ended."""

    ok: int
    retried: int
    skipped: int
    not_configured: int
    awaiting_approval: int
    outcome_unknown: int
    failed: int


class AlertsResult(Result):
    """Alerts told and alerts that could not be."""

    sent: int
    waiting: int
