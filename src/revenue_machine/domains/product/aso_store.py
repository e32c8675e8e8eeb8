"""Writes App Store experiments and the store's daily figures, each by its natural key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.product.aso_models import Status
from revenue_machine.domains.product.aso_rules import ENDS, MOVES
from revenue_machine.domains.product.tables import ASO_DAYS, ASO_EXPERIMENTS, ASO_REPORTS
from revenue_machine.engine.database import Database
from revenue_machine.kit.db import change
from revenue_machine.kit.errors import Conflict
from revenue_machine.kit.ids import make_id

Row = Mapping[str, Any]
FIGURES = ("impressions", "page_views", "downloads", "trial_starts")
_LATER = (
    "baseline_metric", "post_metric", "delegation_id", "approval_id", "external_id", "follow_up_id", "started_at", "live_on",
    "live_words", "effect", "effect_low", "effect_high", "p_value", "control", "winner", "result", "waits_for", "remembered_at",
    "ended_at",
)  # fmt: skip


def put_new(connection: sa.Connection, database: Database, row: Row, now: datetime) -> bool:
    """Write a proposal down; False when it stands already."""
    full = {**dict.fromkeys(_LATER), "status": "proposed", "created_at": now, "updated_at": now, **row}
    return database.put(connection, ASO_EXPERIMENTS, full, ["id"]) > 0


def note(connection: sa.Connection, row: Row, now: datetime, **changes: Any) -> bool:
    """Write something down about an experiment that stays in its state; False when it stands elsewhere by now."""
    here = {"id": row["id"], "status": row["status"]}
    return change(connection, ASO_EXPERIMENTS, here, {"updated_at": now, **changes}) > 0


def move(connection: sa.Connection, row: Row, after: Status, now: datetime, **changes: Any) -> bool:
    """Move an experiment on; False when the table does not allow it or it stands elsewhere by now."""
    if after not in MOVES[row["status"]]:
        return False
    ended = {"ended_at": now} if after in ENDS else {}
    here = {"id": row["id"], "status": row["status"]}
    return (
        change(connection, ASO_EXPERIMENTS, here, {"status": after, "waits_for": None, "updated_at": now, **ended, **changes}) > 0
    )


def take_place(database: Database, row: Row, now: datetime) -> bool:
    """Let a proposal be the one of its app that is on its way; False while another is."""
    try:
        with database.writing() as connection:
            return move(connection, row, "awaiting_approval", now)
    except Conflict:
        return False


def put_days(
    connection: sa.Connection, database: Database, days: Mapping[tuple[str, date], Row], now: datetime, source: str
) -> int:
    """Keep figures per app and day; what a file does not name stays as it was, what it names replaces. Returns days touched."""
    for name in FIGURES:
        rows = [
            {**dict.fromkeys(FIGURES), "id": make_id("asd", app, on_date.isoformat()), "app": app, "on_date": on_date,
             name: figures[name], "source": source, "updated_at": now}
            for (app, on_date), figures in sorted(days.items()) if figures.get(name) is not None
        ]  # fmt: skip
        for start in range(0, len(rows), 500):
            database.put(connection, ASO_DAYS, rows[start : start + 500], ["app", "on_date"], [name, "source", "updated_at"])
    return len(days)


def keep_report(connection: sa.Connection, database: Database, report: Row, now: datetime) -> None:
    """Remember that a report file was read."""
    database.put(connection, ASO_REPORTS, {**report, "read_at": now}, ["id"])


def differing(connection: sa.Connection, days: Mapping[tuple[str, date], Row]) -> int:
    """How many of these days say something the kept ones do not."""
    apps: Sequence[str] = sorted({app for app, _ in days})
    query = sa.select(ASO_DAYS).where(ASO_DAYS.c.app.in_(apps)).order_by(ASO_DAYS.c.id)
    known = {(row["app"], row["on_date"]): row for row in connection.execute(query).mappings()} if apps else {}
    fresh = 0
    for key, figures in days.items():
        held = known.get(key)
        fresh += held is None or any(figures.get(name) not in (None, held[name]) for name in FIGURES)
    return fresh
