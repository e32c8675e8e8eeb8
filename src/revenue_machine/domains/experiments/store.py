"""Every write of the book; each by its natural key, so that a repeated call changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.experiments.tables import EXPERIMENTS, LOOKS
from revenue_machine.engine.database import Database
from revenue_machine.kit.db import change
from revenue_machine.kit.ids import make_id

# Filled when somebody looks, decides or closes; a new row has none of it.
_LATER = (
    "verdict", "winner", "measure_verdict", "outcome", "outcome_words", "effect_absolute", "effect_relative", "interval_low",
    "interval_high", "delegation_id", "holdout_share", "next_words", "decided_at", "shipped_at", "closed_at",
)  # fmt: skip


def experiment_id(kind: str, subject: str, opened_for: str) -> str:
    """The one id that goes along into delegation, measure and memory."""
    return make_id("exp", kind, subject, opened_for)


def insert(database: Database, connection: sa.Connection, row: Mapping[str, Any], now: datetime) -> None:
    """A new experiment; `row` has id, key, registration, start, end and alpha."""
    full = {**dict.fromkeys(_LATER), **row, "judged_count": 0, "status": "open", "created_at": now, "updated_at": now}
    database.put(connection, EXPERIMENTS, full, ["id"])


def update(connection: sa.Connection, experiment: str, values: Mapping[str, Any], now: datetime) -> None:
    """Set columns of one experiment."""
    change(connection, EXPERIMENTS, {"id": experiment}, {**values, "updated_at": now})


def keep_look(database: Database, connection: sa.Connection, row: Mapping[str, Any], now: datetime) -> None:
    """One look; a later one at the same date of the same phase replaces its counts and its verdict."""
    full = {"id": look_id(row["experiment_id"], row["phase"], row["on_date"]), **row, "created_at": now, "updated_at": now}
    fresh = [name for name in full if name not in ("id", "experiment_id", "phase", "on_date", "created_at")]
    database.put(connection, LOOKS, full, ["experiment_id", "phase", "on_date"], fresh)


def look_id(experiment: str, phase: str, on_date: date) -> str:
    """The id of a look."""
    return make_id("exl", experiment, phase, on_date.isoformat())
