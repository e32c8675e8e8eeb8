"""Reads a file of rows as it comes: CSV in any usual dress, JSON Lines, Parquet; says what was mended and what is broken."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from revenue_machine.kit.errors import BadInput, NotFound
from revenue_machine.kit.ids import content_hash

DELIMITERS = (",", ";", "\t")
LONGEST_CELL = 16 * 1024 * 1024
MOST_REMARKS = 20


@dataclass(frozen=True)
class FileRow:
    """One data row: its first physical line, its number among the data rows (from 1), and its cells as text."""

    line: int
    number: int
    values: Mapping[str, str]


@dataclass(frozen=True)
class BadLine:
    """A line nothing can be made of, and why."""

    line: int
    reason: str


@dataclass(frozen=True)
class RowFile:
    """A whole file; `repaired` holds the lines that were quoted as a whole and have been unwrapped."""

    name: str
    sha256: str
    form: str
    encoding: str | None
    delimiter: str | None
    columns: tuple[str, ...]
    rows: tuple[FileRow, ...]
    bad: tuple[BadLine, ...]
    repaired: tuple[int, ...] = ()


def read_rows(path: Path) -> RowFile:
    """Read a file by its ending, or by its look where the ending says nothing.

    Raises: not_found; bad_input for a folder, an empty file, or bytes that are no rows.
    """
    data = _read_bytes(path)
    form = _form(path, data)
    sha256 = content_hash(data)
    if form == "parquet":
        return _read_parquet(path, sha256)
    text, encoding = _decode(path, data)
    if form == "jsonl":
        return _read_jsonl(path.name, sha256, text, encoding)
    return _read_csv(path.name, sha256, text, encoding)


def _read_bytes(path: Path) -> bytes:
    if not path.exists():
        raise NotFound(f"there is no file {path}", field="file")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}", field="file") from None
    if not data.strip():
        raise BadInput(f"{path} is empty", field="file")
    return data


def _form(path: Path, data: bytes) -> str:
    ending = path.suffix.lower()
    if ending in {".parquet", ".pq"} or data[:4] == b"PAR1":
        return "parquet"
    if ending in {".jsonl", ".ndjson"} or (ending not in {".csv", ".tsv"} and data.lstrip()[:1] == b"{"):
        return "jsonl"
    return "csv"


def _decode(path: Path, data: bytes) -> tuple[str, str]:
    """Text and the name of its encoding; Latin-1 only where the bytes are not UTF-8."""
    if b"\x00" in data[:65536]:
        raise BadInput(f"{path} is not a text file", field="file")
    name = "utf-8-sig" if data.startswith(b"\xef\xbb\xbf") else "utf-8"
    try:
        return data.decode(name), name
    except UnicodeDecodeError:
        return data.decode("latin-1"), "latin-1"


def sniff_delimiter(header: str) -> str:
    """The delimiter that stands most often outside quotes in the first line; a comma when none does."""
    bare = "".join(part for index, part in enumerate(header.split('"')) if index % 2 == 0)
    return max(DELIMITERS, key=lambda one: (bare.count(one), -DELIMITERS.index(one)))


def _read_csv(name: str, sha256: str, text: str, encoding: str) -> RowFile:
    csv.field_size_limit(LONGEST_CELL)
    before = _preamble_lines(text)
    text = text if before == 0 else text.split("\n", before)[before]
    delimiter = sniff_delimiter(text.lstrip("\r\n").split("\n", 1)[0])
    lines = _csv_lines(text, delimiter, before)
    columns = _distinct([cell.strip() for cell in next(lines)[1]])
    rows, bad, repaired = list[FileRow](), list[BadLine](), list[int]()
    for number, (line, cells) in enumerate(lines, 1):
        if len(cells) == 1 and len(columns) > 1:
            mended = _unwrap(cells[0], delimiter, len(columns))
            if mended is not None:
                repaired.append(line)
                cells = mended  # noqa: PLW2901 - the row as it was meant
        if len(cells) == len(columns):
            rows.append(FileRow(line, number, dict(zip(columns, cells, strict=True))))
        else:
            bad.append(BadLine(line, f"{len(cells)} cells, the header has {len(columns)}"))
    return RowFile(name, sha256, "csv", encoding, delimiter, tuple(columns), tuple(rows), tuple(bad), tuple(repaired))


def _preamble_lines(text: str) -> int:
    """How many lines of remarks stand before the header: a first line `Notes:` and all up to the next blank one."""
    lines = text.split("\n", MOST_REMARKS)[:MOST_REMARKS]
    if lines[0].strip().strip('",;').lower() not in ("notes:", "note:"):
        return 0
    return next((number for number, line in enumerate(lines, 1) if not line.strip('\r ",;\t')), 0)


def _csv_lines(text: str, delimiter: str, before: int = 0) -> Iterator[tuple[int, list[str]]]:
    """(first physical line, cells) of every line that is not blank; `before` lines of the file come before the text."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    start = before + 1
    try:
        for cells in reader:
            if cells and any(cell.strip() for cell in cells):
                yield start, cells
            start = before + reader.line_num + 1
    except csv.Error as error:
        raise BadInput(f"line {start}: {error}", field="file") from None


def _unwrap(cell: str, delimiter: str, width: int) -> list[str] | None:
    """The cells of a line that was quoted as a whole, or None when it is something else."""
    inner = list(csv.reader(io.StringIO(cell, newline=""), delimiter=delimiter))
    return inner[0] if len(inner) == 1 and len(inner[0]) == width else None


def _distinct(names: Sequence[str]) -> list[str]:
    """Column names, numbered where the file repeats one or leaves it empty."""
    seen: dict[str, int] = {}
    found = []
    for place, name in enumerate(names, 1):
        word = name or f"column_{place}"
        seen[word] = seen.get(word, 0) + 1
        found.append(word if seen[word] == 1 else f"{word}_{seen[word]}")
    return found


def _read_jsonl(name: str, sha256: str, text: str, encoding: str) -> RowFile:
    rows, bad = list[FileRow](), list[BadLine]()
    columns: dict[str, None] = {}
    number = 0
    for line, raw in enumerate(text.splitlines(), 1):
        if not raw.strip():
            continue
        number += 1
        try:
            value = json.loads(raw)
        except ValueError as error:
            bad.append(BadLine(line, f"not JSON: {error}"))
            continue
        if not isinstance(value, dict):
            bad.append(BadLine(line, "not a JSON object"))
            continue
        cells = dict(_flat(value))
        columns.update(dict.fromkeys(cells))
        rows.append(FileRow(line, number, cells))
    return RowFile(name, sha256, "jsonl", encoding, None, tuple(columns), tuple(rows), tuple(bad))


def _read_parquet(path: Path, sha256: str) -> RowFile:
    import duckdb

    try:
        with duckdb.connect() as connection:
            found = connection.execute("select * from read_parquet(?)", [str(path)])
            columns = _distinct([str(one[0]) for one in found.description or []])
            values = found.fetchall()
    except duckdb.Error as error:
        raise BadInput(f"{path} is no Parquet file: {str(error).splitlines()[0]}", field="file") from None
    rows = tuple(
        FileRow(number, number, {column: as_text(cell) for column, cell in zip(columns, cells, strict=True)})
        for number, cells in enumerate(values, 1)
    )
    return RowFile(path.name, sha256, "parquet", None, None, tuple(columns), rows, ())


def _flat(value: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    """Nested objects as `outer.inner`."""
    for key, inner in value.items():
        if isinstance(inner, dict):
            yield from _flat(inner, f"{before}{key}.")
        else:
            yield f"{before}{key}", as_text(inner)


def as_text(value: Any) -> str:
    """One cell as text; nothing is the empty text, a time its ISO form, a list its JSON."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    return str(value)
