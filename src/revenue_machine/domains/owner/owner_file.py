"""Reads `revenue.toml` and answers the owner's business, or every mistake with the line it stands on."""

from __future__ import annotations

import re
import tomllib
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

from revenue_machine.domains.owner.models import Business
from revenue_machine.domains.owner.rules import Mistake, OwnerFile, Place, business_of, read_sections
from revenue_machine.domains.owner.toml_lines import lines_of
from revenue_machine.kit.errors import BadInput

EXAMPLE = Path(__file__).with_name("example.toml")
MOST_BYTES = 1024 * 1024
MOST_SHOWN = 20


def load_business(path: Path) -> Business | None:
    """The business a file describes; None for a file that only sets up the machine.

    Raises: bad_input naming every mistake with its line.
    """
    file = read_file(path)
    return business_of(file, is_example=path == EXAMPLE) if file.names_a_business else None


def read_file(path: Path) -> OwnerFile:
    """The typed file, or bad_input naming every mistake with its line; read again only when it changed."""
    try:
        stands = path.stat()
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}", field="REVENUE_CONFIG") from None
    return _read(path, stands.st_mtime_ns, stands.st_size)


@lru_cache(maxsize=8)
def _read(path: Path, _changed_ns: int, size_bytes: int) -> OwnerFile:
    if size_bytes > MOST_BYTES:
        raise _refused(path, [(None, f"the file has {size_bytes} bytes; at most {MOST_BYTES} are read")])
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}", field="REVENUE_CONFIG") from None
    text = _decoded(path, raw)
    try:
        values = tomllib.loads(text, parse_float=Decimal)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        raise _refused(path, [_syntax_mistake(text, error)]) from None
    file, mistakes = read_sections(values)
    if file is None:
        raise _refused(path, _with_lines(text, mistakes))
    return file


def _decoded(path: Path, raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise _refused(path, [(line, f"byte 0x{raw[error.start]:02x} is not UTF-8; save the file as UTF-8")]) from None


def _syntax_mistake(text: str, error: Exception) -> tuple[int | None, str]:
    """The parser's complaint, its `(at line 3, column 10)` taken apart."""
    said = str(error).split("\n")[0]
    if isinstance(error, RecursionError):
        return None, "lists or tables stand too deep inside one another"
    found = re.search(r" \(at (?:line (\d+), column (\d+)|end of document)\)$", said)
    if found is None:
        return None, said
    words = said[: found.start()]
    if found[1] is None:
        return text.count("\n") + 1, f"{words} at the end of the file"
    return int(found[1]), f"{words} (column {found[2]})"


def _with_lines(text: str, mistakes: list[Mistake]) -> list[tuple[int | None, str]]:
    """Each mistake with the line of its key, or of the nearest table around it, in the order of the file."""
    lines = lines_of(text)
    said = {(_line_at(lines, place), f"{spell(place)}: {words}" if place else words) for place, words in mistakes}
    return sorted(said, key=lambda one: (one[0], one[1]))


def _line_at(lines: dict[Place, int], place: Place) -> int:
    while place not in lines:
        place = place[:-1]
    return lines[place]


def spell(place: Place) -> str:
    """`products[1].offers[0].price_usd`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place).removeprefix(".")


def _refused(path: Path, mistakes: list[tuple[int | None, str]]) -> BadInput:
    said = [f"{path.name} line {line}: {words}" if line else f"{path.name}: {words}" for line, words in mistakes]
    more = f"; and {len(said) - MOST_SHOWN} more" if len(said) > MOST_SHOWN else ""
    return BadInput("; ".join(said[:MOST_SHOWN]) + more, field="REVENUE_CONFIG", mistakes=said)
