"""What a draft may look like on each platform, what disqualifies it, and what a review's scores decide."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from revenue_machine.kit.wording import address_in, is_plain, poison_in

DIMENSIONS = ("hook", "relevance", "clarity", "cta", "originality", "platform_fit", "compliance")
NEAR_DUPLICATE = 0.5
DUPLICATE_DAYS = 90
PART_SEPARATOR = "\n---\n"
_MENTION = re.compile(r"(?<![\w.])@\w{2,}")
_MONEY = re.compile(r"[$€£]\s?\d[\d,]*(?:\.\d+)?")
_WORD = re.compile(r"[\w']+")
_SENTENCE = re.compile(r"(?<=[.!?…])\s+|\n+")


@dataclass(frozen=True)
class PlatformRule:
    """Characters a post may have, how many of them the publisher's link needs, and whether AI-made media are labelled."""

    max_chars: int
    link_chars: int
    labels_ai_media: bool

    @property
    def text_chars(self) -> int:
        """What is left for the words."""
        return self.max_chars - self.link_chars


# X counts any link as 23 characters; the line break before it is two more. Limits: definitions §1.3, §1.5.
PLATFORM_RULES: Mapping[str, PlatformRule] = {
    "x": PlatformRule(280, 25, labels_ai_media=False),
    "threads": PlatformRule(500, 82, labels_ai_media=False),
    "instagram": PlatformRule(2200, 82, labels_ai_media=True),
    "tiktok": PlatformRule(2200, 82, labels_ai_media=True),
    "facebook": PlatformRule(5000, 82, labels_ai_media=True),
}


def disclosure(platform: str, content_type: str) -> str:
    """`ai_label` where the platform wants AI-made pictures and videos marked, else `none`; words alone need no mark."""
    rule = PLATFORM_RULES[platform]
    return "ai_label" if rule.labels_ai_media and content_type in {"image", "video"} else "none"


@dataclass(frozen=True)
class TextRules:
    """What one draft has to keep to: length, facts, forbidden claims; beside a name in `products` no other price may stand."""

    platform: str
    content_type: str
    max_chars: int
    facts: tuple[str, ...] = ()
    no_go: tuple[str, ...] = ()
    sells: bool = False
    products: tuple[str, ...] = ()


def flaw(text: str, rules: TextRules) -> str | None:
    """Why a text may not go out, whatever anybody thinks of it; None when nothing is wrong with it."""
    bare = text.strip()
    if len(_WORD.findall(bare)) < 3:
        return "empty"
    if len(bare) > rules.max_chars:
        return f"too long: {len(bare)} of {rules.max_chars} characters"
    stray = _stray(bare)
    if stray is not None:
        return stray
    lower = bare.lower()
    broken = next((phrase for phrase in rules.no_go if phrase.strip() and phrase.strip().lower() in lower), None)
    if broken is not None:
        return f"says what may not be said: {broken}"
    given = " ".join(rules.facts).replace(" ", "")
    is_priced = rules.sells or any(name.lower() in lower for name in rules.products)
    price = next((hit for hit in _MONEY.findall(bare) if hit.replace(" ", "") not in given), None) if is_priced else None
    return f"names a price nobody gave: {price}" if price is not None else None


def _stray(text: str) -> str | None:
    """What no draft brings along by itself: a way to somewhere else, or words that are not for readers."""
    if address_in(text) is not None:
        return "carries a link of its own"
    return "names an account" if _MENTION.search(text) else poison_in(text)


def shingles(text: str, size: int = 5) -> frozenset[str]:
    """Runs of five words, lower case, without punctuation."""
    words = _WORD.findall(text.lower())
    return frozenset(" ".join(words[at : at + size]) for at in range(max(1, len(words) - size + 1)))


@dataclass
class Memory:
    """Texts seen before, by their shingles, to find near-duplicates fast."""

    _of: dict[str, frozenset[str]] = field(default_factory=dict)
    _by_shingle: dict[str, list[str]] = field(default_factory=dict)

    def add(self, name: str, text: str) -> None:
        """Remember a text under a name."""
        self._of[name] = shingles(text)
        for one in self._of[name]:
            self._by_shingle.setdefault(one, []).append(name)

    def nearest(self, text: str) -> tuple[str, float] | None:
        """The most alike text seen before and its Jaccard similarity 0..1; None when none shares five words in a row."""
        own = shingles(text)
        shared: dict[str, int] = {}
        for one in own:
            for name in self._by_shingle.get(one, ()):
                shared[name] = shared.get(name, 0) + 1
        found = [(count / (len(own) + len(self._of[name]) - count), name) for name, count in shared.items()]
        best = max(found, key=lambda pair: (pair[0], pair[1]), default=None)
        return None if best is None else (best[1], best[0])


def as_parts(text: str, part_chars: int) -> str | None:
    """A thread's text with every part within the limit, split between sentences; None when a sentence alone is too long."""
    parts: list[str] = []
    for given in text.split(PART_SEPARATOR):
        current = ""
        for paragraph in (one.strip() for one in given.strip().split("\n\n")):
            joined = f"{current}\n\n{paragraph}".strip()
            if len(joined) <= part_chars:
                current = joined
                continue
            parts += [current] if current else []
            current = ""
            for sentence in (one.strip() for one in _SENTENCE.split(paragraph) if one.strip()):
                if len(sentence) > part_chars:
                    return None
                joined = f"{current} {sentence}".strip()
                if len(joined) > part_chars:
                    parts.append(current)
                    joined = sentence
                current = joined
        parts += [current] if current else []
    return PART_SEPARATOR.join(parts)


@dataclass(frozen=True)
class Rubric:
    """A version of the review's scale: weights in percent, and the marks that decide."""

    slug: str
    version: int
    name: str
    weights_pct: Mapping[str, int]
    approve_from: float
    compliance_from: float
    no_dimension_below: float
    reject_to: float

    def weighted(self, scores: Mapping[str, float]) -> float:
        """0..10."""
        return round(sum(weight * scores[dimension] for dimension, weight in self.weights_pct.items()) / 100, 4)

    def decide(self, scores: Mapping[str, float]) -> str:
        """`approved`, `held` for a person, or `rejected`; the model's own opinion of it does not count."""
        score = self.weighted(scores)
        if score <= self.reject_to:
            return "rejected"
        is_sound = scores["compliance"] >= self.compliance_from and min(scores.values()) >= self.no_dimension_below
        return "approved" if score >= self.approve_from and is_sound else "held"


# Definitions §1.6: the text rubric with the PROPOSED weights and guards.
TEXT_RUBRIC = Rubric(
    slug="text_post",
    version=1,
    name="Text posts",
    weights_pct={"hook": 25, "relevance": 15, "clarity": 20, "cta": 10, "originality": 10, "platform_fit": 15, "compliance": 5},
    approve_from=7.0,
    compliance_from=8.0,
    no_dimension_below=4.0,
    reject_to=4.0,
)


def read_scores(value: object) -> dict[str, float] | None:
    """All seven scores within 0..10, or None when the review cannot be read."""
    if not isinstance(value, Mapping):
        return None
    found: dict[str, float] = {}
    for dimension in DIMENSIONS:
        score = value.get(dimension)
        if isinstance(score, bool) or not isinstance(score, int | float) or not 0 <= score <= 10:
            return None
        found[dimension] = float(score)
    return found


def supported_angles(
    angles: Iterable[object], known_ids: Iterable[str], hooks: Sequence[str]
) -> tuple[list[dict[str, object]], int]:
    """(plain angles that name at least one known piece of evidence, how many were dropped)."""
    known, kept, dropped = set(known_ids), list[dict[str, object]](), 0
    for angle in angles:
        if not isinstance(angle, Mapping):
            dropped += 1
            continue
        ids = [one for one in angle.get("evidence_ids") or [] if one in known]
        words = str(angle.get("angle") or "").strip()
        if not ids or not words or not is_plain(words):
            dropped += 1
            continue
        hook = angle.get("hook_category")
        kept.append(
            {"angle": words, "hook_category": hook if hook in hooks else None, "format": angle.get("format"), "evidence_ids": ids}
        )  # fmt: skip
    return kept, dropped


def guidelines_from_numbers(winners: Sequence[Mapping[str, object]]) -> list[str]:
    """What the best have in common, counted; used when no model can be asked."""
    lines = []
    for dimension, words in (("hook_category", "Open with a {} hook more often."), ("framework", "Prefer the {} framework.")):
        counts: dict[str, int] = {}
        for winner in winners:
            counts[str(winner[dimension])] = counts.get(str(winner[dimension]), 0) + 1
        if counts:
            lines.append(words.format(min(counts, key=lambda name: (-counts[name], name))))
    return lines
