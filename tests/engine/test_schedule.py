"""One run per schedule and local date, through gaps, folds, pauses and clocks put back."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from revenue_machine.domains.routine.runs import SCHEDULE
from revenue_machine.engine.schedule import Entry, Missed, due_runs

ZONES = ("America/New_York", "Europe/London", "Australia/Sydney", "Asia/Kathmandu")
ENTRIES = [*(one.entry for one in SCHEDULE), Entry("half_past_two", time(2, 30), Missed.CATCH_UP)]
FIRST, DAYS = date(2026, 1, 1), 365


@pytest.mark.parametrize("zone_name", ZONES)
def test_each_local_date_runs_once_all_year(zone_name: str) -> None:
    zone = ZoneInfo(zone_name)
    seen: set[tuple[str, date]] = set()
    runs: Counter[tuple[str, date]] = Counter()
    now = datetime(2026, 1, 1, tzinfo=zone).astimezone(UTC)
    end = now + timedelta(days=DAYS + 2)
    while now < end:
        since = max(FIRST, now.astimezone(zone).date() - timedelta(days=2))
        for run in due_runs(ENTRIES, now, zone, seen, since):
            runs[(run.entry.name, run.run_date)] += 1
            seen.add((run.entry.name, run.run_date))
            wall = run.due_at.astimezone(zone)
            assert wall.date() == run.run_date + timedelta(days=run.entry.day_offset)
            assert wall.time() == run.entry.wall or wall.time() > run.entry.wall
        now += timedelta(minutes=30)
    wanted = {(entry.name, FIRST + timedelta(days=offset)) for entry in ENTRIES for offset in range(DAYS)}
    assert {key: runs[key] for key in wanted} == dict.fromkeys(wanted, 1)
    assert max(runs.values()) == 1


def test_the_gap_moves_the_run_to_its_end() -> None:
    entry = Entry("x", time(2, 30), Missed.CATCH_UP)
    due_at = entry.due_at(date(2026, 3, 8), ZoneInfo("America/New_York"))
    assert due_at == datetime(2026, 3, 8, 7, 0, tzinfo=UTC)


def test_the_fold_runs_at_its_first_hour() -> None:
    entry = Entry("x", time(1, 30), Missed.CATCH_UP)
    due_at = entry.due_at(date(2026, 11, 1), ZoneInfo("America/New_York"))
    assert due_at == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)


def test_a_missed_run_is_late_and_may_be_skipped() -> None:
    entries = [Entry("a", time(6), Missed.SKIP), Entry("b", time(6), Missed.CATCH_UP)]
    now = datetime(2026, 6, 1, 9, tzinfo=UTC)
    runs = due_runs(entries, now, ZoneInfo("UTC"), set(), date(2026, 6, 1))
    assert [(run.entry.name, run.is_late, run.is_skipped) for run in runs] == [("a", True, True), ("b", True, False)]


def test_a_clock_put_back_repeats_nothing() -> None:
    entry = Entry("a", time(6), Missed.CATCH_UP)
    seen = {("a", date(2026, 6, 2))}
    now = datetime(2026, 6, 2, 6, tzinfo=UTC)
    assert due_runs([entry], now - timedelta(hours=25), ZoneInfo("UTC"), seen, date(2026, 6, 2)) == []
    assert due_runs([entry], now, ZoneInfo("UTC"), seen, date(2026, 6, 2)) == []
