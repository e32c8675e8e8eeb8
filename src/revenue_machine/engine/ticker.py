"""The heartbeat of everything that waits: looks what is due in business time and starts it, each once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from revenue_machine.engine.approvals import Approvals
from revenue_machine.engine.audit import Audit
from revenue_machine.engine.database import Database
from revenue_machine.engine.durable import Durable
from revenue_machine.engine.events import Events
from revenue_machine.engine.handwork import Handwork
from revenue_machine.engine.inbox import Inbox
from revenue_machine.engine.schedule import DueRun, Entry, Missed, ScheduleBook
from revenue_machine.engine.spool_drain import Spools
from revenue_machine.kit.clock import Clock, iso, local_date


@dataclass(frozen=True)
class Due:
    """A topic that has to run when some row falls due; `next_due` answers the earliest such time, None for never."""

    topic: str
    next_due: Callable[[sa.Connection], datetime | None]


@dataclass(frozen=True)
class Scheduled:
    """A kind of run and when it is due; `topic` when the run is one topic without input."""

    body: str
    entry: Entry
    topic: str | None = None


def daily(topic: str, wall: time, missed: Missed = Missed.CATCH_UP) -> Scheduled:
    """One topic, once a local date at a wall time; the date is its key. For `SCHEDULE` in `domains/<d>/runs.py`."""
    return Scheduled("topic", Entry(topic, wall, missed), topic)


class Ticker:
    """Starts whatever is due; safe to call from several processes at once."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        zone: ZoneInfo,
        durable: Durable,
        book: ScheduleBook,
        approvals: Approvals,
        handwork: Handwork,
        inbox: Inbox,
        spools: Spools,
        events: Events,
        audit: Audit,
        schedule: Sequence[Scheduled],
        due: Sequence[Due],
    ) -> None:
        self._database, self._clock, self._zone, self._durable, self._book = database, clock, zone, durable, book
        self._handwork = handwork
        self._approvals, self._inbox, self._spools, self._events, self._audit = approvals, inbox, spools, events, audit
        self._schedule = {one.entry.name: one for one in schedule}
        self._due = sorted(due, key=lambda one: one.topic)

    def tick(self, *, blocks: Sequence[str] | None = None) -> int:
        """Do everything that is due now, also what comes up while doing it; returns how many runs were started."""
        started = 0
        while round_started := self._round(blocks):
            started += round_started
        self._audit.seal()
        return started

    def next_due_at(self) -> datetime | None:
        """The next time a waiting row wants attention (scheduled runs not counted)."""
        with self._database.reading() as connection:
            times = [due_at for one in self._due if (due_at := one.next_due(connection)) is not None]
        return min(times, default=None)

    def entries(self) -> tuple[Entry, ...]:
        """Every scheduled run, by name."""
        return tuple(self._schedule[name].entry for name in sorted(self._schedule))

    def next_scheduled_at(self, after: datetime) -> datetime:
        """The next wall time of the schedule after an instant."""
        today = local_date(after, self._zone)
        times = [
            one.entry.due_at(today + timedelta(days=offset), self._zone)
            for one in self._schedule.values()
            for offset in (-1, 0, 1, 2)
        ]
        return min((due_at for due_at in times if due_at > after), default=after + timedelta(days=1))

    def _round(self, blocks: Sequence[str] | None) -> int:
        self._approvals.expire()
        self._handwork.expire()
        self._spools.drain()  # before the webhooks: whoever signed up has clicked before
        self._inbox.drain()
        self._events.drain()
        return self._start_scheduled(blocks) + self._start_due_rows() + self._start_approved()

    def _start_scheduled(self, blocks: Sequence[str] | None) -> int:
        now = self._clock.now()
        entries = [one.entry for one in self._schedule.values() if blocks is None or one.entry.name in blocks]
        runs = self._book.due(entries, now, self._zone)
        for run in runs:
            self._start(run, now)
        return len(runs)

    def _start(self, run: DueRun, now: datetime) -> None:
        """The run id is the guard; the book only saves the next look."""
        if not run.is_skipped:
            scheduled = self._schedule[run.entry.name]
            payload = {
                "run_date": run.run_date.isoformat(),
                "name": run.entry.name,
                "is_late": run.is_late,
                "due_at": iso(run.due_at),
            }
            if scheduled.topic is not None:
                payload |= {"topic": scheduled.topic, "key": payload["run_date"], "payload": {}}
            self._durable.run(run.run_id, scheduled.body, payload)
        self._book.write(run, "skipped" if run.is_skipped else "started", now)

    def _start_due_rows(self) -> int:
        now = self._clock.now()
        with self._database.reading() as connection:
            times = [(one.topic, one.next_due(connection)) for one in self._due]
        waiting = [topic for topic, due_at in times if due_at is not None and due_at <= now]
        fresh = 0
        for topic in waiting:
            fresh += self.run_topic(topic, f"due/{iso(now)}", {})
        return fresh

    def _start_approved(self) -> int:
        import json

        fresh = 0
        for row in self._approvals.approved_topics():
            if not self._approvals.may_run(row["id"]):
                continue  # the one before it found the channel closed for all
            fresh += self.run_topic(
                row["topic"], row["call_key"], json.loads(row["payload"]), approval_id=row["id"], holds=row["holds"]
            )
        return fresh

    def run_topic(self, topic: str, key: str, payload: dict[str, Any], *, approval_id: str | None = None, holds: int = 0) -> int:
        """Run one topic durably under `<topic>/<key>`; 1 when this was the first time, 0 when it had been run.

        A call that gates held back before is the same call in another run: `<topic>/<key>#<holds>`.
        """
        run_id = f"{topic}/{key}#{holds}" if holds else f"{topic}/{key}"
        body = {"topic": topic, "key": key, "payload": payload, "approval_id": approval_id}
        return int(self._durable.run(run_id, "topic", body))
