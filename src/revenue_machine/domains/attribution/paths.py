"""Reads journeys from a local file: ready paths with their counts, or single events by person and time.

What is wrong with a file is said by line and column, never by quoting it: who may ask this may not therefore read every file.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from revenue_machine.domains.attribution.journeys import Journeys
from revenue_machine.engine.importing import BadRow, read_cell
from revenue_machine.engine.rowfiles import FileRow, RowFile, file_hash, no_search_for_cycles, read_rows
from revenue_machine.kit.errors import BadInput, Failure, NotFound

MOST_BYTES = 2 * 1024**3
MOST_AMOUNT = 1e15
_PLAIN = re.compile(r"\d{1,15}(\.\d{1,15})?", re.ASCII)
# ` > ` with a space on at least one side; a file that has none of those separates by the bare sign.
_SPACED, _BARE = re.compile(r"\s+>\s*|>\s+"), re.compile(r">")
_PATH_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "path": ("path", "paths"),
    "total_conversions": ("total_conversions", "conversions", "conversion"),
    "total_conversion_value": ("total_conversion_value", "conversion_value", "value", "revenue"),
    "total_null": ("total_null", "total_nulls", "nulls", "null"),
}


@dataclass(frozen=True)
class FileJourneys:
    """The journeys of a file, and what was met in it that its owner should know."""

    journeys: Journeys
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """An open file of rows with the column each field was found in."""

    label: str
    file: RowFile
    columns: Mapping[str, str]

    def rows(self) -> Iterator[FileRow]:
        """The rows, read afresh."""
        return iter(self.file.rows)

    def text(self, row: FileRow, name: str) -> str:
        """A cell as it stands, without space around it; empty when the file has no such column."""
        column = self.columns.get(name)
        return "" if column is None else row.values.get(column, "").strip()

    def amount(self, row: FileRow, name: str) -> float:
        """A number, 0 for nothing.

        Raises: bad_input naming line and column.
        """
        cell = self.text(row, name)
        if not cell:
            return 0.0
        try:
            value = float(cell) if _PLAIN.fullmatch(cell) else read_cell("number", cell)
        except BadRow:
            raise self.wrong(row, name, "is not a number") from None
        number = float(value) if isinstance(value, int | float) else 0.0
        if abs(number) > MOST_AMOUNT:
            raise self.wrong(row, name, f"is larger than {MOST_AMOUNT:g}")
        return number

    def wrong(self, row: FileRow, name: str, reason: str) -> BadInput:
        """What a line's cell is not."""
        return BadInput(f"{self.label} line {row.line}: {name} {reason}", field="path")


def read_paths(path: Path, *, needs_value: bool) -> FileJourneys:
    """Paths with how often they ended in conversions and in nothing, and what the conversions were worth together.

    Counts may be fractions; a negative value is money given back. An empty path is a conversion that nobody touched.
    Raises: not_found; bad_input naming line and column.
    """
    needed = ("path", "total_conversions", *(("total_conversion_value",) if needs_value else ()))
    with no_search_for_cycles():
        table = open_table(path, _PATH_COLUMNS, needed)
        journeys = Journeys()
        split = _SPACED if any(_SPACED.search(table.text(row, "path")) for row in table.rows()) else _BARE
        codes: dict[str, int] = {}
        untouched = 0
        for row in table.rows():
            steps = _steps(table.text(row, "path"), split)
            conversions, nulls = _count(table, row, "total_conversions"), _count(table, row, "total_null")
            known = [codes[step] if step in codes else codes.setdefault(step, journeys.code(step)) for step in steps]
            journeys.add(known, conversions, nulls, table.amount(row, "total_conversion_value"))
            untouched += not steps
        check_unchanged(path, table)
    return FileJourneys(journeys, untouched_note(untouched))


def _count(table: Table, row: FileRow, name: str) -> float:
    number = table.amount(row, name)
    if number < 0:
        raise table.wrong(row, name, "is negative")
    return number


def _steps(text: str, split: re.Pattern[str]) -> list[str]:
    """The channels of a path: space around and doubled inside a name does not count, empty steps are left out."""
    return [name for part in split.split(text) if (name := " ".join(part.split()))]


def untouched_note(rows: int) -> tuple[str, ...]:
    """What is said of conversions nobody touched."""
    return (f"{rows} rows have no channel; what they brought is credited to unknown",) if rows else ()


def open_table(path: Path, fields: Mapping[str, tuple[str, ...]], needed: tuple[str, ...]) -> Table:
    """A file of rows whose columns are found by their usual names, whatever their case.

    Raises: not_found; bad_input when it is no such file, or a line is not a row.
    """
    _check_place(path)
    try:
        file = read_rows(path)
    except Failure as failure:
        raise type(failure)(failure.message, field="path") from None
    if file.bad:
        raise BadInput(f"{path} line {file.bad[0].line}: {file.bad[0].reason}", field="path")
    by_word = {column.strip().lower().replace(" ", "_"): column for column in reversed(file.columns)}
    columns = {
        name: by_word[known] for name, usual in fields.items() if (known := next((one for one in usual if one in by_word), None))
    }
    missing = [name for name in needed if name not in columns]
    if missing:
        raise BadInput(
            f"{path} has no column {missing[0]}; it needs {', '.join(needed)}, in its first line", field="path", missing=missing
        )
    return Table(str(path), file, columns)


def _label(path: Path) -> str:
    """The file's name for a message of one line."""
    return str(path) if str(path).isprintable() else ascii(str(path))


def _check_place(path: Path) -> None:
    """Only a finite file of rows is opened: no folder, pipe, device or socket.

    Raises: not_found, bad_input.
    """
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError, ValueError):
        raise NotFound(f"there is no file {_label(path)}", field="path") from None
    except OSError as error:
        raise BadInput(f"{_label(path)} cannot be read: {error.strerror}", field="path") from None
    if not stat.S_ISREG(found.st_mode):
        raise BadInput(f"{_label(path)} is not a file", field="path")
    if found.st_size > MOST_BYTES:
        raise BadInput(f"{path} is larger than {MOST_BYTES} bytes", field="path")


def check_unchanged(path: Path, table: Table) -> None:
    """Rows are read more than once; a file that somebody wrote to meanwhile is refused.

    Raises: bad_input.
    """
    if file_hash(path) != table.file.sha256:
        raise BadInput(f"{path} changed while it was read; ask again", field="path")
