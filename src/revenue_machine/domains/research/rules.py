"""How good an item did, when a cache is fresh, which niche a text belongs to, and whether a text tries to give orders."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

FRESH_FOR = timedelta(hours=24)
PLATFORMS = ("x", "threads", "instagram", "tiktok", "facebook")
UNKNOWN_NICHE = "imported"
# Sessions an hour are the service's business; a search larger than a session is refused by the platforms (definitions §1.1).
ITEMS_PER_SEARCH: Mapping[str, int] = {"x": 40, "threads": 30, "instagram": 15, "tiktok": 20, "facebook": 30}
ALIASES: Mapping[str, str] = {"twitter": "x", "ig": "instagram", "fb": "facebook", "tik_tok": "tiktok"}
QUOTE_CHARS = 160
_WORD = re.compile(r"[a-z0-9']+")
_WEAK = frozenset(
    {
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "by",
        "for",
        "from",
        "how",
        "i",
        "in",
        "into",
        "is",
        "it",
        "its",
        "make",
        "more",
        "my",
        "no",
        "of",
        "on",
        "or",
        "our",
        "that",
        "the",
        "this",
        "to",
        "up",
        "us",
        "with",
        "you",
        "your",
    }
)
_ORDERS = re.compile(
    r"(ignore|disregard|forget|override)\b.{0,40}\b(instruction|prompt|rule|context|above|previous)|"
    r"\bsystem\s+prompt\b|\byou\s+are\s+now\b|\bnew\s+instructions?\b|\bas\s+an?\s+(ai|language)\s+(model|assistant)\b|"
    r"</?\s*(task|brief|system|assistant|user|instructions?)\s*>|\bact\s+as\s+(the|an?)\s+(system|assistant|admin)|\bjailbreak",
    re.DOTALL,
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


@dataclass(frozen=True)
class Counts:
    """Public numbers of an item; None is unknown, never zero."""

    likes: int | None = None
    comments: int | None = None
    shares: int | None = None
    saves: int | None = None
    quotes: int | None = None
    views: int | None = None
    followers: int | None = None


@dataclass(frozen=True)
class Score:
    """Engagement per thousand, and what it is a thousand of; only scores on one basis compare."""

    value: float | None
    basis: str


def engagement(counts: Counts) -> Score:
    """Definitions §1.3: (likes + 3 comments + 5 shares + 7 quotes + 2 saves) per 1,000 views.

    Without views per 1,000 followers (basis `followers`), without both the bare weighted sum (`reactions`);
    no reaction known at all gives None (`none`).
    """
    known = (counts.likes, counts.comments, counts.shares, counts.quotes, counts.saves)
    if all(one is None for one in known):
        return Score(None, "none")
    weighted = sum(weight * (one or 0) for weight, one in zip((1, 3, 5, 7, 2), known, strict=True))
    if counts.views is not None:
        return Score(weighted / max(counts.views, 1) * 1000, "views")
    if counts.followers is not None:
        return Score(weighted / max(counts.followers, 1) * 1000, "followers")
    return Score(float(weighted), "reactions")


def percentiles(values: Sequence[float], known: Sequence[float] = ()) -> list[float]:
    """For each value its mid-rank 0..1 among all values and those known before."""
    ordered = sorted([*values, *known])
    return [(bisect_left(ordered, one) + bisect_right(ordered, one)) / (2 * len(ordered)) for one in values]


def quantile(ordered: Sequence[float], share: float) -> float:
    """The value below which that share of an ascending, non-empty list lies (linear between neighbours)."""
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def proven(percentiles_found: Sequence[float], doubt: int = 5) -> float:
    """Mean percentile, drawn towards the middle as if `doubt` average items stood beside: one lucky hit proves little."""
    return (sum(percentiles_found) + 0.5 * doubt) / (len(percentiles_found) + doubt)


def is_fresh(newest: datetime | None, now: datetime) -> bool:
    """Seed §4.2: what is less than 24 h old is not asked for again."""
    return newest is not None and now - newest < FRESH_FOR


def gives_orders(text: str) -> bool:
    """Whether a stranger's text talks to a model instead of to people; such text is kept but never quoted."""
    return _ORDERS.search(text.lower()) is not None


def clean(text: str, most: int = QUOTE_CHARS) -> str:
    """A short, harmless quote: one line, no control characters, no angle brackets, cut at a word."""
    line = " ".join(_CONTROL.sub(" ", text).replace("<", "‹").replace(">", "›").split())
    if len(line) <= most:
        return line
    head = line[: most - 1] if line[most - 1] == " " else line[: most - 1].rsplit(" ", 1)[0]
    return head.rstrip(" ,.;:") + "…"


class NicheMatcher:
    """Finds the niche a text speaks about by the owner's own terms; nothing leaves the machine."""

    def __init__(self, terms: Mapping[str, Sequence[str]]) -> None:
        """`terms`: search terms and hashtags by niche; the order of the niches breaks ties."""
        self._phrases = {niche: {_joined(term) for term in found} - {""} for niche, found in terms.items()}
        self._tags = {niche: {phrase.replace(" ", "") for phrase in found} for niche, found in self._phrases.items()}
        words = {niche: {word for term in found for word in _words(term)} for niche, found in terms.items()}
        shared = [word for found in words.values() for word in found]
        self._words = {niche: {word for word in found if shared.count(word) == 1} for niche, found in words.items()}

    def match(self, text: str, tags: Sequence[str] = ()) -> str | None:
        """The niche with most points, at least 3, else None: 3 per phrase or own hashtag, 1 per own word."""
        tokens = _WORD.findall(text.lower())
        present, joined = set(tokens), f" {' '.join(tokens)} "
        marks = {tag.lower().lstrip("#") for tag in tags}
        best, most = None, 2
        for niche, phrases in self._phrases.items():
            own = self._words[niche]
            points = len(own & present) + 3 * len((own | self._tags[niche]) & marks)
            points += 3 * sum(1 for phrase in phrases if f" {phrase} " in joined)
            if points > most:
                best, most = niche, points
        return best


def _words(term: str) -> list[str]:
    return [word for word in _WORD.findall(term.lower()) if word not in _WEAK]


def _joined(term: str) -> str:
    return " ".join(_WORD.findall(term.lower()))
