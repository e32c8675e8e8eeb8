"""The evening report as sections each domain writes for itself: found, ordered, never listed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from revenue_machine.engine.container import Container
from revenue_machine.kit.clock import day_bounds

F = TypeVar("F", bound=Callable[..., list[str]])


@dataclass(frozen=True)
class Day:
    """The local date a section is about; `start` and `end` are its UTC bounds, end exclusive."""

    date: date
    start: datetime
    end: datetime
    zone: ZoneInfo


@dataclass(frozen=True)
class Section:
    """One block of lines with a title and a place."""

    title: str
    order: int
    name: str
    function: Callable[..., list[str]]


def section(title: str, order: int) -> Callable[[F], F]:
    """Declare lines of the daily report in `domains/<d>/sections.py`.

    The function gets `Day`, the reading transaction (`sa.Connection`) and whatever it asks for by type. No lines,
    no section. Lines hold numbers that can be re-derived from the tables; no durations, ids of runs or workers.
    """

    def declare(function: F) -> F:
        function.__section__ = (title, order)  # type: ignore[attr-defined]
        return function

    return declare


class Briefing:
    """Lets every section speak about one date."""

    def __init__(self, sections: Sequence[Section], container: Container, zone: ZoneInfo) -> None:
        self._sections = sorted(sections, key=lambda one: (one.order, one.name))
        self._container, self._zone = container, zone

    def blocks(self, connection: sa.Connection, day: date) -> list[tuple[str, list[str]]]:
        """(title, lines) of every section that has something to say."""
        start, end = day_bounds(day, self._zone)
        inner = self._container.child(Day(day, start, end, self._zone))
        inner.put(connection, sa.Connection)
        blocks = [(one.title, inner.fill(one.function)) for one in self._sections]
        return [(title, lines) for title, lines in blocks if lines]
