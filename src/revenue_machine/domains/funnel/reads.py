"""Funnel snapshots for reports and for whatever depends on the phase."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.funnel.models import DayCount, Phase, Share
from revenue_machine.domains.funnel.tables import FUNNEL_SNAPSHOTS

_F = FUNNEL_SNAPSHOTS.c
WINDOW_DAYS = 28


def snapshot(connection: sa.Connection, day: date) -> dict[str, Any] | None:
    """The row of a date."""
    row = connection.execute(sa.select(FUNNEL_SNAPSHOTS).where(_F.snapshot_date == day)).mappings().first()
    return dict(row) if row else None


def history_before(connection: sa.Connection, day: date, most: int = 60) -> list[tuple[DayCount, Phase]]:
    """Counts and phases of the newest dates before a date, oldest first."""
    query = sa.select(_F.snapshot_date, _F.paying_users, _F.is_stale, _F.phase).where(_F.snapshot_date < day)
    rows = list(connection.execute(query.order_by(_F.snapshot_date.desc(), _F.id).limit(most)))
    return [(DayCount(row[0], row[1], row[2]), row[3]) for row in reversed(rows)]


def current_phase(connection: sa.Connection) -> Phase:
    """The phase the rule means by the newest snapshot; 1 before the first. What holds is in `phase.reads`."""
    found: Phase | None = connection.execute(sa.select(_F.phase).order_by(_F.snapshot_date.desc(), _F.id)).scalar()
    return found or 1


def newest(connection: sa.Connection) -> dict[str, Any] | None:
    """The row of the newest date."""
    row = connection.execute(sa.select(FUNNEL_SNAPSHOTS).order_by(_F.snapshot_date.desc(), _F.id).limit(1)).mappings().first()
    return dict(row) if row else None


def rows_between(connection: sa.Connection, start: date, end: date) -> list[dict[str, Any]]:
    """The rows of the dates start to end, both included, oldest first."""
    query = sa.select(FUNNEL_SNAPSHOTS).where(_F.snapshot_date >= start, _F.snapshot_date <= end)
    return [dict(row) for row in connection.execute(query.order_by(_F.snapshot_date, _F.id)).mappings()]


def shares(connection: sa.Connection, day: date) -> dict[str, Share]:
    """The five shares as they stand on a date: the first three over its last 28 days, the others by their cohorts."""
    rows = rows_between(connection, day - timedelta(days=WINDOW_DAYS - 1), day)
    if not rows:
        return {}
    total = {name: sum(row[name] or 0 for row in rows) for name in ("impressions", "clicks", "signups", "trials")}
    last = rows[-1]
    return {
        "impression_to_click": Share(total["clicks"], total["impressions"]),
        "click_to_signup": Share(total["signups"], total["clicks"]),
        "signup_to_trial": Share(total["trials"], total["signups"]),
        "trial_to_paid": _cohort(last["trial_to_paid"], last["trial_cohort"]),
        "month1_retention": _cohort(last["month1_retention"], last["month1_cohort"]),
    }


def _cohort(rate: float | None, whole: int) -> Share:
    return Share(round((rate or 0.0) * whole), whole)


def days_known(connection: sa.Connection, day: date) -> int:
    """How many days lie between the first snapshot and a date, that date included; 0 before the first."""
    first: date | None = connection.execute(sa.select(sa.func.min(_F.snapshot_date))).scalar()
    return 0 if first is None or first > day else (day - first).days + 1
