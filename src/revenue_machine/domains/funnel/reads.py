"""Funnel snapshots for reports and for whatever depends on the phase."""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.funnel.models import DayCount, Phase
from revenue_machine.domains.funnel.tables import FUNNEL_SNAPSHOTS

_F = FUNNEL_SNAPSHOTS.c


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
    """The phase of the newest snapshot; 1 before the first."""
    found: Phase | None = connection.execute(sa.select(_F.phase).order_by(_F.snapshot_date.desc(), _F.id)).scalar()
    return found or 1
