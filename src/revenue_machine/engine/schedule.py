"""What is due by local date and wall time, and what a missed run means; pure but for one row per run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from revenue_machine.engine.database import Database
from revenue_machine.engine.tables import SCHEDULE_RUNS
from revenue_machine.kit.clock import local_date, wall_instant

_FIRST_DATE = sa.select(sa.func.min(SCHEDULE_RUNS.c.local_date))
_SEEN = sa.select(SCHEDULE_RUNS.c.name, SCHEDULE_RUNS.c.local_date).where(
    SCHEDULE_RUNS.c.local_date >= sa.bindparam("since", type_=sa.Date)
)


class Missed(StrEnum):
    """What becomes of a run whose time passed while nobody was there."""

    SKIP = "skip"
    CATCH_UP = "catch_up"


@dataclass(frozen=True)
class Entry:
    """A run per local date at a wall time; `day_offset` 1 means the small hours after that date.

    Later than `window` it is missed: skipped, or caught up.
    """

    name: str
    wall: time
    missed: Missed
    window: timedelta = timedelta(hours=2)
    day_offset: int = 0

    def due_at(self, run_date: date, zone: ZoneInfo) -> datetime:
        """The one UTC instant at which the run of that date is due."""
        return wall_instant(run_date + timedelta(days=self.day_offset), self.wall, zone)


@dataclass(frozen=True)
class DueRun:
    """One run that should start now, or be written off; `is_late` when its window has passed."""

    entry: Entry
    run_date: date
    due_at: datetime
    is_late: bool

    @property
    def is_skipped(self) -> bool:
        return self.is_late and self.entry.missed is Missed.SKIP

    @property
    def run_id(self) -> str:
        return f"{self.entry.name}/{self.run_date.isoformat()}"


def due_runs(
    entries: Sequence[Entry], now: datetime, zone: ZoneInfo, seen: Iterable[tuple[str, date]], since: date
) -> list[DueRun]:
    """Runs due by now that were not seen yet, from `since` on, in the order of their due times."""
    known = set(seen)
    today = local_date(now, zone)
    dates = [since + timedelta(days=offset) for offset in range((today - since).days + 1)]
    runs = [
        DueRun(entry, day, due_at, is_late=now - due_at > entry.window)
        for day in dates
        for entry in entries
        if (entry.name, day) not in known and (due_at := entry.due_at(day, zone)) <= now
    ]
    return sorted(runs, key=lambda run: (run.due_at, run.entry.name))


class ScheduleBook:
    """Which runs were started or written off; a date is never looked at twice."""

    REACH = timedelta(days=2)

    def __init__(self, database: Database) -> None:
        self._database = database

    def due(self, entries: Sequence[Entry], now: datetime, zone: ZoneInfo) -> list[DueRun]:
        """Due and unseen runs; a machine that never ran before starts with today."""
        today = local_date(now, zone)
        with self._database.reading() as connection:
            first = connection.execute(_FIRST_DATE).scalar()
            since = max(first or today, today - self.REACH)
            seen = [(row[0], row[1]) for row in connection.execute(_SEEN, {"since": since})]
        return due_runs(entries, now, zone, seen, since)

    def write(self, run: DueRun, outcome: str, now: datetime) -> bool:
        """Note that a run was started or skipped; False when somebody had noted it."""
        row = {"name": run.entry.name, "local_date": run.run_date, "due_at": run.due_at, "started_at": now, "outcome": outcome}
        with self._database.writing() as connection:
            return self._database.put(connection, SCHEDULE_RUNS, row, ["name", "local_date"]) > 0
