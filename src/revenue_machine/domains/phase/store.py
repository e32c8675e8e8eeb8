"""Every write of the phase's tables."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa

from revenue_machine.domains.phase.models import Phase
from revenue_machine.domains.phase.tables import PHASE_CHANGES, PHASES
from revenue_machine.engine.database import Database
from revenue_machine.kit.clock import iso
from revenue_machine.kit.ids import make_id


def keep_rule(database: Database, connection: sa.Connection, phase: Phase, day: date, now: datetime) -> None:
    """What the funnel counted on a date; a look at an older date changes nothing."""
    row = connection.execute(sa.select(PHASES.c.seen_on, PHASES.c.phase).where(PHASES.c.name == "rule")).first()
    if row is not None and row.seen_on is not None and row.seen_on > day:
        return
    if row is None or row.phase != phase:
        _write(database, connection, ("rule", phase, None), day, now)
    else:
        connection.execute(PHASES.update().where(PHASES.c.name == "rule").values(seen_on=day))


def keep_override(database: Database, connection: sa.Connection, phase: Phase | None, reason: str, now: datetime) -> None:
    """What the owner holds by hand; None lets the rule hold again."""
    _write(database, connection, ("owner", phase, reason), None, now)


def _write(
    database: Database, connection: sa.Connection, said: tuple[str, Phase | None, str | None], day: date | None, now: datetime
) -> None:
    name, phase, reason = said
    row = {"name": name, "phase": phase, "reason": reason, "seen_on": day, "since": now}
    database.put(connection, PHASES, row, ["name"], ["phase", "reason", "seen_on", "since"])
    change = {"id": make_id("phc", name, iso(now), phase), "name": name, "phase": phase, "reason": reason, "created_at": now}
    database.put(connection, PHASE_CHANGES, change, ["id"], ["phase", "reason"])
