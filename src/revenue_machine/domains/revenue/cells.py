"""Reads money and times as people's files write them; what can be read two ways is asked, never guessed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

from revenue_machine.engine.importing import BadRow
from revenue_machine.kit.clock import wall_instant

DateOrder = Literal["dmy", "mdy"]
SYMBOLS = {"$": "USD", "€": "EUR", "£": "GBP"}
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}([ ,.'\u00a0\u202f])\d{3}(\1\d{3})*([.,]\d+)?")
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")
_CODE = re.compile(r"^[A-Za-z]{3}\s*(?=[-+\d(])|(?<=[\d)])\s*[A-Za-z]{3}$")
_SLASHED = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})(?:[ T,]+(\d{1,2}):(\d{2})(?::(\d{2}))?\s*([AaPp][Mm])?)?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")


def amount(text: str) -> Decimal:
    """`$1,234.50`, `1.234,50 €`, `(12.00)` or `12,5` as an exact number. Raises: BadRow."""
    bare = text.strip()
    is_negative = bare.startswith("(") and bare.endswith(")")
    bare = _CODE.sub("", bare.strip("()"))
    for symbol in SYMBOLS:
        bare = bare.replace(symbol, "")
    bare = bare.strip()
    grouped = _THOUSANDS.fullmatch(bare)
    if grouped is not None and (grouped[1] != "." or grouped[2] is not None or grouped[3] is not None):
        bare = bare.replace(grouped[1], "").replace(",", ".")
    elif _DECIMAL_COMMA.fullmatch(bare):
        bare = bare.replace(",", ".")
    if not _NUMBER.fullmatch(bare) or len(bare) > 20:
        raise BadRow(f"'{text[:40]}' is not an amount")
    return -Decimal(bare) if is_negative else Decimal(bare)


def currency_of(text: str, said: str | None) -> str:
    """The currency a row names, else the one its amount is written in, else dollars. Raises: BadRow."""
    code = _CODE.search(text.strip())
    named = said or next((name for symbol, name in SYMBOLS.items() if symbol in text), None) or (code[0] if code else "USD")
    named = SYMBOLS.get(named.strip(), named.strip().upper())
    if len(named) != 3 or not named.isascii() or not named.isalpha():
        raise BadRow(f"'{named[:10]}' is no currency code")
    return named


def date_order(texts: Iterable[str]) -> DateOrder | None:
    """Whether days or months come first, told by the first date that has only one reading; None when none has."""
    for text in texts:
        found = _SLASHED.fullmatch(text.strip())
        if found is not None and (int(found[1]) > 12) != (int(found[2]) > 12):
            return "dmy" if int(found[1]) > 12 else "mdy"
    return None


def moment(text: str, order: DateOrder | None, zone: ZoneInfo) -> datetime:
    """A date or time; without a zone of its own it is the owner's wall clock, a date alone its midnight. Raises: BadRow."""
    bare = text.strip()
    slashed = _SLASHED.fullmatch(bare)
    try:
        if slashed is not None:
            return wall_instant(_day(slashed, order), _wall(slashed), zone)
        compact = _COMPACT.fullmatch(bare)
        if compact is not None:
            return wall_instant(date(int(compact[1]), int(compact[2]), int(compact[3])), time(0), zone)
        read = datetime.fromisoformat(bare.replace("/", "-"))
    except ValueError:
        raise BadRow(f"'{text[:40]}' is not a date or time") from None
    return wall_instant(read.date(), read.time(), zone) if read.tzinfo is None else read.astimezone(UTC)


def _day(found: re.Match[str], order: DateOrder | None) -> date:
    first, second, year = int(found[1]), int(found[2]), int(found[3])
    if order is None and first != second:
        raise BadRow(f"'{found[0][:40]}' has two readings; set date_order=dmy or date_order=mdy")
    return date(year, first, second) if order == "mdy" else date(year, second, first)


def _wall(found: re.Match[str]) -> time:
    hour = int(found[4] or 0)
    half = (found[7] or "").lower()
    if half:
        if not 1 <= hour <= 12:
            raise ValueError("no such hour")
        hour = hour % 12 + (12 if half == "pm" else 0)
    return time(hour, int(found[5] or 0), int(found[6] or 0))
