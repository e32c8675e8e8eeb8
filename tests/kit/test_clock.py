"""A wall time is one instant in every zone and on every date, and business time moves only when told."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from revenue_machine.kit.clock import (
    FileClock,
    PushedClock,
    SystemClock,
    day_bounds,
    iso,
    local_date,
    machine_s,
    machine_sleep,
    machine_wall_s,
    parse_instant,
    wall_instant,
    zone_named,
)
from revenue_machine.kit.errors import BadInput

ZONES = (
    "UTC", "America/New_York", "Europe/London", "Australia/Sydney", "Asia/Kathmandu", "Australia/Lord_Howe", "America/St_Johns",
    "Africa/Cairo", "America/Santiago",
)  # fmt: skip
WALLS = [
    # ordinary days
    ("UTC", "2026-06-01", "06:00", "2026-06-01T06:00:00"), ("Asia/Kathmandu", "2026-06-01", "06:00", "2026-06-01T00:15:00"),
    ("America/St_Johns", "2026-01-01", "06:00", "2026-01-01T09:30:00"),
    # the gap: the first instant after it, to the second, from wherever inside
    ("America/New_York", "2026-03-08", "01:59", "2026-03-08T06:59:00"), ("America/New_York", "2026-03-08", "02:00", "2026-03-08T07:00:00"),
    ("America/New_York", "2026-03-08", "02:20", "2026-03-08T07:00:00"), ("America/New_York", "2026-03-08", "02:59", "2026-03-08T07:00:00"),
    ("America/New_York", "2026-03-08", "03:00", "2026-03-08T07:00:00"), ("America/New_York", "2026-03-08", "06:00", "2026-03-08T10:00:00"),
    ("Europe/London", "2026-03-29", "01:07", "2026-03-29T01:00:00"),
    # the fold: the first of the two
    ("America/New_York", "2026-11-01", "01:30", "2026-11-01T05:30:00"), ("America/New_York", "2026-11-01", "02:00", "2026-11-01T07:00:00"),
    ("Europe/London", "2026-10-25", "01:30", "2026-10-25T00:30:00"),
    # Lord Howe turns by half an hour
    ("Australia/Lord_Howe", "2026-10-04", "01:59", "2026-10-03T15:29:00"),
    ("Australia/Lord_Howe", "2026-10-04", "02:10", "2026-10-03T15:30:00"),
    ("Australia/Lord_Howe", "2026-10-04", "02:30", "2026-10-03T15:30:00"),
    ("Australia/Lord_Howe", "2026-04-05", "01:45", "2026-04-04T14:45:00"),
    # Cairo and Santiago turn at midnight; Apia left out a whole day
    ("Africa/Cairo", "2026-04-24", "00:00", "2026-04-23T22:00:00"), ("America/Santiago", "2026-09-06", "00:20", "2026-09-06T04:00:00"),
    ("Pacific/Apia", "2011-12-30", "12:00", "2011-12-30T10:00:00"),
]  # fmt: skip


@pytest.mark.parametrize(("zone", "day", "wall", "instant"), WALLS)
def test_a_wall_time_is_one_instant(zone: str, day: str, wall: str, instant: str) -> None:
    found = wall_instant(date.fromisoformat(day), time.fromisoformat(wall), ZoneInfo(zone))
    assert found.isoformat() == f"{instant}+00:00"


@settings(deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    day=st.dates(date(2025, 1, 1), date(2027, 12, 30)),
    minute=st.integers(0, 1439),
    step=st.integers(1, 600),
)
def test_wall_times_of_a_zone_never_run_backwards(zone: str, day: date, minute: int, step: int) -> None:
    wall, place = time(minute // 60, minute % 60), ZoneInfo(zone)
    instant = wall_instant(day, wall, place)
    assert instant <= wall_instant(day + timedelta(days=1), wall, place)
    back = instant.astimezone(place)
    assert (back.date(), back.time()) == (day, wall) or is_after_gap(instant, place)
    assert instant.second == instant.microsecond == 0


def is_after_gap(instant: datetime, place: ZoneInfo) -> bool:
    before = (instant - timedelta(seconds=1)).astimezone(place).utcoffset()
    return before != instant.astimezone(place).utcoffset()


@pytest.mark.parametrize("zone", ZONES)
def test_days_of_a_year_touch_and_never_overlap(zone: str) -> None:
    place, day = ZoneInfo(zone), date(2026, 1, 1)
    end_before = day_bounds(day, place)[0]
    for offset in range(365):
        start, end = day_bounds(day + timedelta(days=offset), place)
        assert start == end_before
        assert local_date(start, place) == local_date(end - timedelta(seconds=1), place) == day + timedelta(days=offset)
        end_before = end


def test_turning_days_are_23_and_25_hours() -> None:
    for day, hours in ((date(2026, 3, 8), 23), (date(2026, 11, 1), 25), (date(2026, 6, 1), 24)):
        start, end = day_bounds(day, ZoneInfo("America/New_York"))
        assert end - start == timedelta(hours=hours)


@pytest.mark.parametrize("text", ["", "soon", "2026-11-22", "2026-11-22T06:00:00", "2026-13-01T00:00:00Z"])
def test_a_time_without_zone_is_refused_by_name(text: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse_instant(text, field="REVENUE_CLOCK")
    assert caught.value.field == "REVENUE_CLOCK"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("2026-11-22T06:00:00Z", "2026-11-22T06:00:00+00:00"), ("2026-11-22T06:00:00+05:45", "2026-11-22T00:15:00+00:00"),
        ("2026-11-22T06:00:00.25-03:30", "2026-11-22T09:30:00.250000+00:00"),
    ],
)  # fmt: skip
def test_times_are_shown_in_utc(text: str, shown: str) -> None:
    assert iso(parse_instant(text)) == shown


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../etc/passwd", "/etc/passwd", "America"])
def test_an_unknown_zone_names_its_setting(name: str) -> None:
    with pytest.raises(BadInput, match="is not an IANA time zone") as caught:
        zone_named(name)
    assert caught.value.field == "REVENUE_TIMEZONE"
    assert zone_named("Asia/Kathmandu").key == "Asia/Kathmandu"


def test_a_pushed_clock_stands_still() -> None:
    clock = PushedClock(datetime(2026, 11, 22, 6, tzinfo=ZoneInfo("Asia/Kathmandu")))
    assert clock.now() == clock.now() == datetime(2026, 11, 22, 0, 15, tzinfo=UTC)
    assert clock.now().tzinfo is UTC
    clock.move_to(datetime(2026, 1, 1, tzinfo=UTC))
    assert clock.now() == datetime(2026, 1, 1, tzinfo=UTC)


def test_a_file_clock_follows_its_file(tmp_path: Path) -> None:
    path = tmp_path / "clock"
    path.write_text("2026-11-22T06:00:00+00:00\n")
    clock = FileClock(path)
    assert clock.now() == datetime(2026, 11, 22, 6, tzinfo=UTC)
    FileClock(path).move_to(datetime(2026, 11, 23, tzinfo=UTC))
    assert clock.now() == datetime(2026, 11, 23, tzinfo=UTC)
    assert [one.name for one in tmp_path.iterdir()] == ["clock"]


@pytest.mark.parametrize("content", [None, "", "tomorrow", "2026-11-22T06:00:00"])
def test_a_bad_clock_file_names_its_setting(content: str | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "clock").write_text(content)
    with pytest.raises(BadInput) as caught:
        FileClock(tmp_path / "clock").now()
    assert caught.value.field == "REVENUE_CLOCK"


def test_machine_time_only_goes_forward() -> None:
    before_s, wall_s = machine_s(), machine_wall_s()
    machine_sleep(0.01)
    assert machine_s() - before_s >= 0.01
    assert abs(SystemClock().now().timestamp() - wall_s) < 60
