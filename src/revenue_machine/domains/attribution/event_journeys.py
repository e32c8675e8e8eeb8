"""Makes journeys of single events: who touched which channel when, and where a person converted or got money back.

- Order in the file does not matter, except among touches of one person at the same time: they keep it. At the same time touches
  come before a conversion, so a touch at exactly the conversion's time counts for it; a converting row with a channel is itself
  the last touch.
- A conversion ends a journey and the next touch begins another; a conversion with no touch since the last one (a renewal) inherits
  that one's touches; a person with no touch at all is `unknown`. Touches after the last conversion came to nothing.
- A negative value is money given back, whatever `converted` says: it takes from the touches of the person's conversion before it
  and is no conversion, and its channel is no touch.
- A value on a row that did not convert is nobody's revenue and is left out. Rows that repeat another exactly are counted and noted.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from revenue_machine.domains.attribution.journeys import Journeys
from revenue_machine.domains.attribution.paths import FileJourneys, Table, check_unchanged, open_table, untouched_note
from revenue_machine.domains.attribution.weights import HALF_LIFE
from revenue_machine.engine.importing import BadRow, read_cell
from revenue_machine.engine.rowfiles import FileRow, no_search_for_cycles

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_COLUMNS: Mapping[str, tuple[str, ...]] = {
    name: (name, *more)
    for name, more in {
        "user_id": ("user", "person", "distinct_id"), "time": ("timestamp", "date", "occurred_at"), "channel": ("source",),
        "converted": ("conversion", "is_conversion"), "value": ("conversion_value", "revenue"),
    }.items()
}  # fmt: skip
_YES, _NO = frozenset({"1", "1.0", "true", "t", "yes", "y"}), frozenset({"", "0", "0.0", "false", "f", "no", "n"})
_PLAIN_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE]\+?\d+)?")
_DAY = re.compile(r"(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])")
_EPOCH, _MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
# The year 9999, and the same in nanoseconds.
_LONGEST_S, _LONGEST_NS = 253_402_300_799, 253_402_300_799 * 10**9
_HALF_LIFE_US = HALF_LIFE.total_seconds() * 1e6
_NO_TOUCH = -1
_TOUCH, _CONVERSION, _GIVEN_BACK = 0, 1, 2


@dataclass
class _Columns:
    """The events of a file as numbers, in its order; times in microseconds since 1970."""

    user: array[int] = field(default_factory=lambda: array("i"))
    at: array[int] = field(default_factory=lambda: array("q"))
    code: array[int] = field(default_factory=lambda: array("i"))
    kind: array[int] = field(default_factory=lambda: array("b"))
    value: array[float] = field(default_factory=lambda: array("d"))


@dataclass
class _Person:
    """What one person has touched since the last conversion, and what that conversion was owed to."""

    codes: list[int] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    owed: tuple[list[int], list[int]] | None = None


def read_events(path: Path, *, needs_value: bool) -> FileJourneys:
    """Journeys of the persons in a file of events.

    Raises: not_found; bad_input naming line and column.
    """
    needed = ("user_id", "time", "channel", "converted", *(("value",) if needs_value else ()))
    with no_search_for_cycles():
        table = open_table(path, _COLUMNS, needed)
        journeys, columns = Journeys(), _Columns()
        _load(table, journeys, columns)
        check_unchanged(path, table)
        order = _in_order(columns)
        _walk(columns, order, journeys)
    return FileJourneys(journeys, _notes(columns, order, journeys))


def _load(table: Table, journeys: Journeys, columns: _Columns) -> None:
    users, known_times = dict[str, int](), dict[str, int]()
    for row in table.rows():
        user = table.text(row, "user_id")
        if not user:
            raise table.wrong(row, "user_id", "is empty")
        text = table.text(row, "time")
        at = known_times.get(text)
        if at is None:
            at = _instant_us(table, row, text)
            if len(known_times) < 100_000:
                known_times[text] = at
        value = table.amount(row, "value")
        converted = _is_yes(table, row)
        kind = _GIVEN_BACK if value < 0 else _CONVERSION if converted else _TOUCH
        channel = " ".join(table.text(row, "channel").split())
        columns.user.append(users.setdefault(user, len(users)))
        columns.at.append(at)
        columns.code.append(journeys.code(channel) if channel and kind != _GIVEN_BACK else _NO_TOUCH)
        columns.kind.append(kind)
        columns.value.append(value)


def _is_yes(table: Table, row: FileRow) -> bool:
    text = table.text(row, "converted").lower()
    if text not in _YES and text not in _NO:
        raise table.wrong(row, "converted", "is neither 1 nor 0")
    return text in _YES


def _instant_us(table: Table, row: FileRow, text: str) -> int:
    """Microseconds since 1970: ISO with or without a zone (then UTC), `20261122`, or the epoch in s, ms, us or ns by its size."""
    if _PLAIN_NUMBER.fullmatch(text) and not _DAY.fullmatch(text):
        seconds = float(text)
        while _LONGEST_S < abs(seconds) < _LONGEST_NS:
            seconds /= 1000
        if abs(seconds) <= _LONGEST_S:
            return round(seconds * 1e6)
    try:
        found: Any = read_cell("instant", text)
    except (BadRow, OverflowError):
        found = None
    if found is None:
        raise table.wrong(row, "time", "is not a time")
    microseconds: int = (found - _EPOCH) // _MICROSECOND
    return microseconds


def _in_order(columns: _Columns) -> NDArray[np.intp]:
    """Rows by person, then time, then touches before conversions before money given back; ties as in the file."""
    import numpy as np

    keys = [np.array(column, dtype=np.int64) for column in (columns.kind, columns.at, columns.user)]
    return np.lexsort(keys)


def _walk(columns: _Columns, order: NDArray[np.intp], journeys: Journeys) -> None:
    person, last_user = _Person(), None
    for place in order.tolist():
        user = columns.user[place]
        if user != last_user:
            _give_up(person, journeys)
            person, last_user = _Person(), user
        code, kind = columns.code[place], columns.kind[place]
        if code != _NO_TOUCH:
            person.codes.append(code)
            person.times.append(columns.at[place])
        if kind == _CONVERSION:
            if person.codes or person.owed is None:
                person.owed = (person.codes, person.times)
                person.codes, person.times = [], []
            _end(journeys, person.owed, 1.0, columns.value[place])
        elif kind == _GIVEN_BACK:
            _end(journeys, person.owed or ([], []), 0.0, columns.value[place])
    _give_up(person, journeys)


def _end(journeys: Journeys, owed: tuple[list[int], list[int]], conversions: float, value: float) -> None:
    codes, times = owed
    newest = times[-1] if times else 0
    journeys.add(codes, conversions, 0.0, value, back=[(newest - at) / _HALF_LIFE_US for at in times])


def _give_up(person: _Person, journeys: Journeys) -> None:
    if person.codes:
        journeys.add(person.codes, 0.0, 1.0, 0.0, back=[0.0] * len(person.codes))


def _notes(columns: _Columns, order: NDArray[np.intp], journeys: Journeys) -> tuple[str, ...]:
    import numpy as np

    untouched = sum(start == end for start, end in journeys.spans())
    given_back = sum(kind == _GIVEN_BACK for kind in columns.kind)
    held = [np.array(column)[order] for column in (columns.user, columns.at, columns.code, columns.kind, columns.value)]
    repeats = int(np.logical_and.reduce([one[1:] == one[:-1] for one in held]).sum()) if len(order) > 1 else 0
    notes = list(untouched_note(untouched))
    if given_back:
        notes.append(f"{given_back} rows give money back: taken from the conversion before, counted as no conversion")
    if repeats:
        notes.append(f"{repeats} rows repeat another exactly; they were counted")
    return tuple(notes)
