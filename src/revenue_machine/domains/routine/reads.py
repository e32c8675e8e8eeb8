"""What ran, for reports, pages and the API."""

from __future__ import annotations

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from revenue_machine.domains.routine.daily_routine import BLOCKS, STEPS
from revenue_machine.domains.routine.models import CallRecord, Status, Step
from revenue_machine.domains.routine.tables import ROUTINE_RUNS, ROUTINE_STEPS
from revenue_machine.engine.registry import Registry
from revenue_machine.engine.schedule import Entry, Missed
from revenue_machine.kit.errors import NotFound

_WORDS = {Status.NOT_CONFIGURED: "not built yet", Status.AWAITING_APPROVAL: "waits for you", Status.UNKNOWN: "outcome unknown"}


def calls_of(connection: sa.Connection, run_date: date) -> list[CallRecord]:
    """Every call of a date, in the order of the table."""
    rows = connection.execute(
        sa.select(ROUTINE_STEPS)
        .where(ROUTINE_STEPS.c.run_date == run_date)
        .order_by(ROUTINE_STEPS.c.step_no, ROUTINE_STEPS.c.place)
    ).mappings()
    return [
        CallRecord(
            row["step_no"], row["place"], row["topic"], row["label"], Status(row["status"]), row["attempts"], row["error"],
            row["result"] or {},
        )
        for row in rows
    ]  # fmt: skip


def day_lines(connection: sa.Connection, run_date: date) -> list[str]:
    """The day as a person reads it: one line per call."""
    return [_call_line(one) for one in calls_of(connection, run_date)]


def _call_line(one: CallRecord) -> str:
    status = _WORDS.get(one.status, one.status.value)
    return f"{one.step:>2}  {one.label:44.44} {status:16}  {one.reason or ''}".rstrip()


def plan_lines(registry: Registry, run_date: date, zone: ZoneInfo) -> list[str]:
    """What a date would do: when, which topics, and what a failure means."""
    lines = []
    for block in BLOCKS:
        due_at = Entry(block.run_name, block.at, Missed.CATCH_UP, day_offset=block.day_offset).due_at(run_date, zone)
        lines.append(f"{block.name}, due {due_at.astimezone(zone):%Y-%m-%d %H:%M %Z}")
        lines += [_step_line(registry, step) for step in block.steps]
    return lines


def _step_line(registry: Registry, step: Step) -> str:
    topics = ", ".join(_shown(registry, call.topic) for call in step.calls)
    return f"  {step.number:>2}  {step.at:%H:%M}  {topics}  (on failure: {step.on_failure})"


def _shown(registry: Registry, name: str) -> str:
    topic = registry.find(name)
    return name if topic.built else f"{name} [issue {topic.issue}]"


def step_count() -> int:
    """How many steps a day has."""
    return len(STEPS)


def recent_runs(connection: sa.Connection, limit: int) -> list[dict[str, Any]]:
    """The newest blocks first."""
    query = (
        sa.select(ROUTINE_RUNS)
        .order_by(ROUTINE_RUNS.c.run_date.desc(), ROUTINE_RUNS.c.started_at.desc(), ROUTINE_RUNS.c.id)
        .limit(limit)
    )
    return [_plain(dict(row)) for row in connection.execute(query).mappings()]


def blocks_begun(connection: sa.Connection, run_date: date) -> frozenset[str]:
    """Names of the blocks of a date that are on the books."""
    query = sa.select(ROUTINE_RUNS.c.block).where(ROUTINE_RUNS.c.run_date == run_date)
    return frozenset(connection.execute(query).scalars())


def run_with_steps(connection: sa.Connection, run_id: str) -> dict[str, Any]:
    """One block with its calls, or `not_found`."""
    row = connection.execute(sa.select(ROUTINE_RUNS).where(ROUTINE_RUNS.c.id == run_id)).mappings().first()
    if row is None:
        raise NotFound(f"there is no run {run_id}", field="id")
    query = (
        sa.select(ROUTINE_STEPS).where(ROUTINE_STEPS.c.run_id == run_id).order_by(ROUTINE_STEPS.c.step_no, ROUTINE_STEPS.c.place)
    )
    return {**_plain(dict(row)), "steps": [_plain(dict(step)) for step in connection.execute(query).mappings()]}


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in row.items()}
