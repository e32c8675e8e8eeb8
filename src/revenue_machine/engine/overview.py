"""The state of the house in a few numbers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from revenue_machine.engine.database import Database
from revenue_machine.engine.switch import EVERYTHING
from revenue_machine.engine.tables import APPROVALS, EVENT_FAILURES, HAND_TASKS, HOOK_INBOX, INTENTS, SWITCHES
from revenue_machine.engine.workers import Slot
from revenue_machine.kit.clock import Clock, iso
from revenue_machine.kit.settings import Settings


@dataclass(frozen=True)
class Standing:
    """What needs a person: questions (and when the first expires), tasks by hand, doubts, dead letters, the switch.

    Dead letters are webhooks nobody could read and reactions that failed for good.
    """

    approvals: int
    first_expires_at: datetime | None
    hand_tasks: int
    doubts: int
    dead_letters: int
    is_stopped: bool


def standing(connection: sa.Connection) -> Standing:
    """What needs a person, as of now."""
    pending = APPROVALS.c.status == "pending"
    return Standing(
        approvals=_count(connection, APPROVALS, pending),
        first_expires_at=connection.execute(sa.select(sa.func.min(APPROVALS.c.expires_at)).where(pending)).scalar(),
        hand_tasks=_count(connection, HAND_TASKS, HAND_TASKS.c.status == "open"),
        doubts=_count(connection, INTENTS, INTENTS.c.state == "unknown"),
        dead_letters=_count(connection, HOOK_INBOX, HOOK_INBOX.c.status == "dead")
        + _count(connection, EVENT_FAILURES, EVENT_FAILURES.c.status == "dead"),
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
            "hand_tasks_open": now_stands.hand_tasks,
            "intents_in_doubt": now_stands.doubts,
            "dead_letters": now_stands.dead_letters,
            "worker": slot.name,
        }


def _count(connection: sa.Connection, table: sa.Table, condition: sa.ColumnElement[bool]) -> int:
    return int(connection.execute(sa.select(sa.func.count()).select_from(table).where(condition)).scalar_one())
