"""What reaches which layer of memory, and how well a memory answers a question; pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date

# Definitions §1.12: below 5 nothing is kept, below 7 nothing becomes lasting knowledge; money counts half again as much.
KEPT_FROM = 5.0
LASTING_FROM = 7.0
MONEY_FACTOR = 1.5
MONEY_TAGS = frozenset({"revenue", "mrr", "money", "price", "paywall", "churn", "conversion"})
IMPORTANCE = {"mrr_change": 9.0, "phase_crossed": 10.0, "viral": 8.5, "strong": 7.5, "lesson": 7.5}

_WORD = re.compile(r"[^\W_]+")
_ENDINGS = ("nesses", "ingly", "ings", "ness", "ing", "ers", "ies", "er", "ed", "es", "s")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


def cognitive_score(confidence: float, tags: Iterable[str]) -> float:
    """How much a statement matters, 0..10: its confidence, money weighted by 1.5."""
    factor = MONEY_FACTOR if MONEY_TAGS & {tag.lower() for tag in tags} else 1.0
    return min(10.0, 10 * confidence * factor)


def layer_for(score: float) -> int | None:
    """1 for lasting knowledge, 2 for the day's events, None for what is not kept."""
    if score < KEPT_FROM:
        return None
    return 1 if score >= LASTING_FROM else 2


def clean(text: str) -> str:
    """Text as it may be stored: no control or invisible characters, no double blanks."""
    return " ".join(_CONTROL.sub(" ", text).split())


def words(text: str) -> frozenset[str]:
    """The stems a text consists of: `winning lessons` and `winner's lesson` share both."""
    return frozenset(stem(word) for word in _WORD.findall(text.casefold()) if len(word) > 1)


def stem(word: str) -> str:
    """A word without its usual English ending, and without the consonant that ending doubled."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            rest = word.removesuffix(ending)
            return rest[:-1] if len(rest) > 3 and rest[-1] == rest[-2] and rest[-1] not in "sl" else rest
    return word


def relevance(question: frozenset[str], text: str, importance: float) -> float:
    """The share 0..1 of the question's words a memory holds, and up to 0.1 more for importance 0..10; 0 when it holds none."""
    held = len(question & words(text))
    return held / len(question) + importance / 100 if held else 0.0


def merged(known: Sequence[str], fresh: Sequence[str]) -> list[str]:
    """Both lists as one, sorted and without repetition: merging again changes nothing."""
    return sorted({*known, *fresh})


def stricter(known: str, fresh: str) -> str:
    """What once came from outside keeps that label."""
    return "outside" if "outside" in (known, fresh) else "own"


def note_name(run_date: date) -> str:
    """The file of a day's note."""
    return f"{run_date.isoformat()}.md"


MACHINE_PART = ("<!-- machine: everything between these two lines is rewritten -->", "<!-- machine: end -->")


def with_machine_part(page: str | None, text: str) -> str:
    """A page with the machine's part replaced; what a person wrote around it stays."""
    opens, closes = MACHINE_PART
    part = f"{opens}\n{text.rstrip()}\n{closes}\n"
    if page is None or not page.strip():
        return part
    before, found, rest = page.partition(opens)
    _, closed, after = rest.partition(closes)
    if not found or not closed:
        return f"{page.rstrip()}\n\n{part}"
    return f"{before}{part}{after.removeprefix(chr(10))}"
