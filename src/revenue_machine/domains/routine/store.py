"""Writes the routine's books."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.routine.models import Block, CallRecord, Status
from revenue_machine.domains.routine.tables import ROUTINE_RUNS, ROUTINE_STEPS
from revenue_machine.engine.database import Database

# Built once: every call of the routine asks it.
_HEARTBEAT = sa.select(ROUTINE_STEPS.c.status).where(
    ROUTINE_STEPS.c.run_date == sa.bindparam("on_date"), ROUTINE_STEPS.c.topic == "system.heartbeat"
)


def begin_run(
    connection: sa.Connection, database: Database, *, run_id: str, run_date: date, block: Block, is_late: bool, now: datetime
) -> None:
    """One row per date and block; a restart finds it there."""
    row = {
        "id": run_id, "run_date": run_date, "block": block.name, "trigger": "schedule", "status": "running", "is_late": is_late,
        "started_at": now, "finished_at": None, "summary": None,
    }  # fmt: skip
    database.put(connection, ROUTINE_RUNS, row, ["id"])


def write_call(
    connection: sa.Connection,
    database: Database,
    record: CallRecord,
    *,
    run_id: str,
    run_date: date,
    at: datetime,
    duration_ms: int,
) -> None:
    """How one call ended; when a crash made it run again, the last ending stands."""
    is_fine = record.status in (Status.OK, Status.RETRIED)
    row = {
        "run_id": run_id, "step_no": record.step, "place": record.place, "run_date": run_date, "topic": record.topic,
        "label": record.label,
        "status": record.status.value, "attempts": record.attempts, "started_at": at, "duration_ms": duration_ms,
        "result": dict(record.summary), "error": None if is_fine else record.reason,
    }  # fmt: skip
    database.put(
        connection, ROUTINE_STEPS, row, ["run_id", "step_no", "place"], ["status", "attempts", "duration_ms", "result", "error"]
    )


def finish_run(connection: sa.Connection, run_id: str, now: datetime) -> dict[str, int]:
    """Close a block's row; counts by status."""
    statuses = connection.execute(sa.select(ROUTINE_STEPS.c.status).where(ROUTINE_STEPS.c.run_id == run_id)).scalars()
    counts: dict[str, Any] = dict(sorted(Counter(statuses).items()))
    connection.execute(
        ROUTINE_RUNS.update().where(ROUTINE_RUNS.c.id == run_id).values(status="done", finished_at=now, summary=counts)
    )
    return counts


def is_house_down(connection: sa.Connection, run_date: date) -> bool:
    """Whether this date's heartbeat failed."""
    return connection.execute(_HEARTBEAT, {"on_date": run_date}).scalar() == Status.FAILED.value
