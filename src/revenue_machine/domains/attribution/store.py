"""Every write of the attribution tables, each by its natural key."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.attribution.models import MODEL, Conversion, Touch
from revenue_machine.domains.attribution.tables import ATTRIBUTION_EVENTS, ATTRIBUTION_MARKS, ATTRIBUTION_SUMMARY
from revenue_machine.engine.database import Database
from revenue_machine.kit.db import change
from revenue_machine.kit.ids import make_id

ROWS_AT_ONCE = 500


def event_row(step: Conversion, touch: Touch, now: datetime) -> dict[str, Any]:
    """One step of a person with its touch, as a row."""
    return {
        "id": make_id("atr", step.key), "external_event_id": step.key, "event_type": step.event_type, "user_id": step.user_id,
        "subscription_id": step.subscription_id, "payment_id": step.payment_id, "product": step.product, "model": MODEL,
        "revenue_micro_usd": step.amount_micro_usd, "occurred_at": step.occurred_at, "created_at": now, **touch.columns(),
    }  # fmt: skip


def keep_new(database: Database, connection: sa.Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Write rows that are not there yet; known ones stay as they are."""
    for start in range(0, len(rows), ROWS_AT_ONCE):
        database.put(connection, ATTRIBUTION_EVENTS, list(rows[start : start + ROWS_AT_ONCE]), ["external_event_id"])


def keep_step(database: Database, connection: sa.Connection, step: Conversion, touch: Touch, now: datetime) -> None:
    """Write one step; a row that stood without a person gets one."""
    row = event_row(step, touch, now)
    fresh = [name for name in row if name not in ("id", "external_event_id", "created_at")]
    database.put(connection, ATTRIBUTION_EVENTS, row, ["external_event_id"], fresh)


def credit_person(connection: sa.Connection, user_id: str, touch: Touch) -> None:
    """Everything a person did inherits the touch that brought them."""
    change(connection, ATTRIBUTION_EVENTS, {"user_id": user_id}, touch.columns())


def name_contact(connection: sa.Connection, user_id: str, contact_id: str) -> None:
    """Everything a product's user did is that contact's."""
    change(connection, ATTRIBUTION_EVENTS, {"user_id": user_id}, {"crm_contact_id": contact_id})


def replace_summary(connection: sa.Connection, rows: Sequence[dict[str, Any]]) -> None:
    """The whole summary of the model, anew."""
    connection.execute(ATTRIBUTION_SUMMARY.delete().where(ATTRIBUTION_SUMMARY.c.model == MODEL))
    for start in range(0, len(rows), ROWS_AT_ONCE):
        connection.execute(ATTRIBUTION_SUMMARY.insert(), list(rows[start : start + ROWS_AT_ONCE]))


def keep_mark(database: Database, connection: sa.Connection, name: str, reached_at: datetime) -> None:
    """Remember how far clicks were read."""
    database.put(connection, ATTRIBUTION_MARKS, {"name": name, "reached_at": reached_at}, ["name"], ["reached_at"])
