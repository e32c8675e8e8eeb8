"""Brings an owner's file in: guess the columns, show the guess, check every row, then write all of it or nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, Protocol

import sqlalchemy as sa

from revenue_machine.engine.container import Container
from revenue_machine.engine.database import Database
from revenue_machine.engine.registry import modules
from revenue_machine.engine.rowfiles import BadLine, FileRow, RowFile, file_hash, no_search_for_cycles, read_rows
from revenue_machine.kit.clock import parse_instant
from revenue_machine.kit.errors import BadInput, NotFound

SHOWN_LINES = 10
_NOTHING = {"", "nan", "null", "none", "n/a", "#n/a", "na", "-"}
_LONGEST_NOTHING = max(map(len, _NOTHING))
_SEPARATORS = re.compile(r"(?<=\d)[ ,\u00a0\u202f](?=\d{3}\b)")
_SCALED = re.compile(r"(\d+(?:\.\d+)?)\s*([kKmM])")

CellKind = Literal["text", "count", "number", "instant"]
Cell = str | int | float | datetime | None


class BadRow(Exception):
    """This row cannot be taken; the file is not applied unless bad rows may be skipped."""


class LeftOut(Exception):
    """This row is sound but holds nothing to keep; it is reported and does not stop the rest."""


@dataclass(frozen=True)
class ImportField:
    """One thing a kind of row can hold, and the column names it usually goes by (lower case, words joined by `_`)."""

    name: str
    cell: CellKind
    known_as: tuple[str, ...] = ()


@dataclass(frozen=True)
class ImportSource:
    """The file as a whole, the columns taken for each field, and what the owner set for every row."""

    file: RowFile
    mapping: Mapping[str, str]
    constants: Mapping[str, str]

    def key(self, number: int) -> str:
        """The natural key of a row that has none of its own: `file-sha256#row`."""
        return f"{self.file.sha256}#{number}"


class ImportRow:
    """One row: typed cells by field, the same as written, and the columns nobody asked for."""

    __slots__ = ("_mapping", "_values", "cells", "line", "number")

    def __init__(self, row: FileRow, cells: Mapping[str, Cell], mapping: Mapping[str, str]) -> None:
        self.line, self.number, self._values = row
        self.cells, self._mapping = cells, mapping

    @property
    def written(self) -> dict[str, str]:
        """The cells as they stand in the file, by field."""
        return {name: self._values.get(column, "").strip() for name, column in self._mapping.items()}

    @property
    def extra(self) -> dict[str, str]:
        """What stands in columns no field takes."""
        taken = set(self._mapping.values())
        return {column: text for column, text in self._values.items() if column not in taken}

    def text(self, name: str) -> str | None:
        """A text cell, None when empty or not in the file."""
        value = self.cells.get(name)
        return value if isinstance(value, str) else None

    def count(self, name: str) -> int | None:
        """A whole number, None when empty or not in the file."""
        value = self.cells.get(name)
        return value if isinstance(value, int) else None

    def instant(self, name: str) -> datetime | None:
        """A time, None when empty or not in the file."""
        value = self.cells.get(name)
        return value if isinstance(value, datetime) else None


@dataclass(frozen=True)
class Written:
    """What the database made of the rows: new ones, and known ones that were refreshed or already equal."""

    stored: int
    duplicates: int


class RowImport(Protocol):
    """What a domain does with the rows of one file."""

    def read(self, row: ImportRow) -> None:
        """Take a row in. Raises: BadRow, LeftOut."""
        ...

    def write(self, connection: sa.Connection) -> Written:
        """Write everything taken in; the same file twice changes nothing."""
        ...

    def notes(self) -> list[str]:
        """What the owner should know about this file."""
        ...


@dataclass(frozen=True)
class Undone:
    """What became of an import that was taken back: rows gone, rows as they were before, and those kept with the reason."""

    import_id: str
    removed: int
    restored: int
    kept: tuple[str, ...]

    def lines(self) -> list[str]:
        """The same for a person to read."""
        head = f"{self.import_id}: removed {self.removed}, put back {self.restored}, kept {len(self.kept)}"
        more = [] if len(self.kept) <= SHOWN_LINES else [f"  and {len(self.kept) - SHOWN_LINES} more"]
        return [head, *(f"  kept: {one}" for one in self.kept[:SHOWN_LINES]), *more]


@dataclass(frozen=True)
class ImportKind:
    """A kind of file a domain declares in `imports.py`; the container fills `begin(source=…)` and `undo(connection=…, wanted=…)`.

    `wanted` is an import's id or the SHA-256 of its file; kinds without `undo` cannot be taken back.
    """

    name: str
    summary: str
    fields: tuple[ImportField, ...]
    begin: Callable[..., RowImport]
    undo: Callable[..., Undone] | None = None


@dataclass(frozen=True)
class ImportWishes:
    """What the owner asked for: another column for a field, a value for every row, a preview, tolerance."""

    columns: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    is_dry_run: bool = False
    skips_bad_rows: bool = False


@dataclass(frozen=True)
class ImportReport:
    """What was found and done; `applied` is False for a preview and for a file with bad rows."""

    kind: str
    file: RowFile
    mapping: Mapping[str, str]
    unused: tuple[str, ...]
    bad: tuple[BadLine, ...]
    left_out: tuple[BadLine, ...]
    notes: tuple[str, ...]
    applied: bool
    stored: int = 0
    duplicates: int = 0

    @property
    def rows_read(self) -> int:
        return len(self.file.rows) + len(self.file.bad)

    def as_dict(self) -> dict[str, Any]:
        """Everything as JSON; long lists are cut to their first lines and counted."""
        return {
            "kind": self.kind, "file": self.file.name, "sha256": self.file.sha256, "format": self.file.form,
            "encoding": self.file.encoding, "delimiter": self.file.delimiter, "mapping": dict(self.mapping),
            "unused_columns": list(self.unused), "applied": self.applied, "rows_read": self.rows_read,
            "repaired": len(self.file.repaired), "repaired_lines": list(self.file.repaired[:SHOWN_LINES]),
            "stored": self.stored, "duplicates": self.duplicates, "bad": len(self.bad),
            "bad_lines": _listed(self.bad), "left_out": len(self.left_out), "left_out_lines": _listed(self.left_out),
            "notes": list(self.notes),
        }  # fmt: skip

    def lines(self) -> list[str]:
        """The same for a person to read."""
        dress = ", ".join(part for part in (self.file.form, self.file.encoding, _delimiter_name(self.file.delimiter)) if part)
        shown = [f"{self.file.name}: {dress}", "columns taken:"]
        shown += [f"  {field_name:14} <- {column}" for field_name, column in sorted(self.mapping.items())]
        if self.unused:
            shown.append(f"columns not used: {', '.join(self.unused)}")
        shown.append(
            f"rows read {self.rows_read}, repaired {len(self.file.repaired)}, stored {self.stored}, "
            f"duplicates {self.duplicates}, left out {len(self.left_out)}, bad {len(self.bad)}"
        )
        if self.file.repaired:
            first = ", ".join(str(line) for line in self.file.repaired[:SHOWN_LINES])
            shown.append(f"  repaired (quoted as a whole): lines {first}{', …' if len(self.file.repaired) > SHOWN_LINES else ''}")
        for title, found in (("bad", self.bad), ("left out", self.left_out)):
            shown += [f"  {title}: line {one.line}: {one.reason}" for one in found[:SHOWN_LINES]]
            if len(found) > SHOWN_LINES:
                shown.append(f"  {title}: and {len(found) - SHOWN_LINES} more")
        return [*shown, *self.notes]


def discover_imports(domains: ModuleType) -> dict[str, ImportKind]:
    """Every kind the domains declare (`IMPORTS` in `imports.py`), by name; fails loudly on a duplicate."""
    kinds: dict[str, ImportKind] = {}
    for folder, module in modules(domains, "imports"):
        for name, kind in module.IMPORTS.items():
            if name in kinds or name != kind.name:
                raise ValueError(f"{folder}: import kind {name} is declared twice or under another name")
            kinds[name] = kind
    return dict(sorted(kinds.items()))


def find_kind(kinds: Mapping[str, ImportKind], name: str) -> ImportKind:
    """The kind of that name, or `not_found` naming those there are."""
    if name not in kinds:
        raise NotFound(f"there is no import kind {name}; known: {', '.join(kinds) or 'none'}", field="kind")
    return kinds[name]


def import_file(kind: ImportKind, path: Path, wishes: ImportWishes, container: Container) -> ImportReport:
    """Read, check and apply a file.

    Returns: the report; with bad rows that may not be skipped nothing is applied and `applied` is False.
    Raises: not_found, bad_input (the file as such, an unknown field or column in the wishes).
    """
    with no_search_for_cycles():
        return _import_file(kind, path, wishes, container)


def _import_file(kind: ImportKind, path: Path, wishes: ImportWishes, container: Container) -> ImportReport:
    file = read_rows(path)
    mapping = map_columns(kind, file.columns, wishes)
    rows = container.fill(kind.begin, source=ImportSource(file, mapping, dict(wishes.constants)))
    bad, left_out = _check(kind, file, mapping, rows, _constants(kind, wishes))
    if file_hash(path) != file.sha256:
        raise BadInput(f"{path} changed while it was read; import it again", field="file")
    taken = set(mapping.values())
    unused = tuple(column for column in file.columns if column not in taken)
    applies = not wishes.is_dry_run and (wishes.skips_bad_rows or not bad)
    written = Written(0, 0)
    if applies:
        database = container.get(Database)
        with database.writing() as connection:
            written = rows.write(connection)
    notes = (*rows.notes(), *_verdict(bad, wishes))
    return ImportReport(
        kind.name, file, mapping, unused, tuple(bad), tuple(left_out), notes, applies, written.stored, written.duplicates
    )  # fmt: skip


def undo_import(kind: ImportKind, wanted: str, container: Container) -> Undone:
    """Take an import back, by its id or its file.

    Raises: not_found (no such import), bad_input for a kind that cannot be taken back.
    """
    if kind.undo is None:
        raise BadInput(f"an import of {kind.name} cannot be taken back", field="kind")
    path = Path(wanted)
    name = file_hash(path) if path.is_file() else wanted
    with container.get(Database).writing() as connection:
        undone: Undone = container.fill(kind.undo, connection=connection, wanted=name)
    return undone


def map_columns(kind: ImportKind, columns: Sequence[str], wishes: ImportWishes) -> dict[str, str]:
    """Column by field: what the owner said, else the first usual name the file has."""
    fields = {one.name: one for one in kind.fields}
    for name in [*wishes.columns, *wishes.constants]:
        if name not in fields:
            raise BadInput(f"{kind.name} has no field {name}; it has {', '.join(fields)}", field=name)
    by_word: dict[str, str] = {}
    for column in columns:
        by_word.setdefault(_word(column), column)
    mapping: dict[str, str] = {}
    for name, wanted in wishes.columns.items():
        if wanted not in columns:
            raise BadInput(f"the file has no column {wanted}; it has {', '.join(columns)}", field=name)
        mapping[name] = wanted
    for name, one in fields.items():
        free = [by_word[word] for word in (name, *one.known_as) if word in by_word and by_word[word] not in mapping.values()]
        if name not in mapping and name not in wishes.constants and free:
            mapping[name] = free[0]
    return mapping


def read_cell(kind: CellKind, text: str) -> Cell:
    """A cell by its kind; empty, `NaN`, `null` and their like are None.

    Raises: BadRow saying what is wrong with it.
    """
    bare = text.strip()
    if len(bare) <= _LONGEST_NOTHING and bare.lower() in _NOTHING:
        return None
    if kind == "text":
        return bare
    if kind == "instant":
        return _read_instant(bare)
    return _read_number(bare, is_whole=kind == "count")


def _read_number(text: str, *, is_whole: bool) -> int | float:
    plain = _SEPARATORS.sub("", text)
    scaled = _SCALED.fullmatch(plain)
    try:
        value = float(scaled[1]) * (1e3 if scaled[2] in "kK" else 1e6) if scaled else float(plain)
    except ValueError:
        raise BadRow(f"'{text[:40]}' is not a number") from None
    if value != value or abs(value) == float("inf"):  # noqa: PLR0124 - NaN is the one value unlike itself
        raise BadRow(f"'{text[:40]}' is not a number")
    if not is_whole:
        return value
    if value < 0 or value != int(value) or value > 2**62:
        raise BadRow(f"'{text[:40]}' is not a count")
    return int(value)


def _read_instant(text: str) -> datetime:
    try:
        return parse_instant(text)
    except BadInput:
        pass_through = text.replace("/", "-").replace("Z", "+00:00")
    try:
        moment = datetime.fromisoformat(pass_through)
    except ValueError:
        raise BadRow(f"'{text[:40]}' is not a date or time") from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _constants(kind: ImportKind, wishes: ImportWishes) -> dict[str, Cell]:
    """The values set for every row, typed; `bad_input` when one does not fit."""
    cells = {one.name: one.cell for one in kind.fields}
    try:
        return {name: read_cell(cells[name], text) for name, text in wishes.constants.items()}
    except BadRow as reason:
        raise BadInput(str(reason), field="set") from None


def _check(
    kind: ImportKind, file: RowFile, mapping: Mapping[str, str], rows: RowImport, constants: Mapping[str, Cell]
) -> tuple[list[BadLine], list[BadLine]]:
    """Hand every row over; (bad, left out) in the order of the file."""
    cells = {one.name: one.cell for one in kind.fields}
    plan = [(name, cells[name], column) for name, column in mapping.items()]
    bad, left_out = list(file.bad), list[BadLine]()
    for row in file.rows:
        try:
            rows.read(ImportRow(row, {**_typed(plan, row.values), **constants}, mapping))
        except BadRow as reason:
            bad.append(BadLine(row.line, str(reason)))
        except LeftOut as reason:
            left_out.append(BadLine(row.line, str(reason)))
    return sorted(bad, key=lambda one: one.line), left_out


def _typed(plan: Sequence[tuple[str, CellKind, str]], values: Mapping[str, str]) -> dict[str, Cell]:
    """The cells of a row by field; the first that is wrong is named with its column."""
    typed: dict[str, Cell] = {}
    for name, cell, column in plan:
        try:
            typed[name] = read_cell(cell, values.get(column, ""))
        except BadRow as reason:
            raise BadRow(f"{column}: {reason}") from None
    return typed


def _verdict(bad: Sequence[BadLine], wishes: ImportWishes) -> list[str]:
    if wishes.is_dry_run:
        return ["preview: nothing was written"]
    if bad and not wishes.skips_bad_rows:
        return [f"nothing was written: {len(bad)} bad rows; mend them or use --skip-bad-rows"]
    return []


def _listed(lines: Sequence[BadLine]) -> list[dict[str, Any]]:
    return [{"line": one.line, "reason": one.reason} for one in lines[:SHOWN_LINES]]


def _word(column: str) -> str:
    return re.sub(r"[^a-z0-9#]+", "_", column.strip().lower()).strip("_")


def _delimiter_name(delimiter: str | None) -> str:
    return {",": "comma", ";": "semicolon", "\t": "tab"}.get(delimiter or "", "")
