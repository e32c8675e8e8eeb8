"""Decides what instant a cell means: ISO with or without a zone, a bare date, YYYYMMDD, or epoch seconds to nanoseconds."""

from __future__ import annotations

import functools
import re
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
_US = timedelta(microseconds=1)
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_DAY = re.compile(r"(19|20)\d{6}")
_STAMP = re.compile(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)")
# Digits before the point tell the unit: seconds have up to 10 until the year 2286, each thousandth three more.
_PER_SECOND = ((10, 1), (14, 1_000), (17, 1_000_000), (20, 1_000_000_000))
_FIRST, _LAST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def micros(instant: datetime) -> int:
    """Microseconds since 1970, exact."""
    return (instant - EPOCH) // _US


def instant_of(at_us: int) -> datetime:
    """The instant of microseconds since 1970."""
    return EPOCH + timedelta(microseconds=at_us)


@functools.lru_cache(maxsize=10_000)
def parse_moment(text: str) -> datetime | None:
    """The instant a cell means, in UTC where it names no zone; None when it means none for sure (`03/04/2025`)."""
    bare = text.strip()
    found = _from_digits(bare) if _NUMBER.fullmatch(bare) else _from_iso(bare)
    return found if found is not None and _FIRST <= found < _LAST else None


def _from_digits(text: str) -> datetime | None:
    if _DAY.fullmatch(text):
        # Eight digits that are a date are one: as epoch seconds they would lie in 1970.
        day = _from_iso(f"{text[:4]}-{text[4:6]}-{text[6:]}")
        if day is not None:
            return day
    stamp = _STAMP.fullmatch(text) if text.startswith(("19", "20")) else None
    if stamp is not None:
        written = _from_iso("{}-{}-{}T{}:{}:{}".format(*stamp.groups()))
        if written is not None:
            return written
    whole, _, part = text.lstrip("-").partition(".")
    per_second = next((scale for digits, scale in _PER_SECOND if len(whole) <= digits), None)
    if per_second is None:
        return None
    # Whole numbers all the way: a float has no room for the microseconds of today.
    micro = (int(whole) * 1_000_000 + int((part + "000000")[:6])) // per_second
    return EPOCH + (-1 if text.startswith("-") else 1) * timedelta(microseconds=micro)


def _from_iso(text: str) -> datetime | None:
    plain = text.replace("/", "-") if text[4:5] == "/" else text
    for ending in (" UTC", " GMT", " utc"):
        plain = plain.removesuffix(ending)
    try:
        moment = datetime.fromisoformat(plain)
    except ValueError:
        return _single_digits(plain)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _single_digits(text: str) -> datetime | None:
    """`2025-3-7` and `2025-03-07 9:05`, which the standard leaves out."""
    parts = re.fullmatch(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ](\d{1,2}):(\d\d)(?::(\d\d))?)?", text)
    if parts is None:
        return None
    try:
        return datetime(*(int(part or 0) for part in parts.groups()), tzinfo=UTC)  # type: ignore[misc,arg-type]
    except ValueError:
        return None
