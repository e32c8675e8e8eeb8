"""The state of the house in a few numbers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from revenue_machine.engine.database import Database
from revenue_machine.engine.switch import EVERYTHING
from revenue_machine.engine.tables import APPROVALS, HOOK_INBOX, INTENTS, SWITCHES
from revenue_machine.engine.workers import Slot
from revenue_machine.kit.clock import Clock, iso
from revenue_machine.kit.settings import Settings


@dataclass(frozen=True)
class Standing:
    """What needs a person: questions (and when the first expires), doubts, unreadable webhooks, the switch."""

    approvals: int
    first_expires_at: datetime | None
    doubts: int
    dead_letters: int
    is_stopped: bool


def standing(connection: sa.Connection) -> Standing:
    """What needs a person, as of now."""
    pending = APPROVALS.c.status == "pending"
    return Standing(
        approvals=_count(connection, APPROVALS, pending),
        first_expires_at=connection.execute(sa.select(sa.func.min(APPROVALS.c.expires_at)).where(pending)).scalar(),
        doubts=_count(connection, INTENTS, INTENTS.c.state == "unknown"),
        dead_letters=_count(connection, HOOK_INBOX, HOOK_INBOX.c.status == "dead"),
        is_stopped=bool(connection.execute(sa.select(SWITCHES.c.is_on).where(SWITCHES.c.name == EVERYTHING)).scalar()),
    )


def overview(database: Database, clock: Clock, settings: Settings, slot: Slot) -> dict[str, Any]:
    """Mode, business time, kill switch, pending approvals, intents in doubt, dead letters, workers."""
    with database.reading() as connection:
        now_stands = standing(connection)
        return {
            "mode": settings.mode,
            "home": str(settings.home),
            "database": database.dialect,
            "now": iso(clock.now()),
            "timezone": settings.timezone,
            "stopped": now_stands.is_stopped,
            "approvals_waiting": now_stands.approvals,
            "intents_in_doubt": now_stands.doubts,
            "dead_letters": now_stands.dead_letters,
            "worker": slot.name,
        }


def _count(connection: sa.Connection, table: sa.Table, condition: sa.ColumnElement[bool]) -> int:
    return int(connection.execute(sa.select(sa.func.count()).select_from(table).where(condition)).scalar_one())
