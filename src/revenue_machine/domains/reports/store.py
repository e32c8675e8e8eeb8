"""Keeps reports and alerts."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa

from revenue_machine.domains.reports.tables import ALERTS, REPORTS
from revenue_machine.engine.database import Database
from revenue_machine.kit.ids import make_id


def keep_report(connection: sa.Connection, database: Database, *, report_date: date, text: str, footer: str, now: datetime) -> str:
    """Keep the report of a date; a repetition finds the first text, so what was sent is what stands."""
    row = {"report_date": report_date, "text": text, "footer": footer, "created_at": now}
    database.put(connection, REPORTS, row, ["report_date"])
    kept: str = connection.execute(sa.select(REPORTS.c.text).where(REPORTS.c.report_date == report_date)).scalar_one()
    return kept


def raise_alert(connection: sa.Connection, database: Database, *, key: str, kind: str, text: str, at: datetime) -> None:
    """One alert per key."""
    row = {
        "id": make_id("alr", key),
        "kind": kind,
        "text": text,
        "status": "waiting",
        "raised_at": at,
        "due_at": at,
        "sent_at": None,
    }
    database.put(connection, ALERTS, row, ["id"])


def end_alert(connection: sa.Connection, alert_id: str, status: str, at: datetime) -> None:
    """Told, or written off (`unknown`: it may have been told)."""
    connection.execute(ALERTS.update().where(ALERTS.c.id == alert_id).values(status=status, due_at=None, sent_at=at))


def delay_alert(connection: sa.Connection, alert_id: str, due_at: datetime) -> None:
    """Try again later."""
    connection.execute(ALERTS.update().where(ALERTS.c.id == alert_id).values(due_at=due_at))
