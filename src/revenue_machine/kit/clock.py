"""Two clocks: the business clock that may be pushed, and the machine's own for leases and time-outs."""

from __future__ import annotations

import time as _time
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

from revenue_machine.kit.errors import BadInput


class Clock(Protocol):
    """Business time: everything stored or compared comes from here."""

    def now(self) -> datetime:
        """Aware UTC instant."""
        ...


class SystemClock:
    """Business time is wall time."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class PushedClock:
    """Business time stands still until somebody moves it (tests, sandbox in one process)."""

    def __init__(self, start: datetime) -> None:
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        return self._now

    def move_to(self, instant: datetime) -> None:
        self._now = instant.astimezone(UTC)


class FileClock:
    """Business time stands in a file that another process may rewrite (`REVENUE_CLOCK=@path`)."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def now(self) -> datetime:
        try:
            text = self._path.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise BadInput(f"the clock file {self._path} cannot be read: {error.strerror}", field="REVENUE_CLOCK") from None
        return parse_instant(text, field="REVENUE_CLOCK")

    def move_to(self, instant: datetime) -> None:
        """Rewrite the file in one step, so a reader never sees half a time."""
        fresh = self._path.with_suffix(self._path.suffix + ".new")
        fresh.write_text(iso(instant), encoding="utf-8")
        fresh.replace(self._path)


def parse_instant(text: str, *, field: str | None = None) -> datetime:
    """An ISO time with zone as aware UTC; anything else is `bad_input`."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(f"'{text}' is not an ISO time", field=field) from None
    if instant.tzinfo is None:
        raise BadInput(f"'{text}' has no zone; write 2026-11-22T06:00:00+00:00", field=field)
    return instant.astimezone(UTC)


def iso(instant: datetime) -> str:
    """`2026-11-22T06:00:00+00:00`, microseconds only where there are any."""
    return instant.astimezone(UTC).isoformat()


def local_date(instant: datetime, zone: ZoneInfo) -> date:
    """The calendar date on the owner's wall at that instant."""
    return instant.astimezone(zone).date()


def wall_instant(day: date, wall: time, zone: ZoneInfo) -> datetime:
    """The UTC instant of a wall time on a local date; always exactly one.

    In the autumn fold the first of the two; in the spring gap the first instant after it.
    """
    local = datetime.combine(day, wall, tzinfo=zone)
    instant = local.astimezone(UTC)
    back = instant.astimezone(zone)
    if back.replace(tzinfo=None) == local.replace(tzinfo=None):
        return instant
    before, after = zone_offset(local.replace(fold=0)), zone_offset(local.replace(fold=1))
    return _gap_end(instant, zone, abs(before - after))


def zone_offset(moment: datetime) -> timedelta:
    """UTC offset of an aware moment."""
    return moment.utcoffset() or timedelta(0)


def _gap_end(near: datetime, zone: ZoneInfo, width: timedelta) -> datetime:
    """First instant whose offset is the later one, by bisection to the second."""
    low, high = near - width, near + width
    target = zone_offset(high.astimezone(zone))
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        if zone_offset(middle.astimezone(zone)) == target:
            high = middle
        else:
            low = middle
    # The turn is a whole second in (low, high], and the two are at most one second apart.
    return high.replace(microsecond=0)


def day_bounds(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """UTC start and end (exclusive) of a local date."""
    return wall_instant(day, time(0), zone), wall_instant(day + timedelta(days=1), time(0), zone)


def zone_named(name: str, *, field: str = "REVENUE_TIMEZONE") -> ZoneInfo:
    """An IANA zone, or `bad_input` naming the setting."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise BadInput(f"'{name}' is not an IANA time zone", field=field) from None


def machine_s() -> float:
    """Monotonic seconds, for leases, time-outs and durations only."""
    return _time.monotonic()


def machine_wall_s() -> float:
    """Seconds since the epoch on the machine's wall, comparable between processes; leases only."""
    return _time.time()


def machine_sleep(seconds: float) -> None:
    """Let the machine rest; business time does not notice."""
    _time.sleep(seconds)
