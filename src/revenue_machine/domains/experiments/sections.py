"""Experiments as the evening report shows them: one line each for what is open, what ended today, and what winners still bring."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.experiments import reads
from revenue_machine.domains.experiments.book_desk import current_look
from revenue_machine.domains.experiments.book_judging import lasting, windows
from revenue_machine.domains.experiments.book_words import closed_line, line, named
from revenue_machine.engine.briefing import Day, section
from revenue_machine.kit.clock import local_date


@section("Experiments", 35)
def experiments(day: Day, connection: sa.Connection) -> list[str]:
    """What is tried, since when, how it stands, what happens next, and what it costs to wait."""
    lines = [_open_line(day, connection, row) for row in reads.open_experiments(connection)]
    lines += [closed_line(row) for row in reads.closed_between(connection, day.start, day.end)]
    return lines + [said for row in reads.held_out(connection) if (said := _lasting_line(day, connection, row))]


def _open_line(day: Day, connection: sa.Connection, row: Mapping[str, Any]) -> str:
    look = current_look(connection, row)
    shipped_on = None if row["shipped_at"] is None else local_date(row["shipped_at"], day.zone)
    return line(row, look, local_date(row["started_at"], day.zone), day.date, shipped_on)


def _lasting_line(day: Day, connection: sa.Connection, row: Mapping[str, Any]) -> str | None:
    """Said on the date of a weekly look at somebody still held out."""
    measure = reads.looks(connection, row["id"], "measure")
    if not measure or measure[-1]["on_date"] != day.date:
        return None
    said = lasting(windows(row, measure))
    return None if said is None else f"{named(row)} against the held-out: {said}"
