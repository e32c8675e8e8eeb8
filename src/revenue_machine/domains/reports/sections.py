"""What needs the owner, first in the report, and what went wrong, last."""

from __future__ import annotations

import sqlalchemy as sa

from revenue_machine.domains.reports.reads import alerts_between
from revenue_machine.engine.briefing import Day, section
from revenue_machine.engine.overview import standing

MOST_ALERTS = 6


@section("Needs you", 0)
def needs_you(day: Day, connection: sa.Connection) -> list[str]:
    """Decisions, doubts, dead letters, the switch; or that nothing does."""
    now = standing(connection)
    lines = ["the kill switch is on: nothing spends or speaks (revenue resume)"] if now.is_stopped else []
    if now.first_expires_at is not None:
        expires = now.first_expires_at.astimezone(day.zone)
        lines.append(f"{now.approvals} to decide, the first expires {expires:%d %b %H:%M} (revenue inbox)")
    if now.doubts:
        lines.append(f"{now.doubts} sent without an answer: look whether they arrived (revenue status)")
    if now.dead_letters:
        lines.append(f"{now.dead_letters} dead letters, webhooks or reactions (revenue export dead_letters; revenue retry)")
    return lines or ["nothing"]


@section("Alerts", 90)
def alerts(day: Day, connection: sa.Connection) -> list[str]:
    """What was told or should have been during the day."""
    texts = alerts_between(connection, day.start, day.end)
    more = [f"and {len(texts) - MOST_ALERTS} more"] if len(texts) > MOST_ALERTS else []
    return [*texts[:MOST_ALERTS], *more]
