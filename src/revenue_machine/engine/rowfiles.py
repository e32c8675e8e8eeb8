"""Reads a file of rows as it comes: CSV in any usual dress, JSON Lines, Parquet; says what was mended and what is broken."""

from __future__ import annotations

import codecs
import csv
import gc
import hashlib
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import IO, Any, NamedTuple

from revenue_machine.kit.errors import BadInput, NotFound

DELIMITERS = (",", ";", "\t")
LONGEST_CELL = 16 * 1024 * 1024
MOST_REMARKS = 20
HEAD = 65536
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
PIECE = 1024 * 1024
FETCHED = 2000
_ALL, _COUNT = "select * from read_parquet(?)", "select count(*) from read_parquet(?)"


class FileRow(NamedTuple):
    """One data row: its first physical line, its number among the data rows (from 1), and its cells as text."""

    line: int
    number: int
    values: Mapping[str, str]


class FileRows:
    """The sound rows of a file, counted once and read from it afresh whenever they are gone through: never all in memory."""

    def __init__(self, read: Callable[[], Iterator[FileRow]], count: int) -> None:
        self._read, self._count = read, count

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[FileRow]:
        return self._read()

    def __getitem__(self, place: int) -> FileRow:
        return next(islice(self._read(), place, None))


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
    rows: FileRows
    bad: tuple[BadLine, ...]
    repaired: tuple[int, ...] = ()


@dataclass(frozen=True)
class _Look:
    """What one walk over the bytes tells: their hash, how they begin, and the encoding they can be read in."""

    path: Path
    sha256: str
    head: bytes
    encoding: str

    def text(self, newline: str | None) -> IO[str]:
        """The file as text; a byte that came in since is no reason to break, the hash tells."""
        return self.path.open(encoding=self.encoding, errors="replace", newline=newline)


@contextmanager
def no_search_for_cycles() -> Iterator[None]:
    """Rows refer to nothing that refers back, and looking for that again and again takes a quarter of a big import."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def read_rows(path: Path) -> RowFile:
    """Check a file by its ending, or by its look where the ending says nothing; its rows are read as they are asked for.

    Raises: not_found; bad_input for a folder, an empty file, or bytes that are no rows.
    """
    if not path.exists():
        raise NotFound(f"there is no file {path}", field="file")
    try:
        look = _look(path)
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}", field="file") from None
    form = _form(path, look.head if look.encoding != "utf-16" else look.head.decode("utf-16", "ignore").encode())
    if form == "parquet":
        return _read_parquet(path, look.sha256)
    if b"\x00" in look.head and look.encoding != "utf-16":
        raise BadInput(f"{path} is not a text file", field="file")
    return _read_jsonl(look) if form == "jsonl" else _read_csv(look)


def file_hash(path: Path) -> str:
    """SHA-256 (hex) of a file's bytes."""
    with path.open("rb") as data:
        return hashlib.file_digest(data, "sha256").hexdigest()


def _look(path: Path) -> _Look:
    """Hash the bytes and find their encoding: UTF-16 only where they say so first, Latin-1 where they are not UTF-8."""
    digest, decoder = hashlib.sha256(), codecs.getincrementaldecoder("utf-8")()
    is_blank, is_utf8, head = True, True, b""
    with path.open("rb") as data:
        while piece := data.read(PIECE):
            head = head or piece[:HEAD]
            is_blank = is_blank and not piece.strip()
            digest.update(piece)
            is_utf8 = is_utf8 and _decodes(decoder, piece)
    if is_blank:
        raise BadInput(f"{path} is empty", field="file")
    if head.startswith(_UTF16):
        return _Look(path, digest.hexdigest(), head, "utf-16")
    is_utf8 = is_utf8 and _decodes(decoder, b"", is_last=True)
    utf8 = "utf-8-sig" if head.startswith(codecs.BOM_UTF8) else "utf-8"
    return _Look(path, digest.hexdigest(), head, utf8 if is_utf8 else "latin-1")


def _decodes(decoder: codecs.IncrementalDecoder, piece: bytes, *, is_last: bool = False) -> bool:
    try:
        decoder.decode(piece, is_last)
    except UnicodeDecodeError:
        return False
    return True


def _form(path: Path, head: bytes) -> str:
    ending = path.suffix.lower()
    if ending in {".parquet", ".pq"} or head[:4] == b"PAR1":
        return "parquet"
    if ending in {".jsonl", ".ndjson"} or (ending not in {".csv", ".tsv"} and head.lstrip()[:1] == b"{"):
        return "jsonl"
    return "csv"


def sniff_delimiter(header: str) -> str:
    """The delimiter that stands most often outside quotes in the first line; a comma when none does."""
    bare = "".join(part for index, part in enumerate(header.split('"')) if index % 2 == 0)
    return max(DELIMITERS, key=lambda one: (bare.count(one), -DELIMITERS.index(one)))


def _read_csv(look: _Look) -> RowFile:
    csv.field_size_limit(LONGEST_CELL)
    with look.text("") as stream:
        head = stream.read(HEAD)
    before = _preamble_lines(head)
    remarks = head[: len(head) - len(head.split("\n", before)[before])]
    delimiter = sniff_delimiter(head[len(remarks) :].lstrip("\r\n").split("\n", 1)[0])

    def lines() -> Iterator[tuple[int, list[str]]]:
        with look.text("") as stream:
            stream.read(len(remarks))
            yield from _csv_lines(stream, delimiter, before)

    header = next(lines(), None)
    if header is None:
        raise BadInput(f"{look.path} is empty", field="file")
    columns = _distinct([cell.strip() for cell in header[1]])
    width = len(columns)

    def rows() -> Iterator[FileRow]:
        for number, (line, cells) in enumerate(islice(lines(), 1, None), 1):
            meant = cells if len(cells) == width else _mended(cells, delimiter, width)
            if meant is not None:
                yield FileRow(line, number, dict(zip(columns, meant, strict=True)))

    count, bad, repaired = 0, list[BadLine](), list[int]()
    for line, cells in islice(lines(), 1, None):
        if len(cells) == width:
            count += 1
        elif _mended(cells, delimiter, width) is not None:
            count += 1
            repaired.append(line)
        else:
            bad.append(BadLine(line, f"{len(cells)} cells, the header has {width}"))
    return RowFile(
        look.path.name, look.sha256, "csv", look.encoding, delimiter, tuple(columns), FileRows(rows, count), tuple(bad),
        tuple(repaired),
    )  # fmt: skip


def _preamble_lines(text: str) -> int:
    """How many lines of remarks stand before the header: a first line `Notes:` and all up to the next blank one."""
    lines = text.split("\n", MOST_REMARKS)[:MOST_REMARKS]
    if lines[0].strip().strip('",;').lower() not in ("notes:", "note:"):
        return 0
    return next((number for number, line in enumerate(lines, 1) if not line.strip('\r ",;\t')), 0)


def _csv_lines(text: IO[str], delimiter: str, before: int) -> Iterator[tuple[int, list[str]]]:
    """(first physical line, cells) of every line that is not blank; `before` lines of the file come before the text."""
    reader = csv.reader(text, delimiter=delimiter)
    start = before + 1
    try:
        for cells in reader:
            # Most lines are settled by their first cell.
            if cells and (cells[0].strip() or any(cell.strip() for cell in cells)):
                yield start, cells
            start = before + reader.line_num + 1
    except csv.Error as error:
        raise BadInput(f"line {start}: {error}", field="file") from None


def _mended(cells: list[str], delimiter: str, width: int) -> list[str] | None:
    """The cells of a line that was quoted as a whole, or None when it is something else."""
    if len(cells) != 1:
        return None
    inner = list(csv.reader(io.StringIO(cells[0], newline=""), delimiter=delimiter))
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


def _read_jsonl(look: _Look) -> RowFile:
    def lines() -> Iterator[FileRow | BadLine]:
        with look.text(None) as stream:
            number = 0
            for line, raw in enumerate(stream, 1):
                if raw.strip():
                    number += 1
                    yield _json_row(line, number, raw.rstrip("\n"))

    count, bad = 0, list[BadLine]()
    columns: dict[str, None] = {}
    for one in lines():
        if isinstance(one, BadLine):
            bad.append(one)
        else:
            count += 1
            columns.update(dict.fromkeys(one.values))
    rows = FileRows(lambda: (one for one in lines() if isinstance(one, FileRow)), count)
    return RowFile(look.path.name, look.sha256, "jsonl", look.encoding, None, tuple(columns), rows, tuple(bad))


def _json_row(line: int, number: int, raw: str) -> FileRow | BadLine:
    try:
        value = json.loads(raw)
        return FileRow(line, number, dict(_flat(value))) if isinstance(value, dict) else BadLine(line, "not a JSON object")
    except RecursionError:
        return BadLine(line, "not JSON: nested too deeply")
    except ValueError as error:
        return BadLine(line, f"not JSON: {error}")


def _read_parquet(path: Path, sha256: str) -> RowFile:
    columns = _distinct([str(name) for name in next(_parquet(path, _ALL))])
    count = list(_parquet(path, _COUNT))[1][0]

    def rows() -> Iterator[FileRow]:
        for number, cells in enumerate(islice(_parquet(path, _ALL), 1, None), 1):
            yield FileRow(number, number, {column: as_text(cell) for column, cell in zip(columns, cells, strict=True)})

    return RowFile(path.name, sha256, "parquet", None, None, tuple(columns), FileRows(rows, count), ())


def _parquet(path: Path, query: str) -> Iterator[tuple[Any, ...]]:
    """The names of the columns, then the rows as DuckDB hands them out."""
    import duckdb

    try:
        with duckdb.connect() as connection:
            found = connection.execute(query, [str(path)])
            yield tuple(one[0] for one in found.description or [])
            while rows := found.fetchmany(FETCHED):
                yield from rows
    except duckdb.Error as error:
        raise BadInput(f"{path} is no Parquet file: {str(error).splitlines()[0]}", field="file") from None


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
