"""Every write of the funnel table, by date."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.funnel.models import FunnelDay, Steps
from revenue_machine.domains.funnel.rules import rates_of
from revenue_machine.domains.funnel.tables import FUNNEL_SNAPSHOTS
from revenue_machine.engine.database import Database
from revenue_machine.kit.ids import make_id


def keep_day(database: Database, connection: sa.Connection, funnel_day: FunnelDay, now: datetime) -> None:
    """Write a date's row; a later look at the same date replaces it."""
    row = {
        "id": make_id("fun", funnel_day.day.isoformat()), "snapshot_date": funnel_day.day,
        "paying_users": funnel_day.count.paying_users, "stripe_paying_users": funnel_day.stripe_paying_users,
        "is_stale": funnel_day.count.is_stale, "mrr_micro_usd": funnel_day.mrr_micro_usd, "phase": funnel_day.phase,
        **_step_columns(funnel_day.steps), "trial_to_paid": funnel_day.trial_to_paid.rate,
        "trial_cohort": funnel_day.trial_to_paid.whole, "month1_retention": funnel_day.month1.rate,
        "month1_cohort": funnel_day.month1.whole, "phase_held": funnel_day.held, "actions": funnel_day.actions,
        "forecast": funnel_day.forecast, "created_at": now, "updated_at": now,
    }  # fmt: skip
    fresh = [name for name in row if name not in ("id", "snapshot_date", "created_at")]
    database.put(connection, FUNNEL_SNAPSHOTS, row, ["snapshot_date"], fresh)


def keep_forecast(connection: sa.Connection, day: date, ahead: dict[str, Any]) -> None:
    """What lies ahead as the row of a date saw it."""
    connection.execute(FUNNEL_SNAPSHOTS.update().where(FUNNEL_SNAPSHOTS.c.snapshot_date == day).values(forecast=ahead))


def finish_day(connection: sa.Connection, day: date, steps: Steps, actions: dict[str, Any], now: datetime) -> None:
    """Bring the counts of a date that is over up to its end; payers and phase stay as the snapshot saw them."""
    values = {**_step_columns(steps), "actions": actions, "updated_at": now}
    connection.execute(FUNNEL_SNAPSHOTS.update().where(FUNNEL_SNAPSHOTS.c.snapshot_date == day).values(**values))


def _step_columns(steps: Steps) -> dict[str, float | None]:
    return {
        "impressions": steps.impressions, "clicks": steps.clicks, "signups": steps.signups, "trials": steps.trials,
        "purchases": steps.purchases, **rates_of(steps),
    }  # fmt: skip
