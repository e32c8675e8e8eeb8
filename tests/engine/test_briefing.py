"""The report's sections come in order, and a silent one is left out."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from revenue_machine.engine.briefing import Briefing, Day, Section, section
from revenue_machine.engine.container import Container
from revenue_machine.engine.database import Database


def bounds(day: Day) -> list[str]:
    return [f"{day.date} {day.start:%d %H:%M} {day.end:%d %H:%M}"]


def asks_the_database(connection: sa.Connection) -> list[str]:
    return [str(connection.exec_driver_sql("select 41 + 1").scalar())]


def silent() -> list[str]:
    return []


def test_sections_are_ordered_and_silent_ones_left_out(database: Database) -> None:
    sections = [
        Section("Last", 9, "z.bounds", bounds), Section("Second", 5, "b.ask", asks_the_database), Section("None", 1, "c.silent", silent),
        Section("First", 5, "a.ask", asks_the_database),
    ]  # fmt: skip
    briefing = Briefing(sections, Container(), ZoneInfo("America/New_York"))
    with database.reading() as connection:
        blocks = briefing.blocks(connection, date(2026, 11, 1))
    assert blocks == [("First", ["42"]), ("Second", ["42"]), ("Last", ["2026-11-01 01 04:00 02 05:00"])]


def test_a_declaration_marks_its_function() -> None:
    declared = section("Title", 3)(silent)
    assert declared is silent
    assert silent.__section__ == ("Title", 3)  # type: ignore[attr-defined]
