"""The state of the house in a few numbers."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from revenue_machine.engine.database import Database
from revenue_machine.engine.switch import EVERYTHING
from revenue_machine.engine.tables import APPROVALS, HOOK_INBOX, INTENTS, SWITCHES
from revenue_machine.engine.workers import Slot
from revenue_machine.kit.clock import Clock, iso
from revenue_machine.kit.settings import Settings


def overview(database: Database, clock: Clock, settings: Settings, slot: Slot) -> dict[str, Any]:
    """Mode, business time, kill switch, pending approvals, intents in doubt, dead letters, workers."""
    with database.reading() as connection:
        return {
            "mode": settings.mode,
            "home": str(settings.home),
            "database": database.dialect,
            "now": iso(clock.now()),
            "timezone": settings.timezone,
            "stopped": bool(connection.execute(sa.select(SWITCHES.c.is_on).where(SWITCHES.c.name == EVERYTHING)).scalar()),
            "approvals_waiting": _count(connection, APPROVALS, APPROVALS.c.status == "pending"),
            "intents_in_doubt": _count(connection, INTENTS, INTENTS.c.state == "unknown"),
            "dead_letters": _count(connection, HOOK_INBOX, HOOK_INBOX.c.status == "dead"),
            "worker": slot.name,
        }


def _count(connection: sa.Connection, table: sa.Table, condition: sa.ColumnElement[bool]) -> int:
    return int(connection.execute(sa.select(sa.func.count()).select_from(table).where(condition)).scalar_one())
