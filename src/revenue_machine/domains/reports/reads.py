"""Reports and alerts."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa

from revenue_machine.domains.reports.tables import ALERTS, REPORTS

_NEXT_ALERT = sa.select(sa.func.min(ALERTS.c.due_at)).where(ALERTS.c.status == "waiting")


def report_text(connection: sa.Connection, report_date: date) -> str | None:
    """The report of a date as it was sent."""
    return connection.execute(sa.select(REPORTS.c.text).where(REPORTS.c.report_date == report_date)).scalar()


def report_dates(connection: sa.Connection) -> list[date]:
    """Dates that have a report, oldest first."""
    return list(connection.execute(sa.select(REPORTS.c.report_date).order_by(REPORTS.c.report_date)).scalars())


def due_alerts(connection: sa.Connection, now: datetime) -> list[tuple[str, str]]:
    """(id, text) of alerts to tell now, in the order they were raised."""
    query = sa.select(ALERTS.c.id, ALERTS.c.text).where(ALERTS.c.status == "waiting", ALERTS.c.due_at <= now)
    return [(row[0], row[1]) for row in connection.execute(query.order_by(ALERTS.c.raised_at, ALERTS.c.id))]


def next_alert_at(connection: sa.Connection) -> datetime | None:
    """When the next alert wants to be told."""
    found: datetime | None = connection.execute(_NEXT_ALERT).scalar()
    return found


def alerts_between(connection: sa.Connection, start: datetime, end: datetime) -> list[str]:
    """Texts of alerts raised in [start, end)."""
    query = sa.select(ALERTS.c.text).where(ALERTS.c.raised_at >= start, ALERTS.c.raised_at < end)
    return list(connection.execute(query.order_by(ALERTS.c.raised_at, ALERTS.c.id)).scalars())
