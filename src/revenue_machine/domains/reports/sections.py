"""What needs the owner, first in the report, and what went wrong, last."""

from __future__ import annotations

import sqlalchemy as sa

from revenue_machine.domains.reports.reads import alerts_between
from revenue_machine.engine.briefing import Day, section
from revenue_machine.engine.switch import EVERYTHING
from revenue_machine.engine.tables import APPROVALS, HOOK_INBOX, INTENTS, SWITCHES

MOST_ALERTS = 6


@section("Needs you", 0)
def needs_you(day: Day, connection: sa.Connection) -> list[str]:
    """Decisions, doubts, dead letters, the switch; or that nothing does."""
    waiting = _count(connection, APPROVALS, APPROVALS.c.status == "pending")
    doubts = _count(connection, INTENTS, INTENTS.c.state == "unknown")
    dead = _count(connection, HOOK_INBOX, HOOK_INBOX.c.status == "dead")
    stopped = connection.execute(sa.select(SWITCHES.c.is_on).where(SWITCHES.c.name == EVERYTHING)).scalar()
    lines = ["the kill switch is on: nothing spends or speaks (revenue resume)"] if stopped else []
    if waiting:
        first = connection.execute(
            sa.select(sa.func.min(APPROVALS.c.expires_at)).where(APPROVALS.c.status == "pending")
        ).scalar_one()
        lines.append(f"{waiting} to decide, the first expires {first.astimezone(day.zone):%d %b %H:%M} (revenue inbox)")
    if doubts:
        lines.append(f"{doubts} sent without an answer: look whether they arrived (revenue status)")
    if dead:
        lines.append(f"{dead} webhooks could not be read (revenue export dead_letters)")
    return lines or ["nothing"]


@section("Alerts", 90)
def alerts(day: Day, connection: sa.Connection) -> list[str]:
    """What was told or should have been during the day."""
    texts = alerts_between(connection, day.start, day.end)
    more = [f"and {len(texts) - MOST_ALERTS} more"] if len(texts) > MOST_ALERTS else []
    return [*texts[:MOST_ALERTS], *more]


def _count(connection: sa.Connection, table: sa.Table, condition: sa.ColumnElement[bool]) -> int:
    return int(connection.execute(sa.select(sa.func.count()).select_from(table).where(condition)).scalar_one())
