"""How the words of a job listing become numbers: budgets, ranges, ages, counts; what says nothing stays unknown."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from revenue_machine.domains.upwork.models import JobType
from revenue_machine.kit.clock import parse_instant
from revenue_machine.kit.errors import BadInput
from revenue_machine.kit.money import micro

NOTHING = frozenset({"", "n/a", "na", "none", "null", "nan", "-", "not provided", "not sure", "unknown"})
_AMOUNT = re.compile(r"(?P<number>\d[\d,\u00a0]*(?:\.\d+)?)\s*(?P<scale>[kKmM]\b)?")
_SCALE = {"": 1, "k": 1_000, "m": 1_000_000}
_AGE = re.compile(r"(\d+|an?|last)\s*(minute|min|hour|day|week|month)s?", re.IGNORECASE)
_UNIT = {
    "minute": timedelta(minutes=1), "min": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1),
    "week": timedelta(weeks=1), "month": timedelta(days=30),
}  # fmt: skip
_CIPHERTEXT = re.compile(r"~0[0-9a-z]{8,}", re.IGNORECASE)
_HIDDEN = re.compile(r"\+\d+")


def amounts(text: str | None) -> tuple[int, ...]:
    """Every amount in a text in micro-dollars, `Est. budget: $1,000.00` and `$10K+` among them; none for `N/A`."""
    if text is None or text.strip().lower() in NOTHING:
        return ()
    found = []
    for hit in _AMOUNT.finditer(text):
        plain = Decimal(hit["number"].replace(",", "").replace("\u00a0", ""))
        found.append(micro(plain * _SCALE[(hit["scale"] or "").lower()]))
    return tuple(found)


def job_type(text: str | None) -> JobType:
    """`Hourly: $25.00 - $35.00`, `Fixed price`, or unknown."""
    word = (text or "").lower()
    if "hour" in word:
        return "hourly"
    return "fixed" if "fix" in word else "unknown"


def rate_range(text: str | None) -> tuple[int | None, int | None]:
    """(low, high) of an hourly rate; one figure is both, none is unknown."""
    found = amounts(text)
    if not found:
        return None, None
    return min(found[:2]), max(found[:2])


def skill_list(text: str | None) -> tuple[str, ...]:
    """Skills as listed, each once; `+3` only says that more were hidden."""
    parts = re.split(r"[,;|\n]", (text or "").strip("[]"))
    words = (part.strip().strip("\"'").strip() for part in parts)
    return tuple(dict.fromkeys(word for word in words if word.lower() not in NOTHING and not _HIDDEN.fullmatch(word)))


def count(text: str | None) -> int | None:
    """The lower end of `5 to 10`, `20-50`, `50+`; 0 for `less than 5`; None when nothing is said."""
    if text is None or text.strip().lower() in NOTHING:
        return None
    found = re.search(r"\d[\d,]*", text)
    if found is None:
        return None
    return 0 if re.search(r"less|fewer|under|<", text, re.IGNORECASE) else int(found.group().replace(",", ""))


def rating(text: str | None) -> float | None:
    """Stars out of five, None when nobody has rated yet."""
    found = re.search(r"\d+(?:\.\d+)?", text or "")
    stars = float(found.group()) if found else 0.0
    return stars if 0 < stars <= 5 else None


def yes(text: str | None) -> bool | None:
    """`true`, `Payment verified`, `No`; None for anything else."""
    word = (text or "").strip().lower()
    if word in {"no", "false", "0"} or "unverified" in word or "not verified" in word:
        return False
    return True if word in {"yes", "true", "1"} or "verified" in word else None


def posted(text: str | None, now: datetime) -> datetime | None:
    """An instant, a date, or an age such as `Posted 3 hours ago`."""
    bare = (text or "").strip()
    if bare.lower() in NOTHING:
        return None
    age = _AGE.search(bare)
    if age:
        number = int(age[1]) if age[1].isdigit() else 1
        return now - number * _UNIT[age[2].lower()]
    if bare.lower().endswith("yesterday"):
        return now - timedelta(days=1)
    try:
        return parse_instant(bare)
    except BadInput:
        pass_through = bare.replace("/", "-").replace("Z", "+00:00")
    try:
        moment = datetime.fromisoformat(pass_through)
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def listing_id(text: str | None) -> str | None:
    """Upwork's own key of a job (`~02…`) out of an address or an id."""
    found = _CIPHERTEXT.search(text or "")
    return found.group() if found else None


def listing_number(job_id: str) -> str | None:
    """The number inside a key such as `~021871234567890123456`; None for an older key, which hides it."""
    found = re.fullmatch(r"~02(\d{16,})", job_id)
    return found[1] if found else None


def listing_url(job_id: str) -> str | None:
    """Where a job of that key is seen; None for a key that is not Upwork's."""
    return f"https://www.upwork.com/jobs/{job_id}" if _CIPHERTEXT.fullmatch(job_id) else None
