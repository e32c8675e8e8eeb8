"""How a post is built, from its words alone: hook, format, beats, call to action, length; mechanics, never its text."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from revenue_machine.kit.ids import make_id

# Every pattern below is held against text in lower case: that is several times faster than ignoring case.
HOOK_CATEGORIES = ("question", "contrarian", "statistic", "story", "list")
_HOOK_TYPE = {"question": "question", "contrarian": "controversial", "statistic": "statistic", "story": "pov", "list": "curiosity"}
_LIST = re.compile(
    r"^\W*(top\s+)?(\d+|two|three|four|five|six|seven|eight|nine|ten)\s+(\w+\s+){0,3}"
    r"(ways?|things?|tips?|steps?|tools?|ideas?|mistakes?|lessons?|habits?|signs?|reasons?|rules?|examples?|projects?)\b|"
    r"(?:^|\n)\s*(?:1[.)]|[-•✅])\s|\bhere (are|is) (some of |a list of )?|\bchecklist\b",
)
_CONTRARIAN = re.compile(
    r"\b(unpopular|hot take|nobody|no one|stop \w+ing|myth|wrong|overrated|don'?t|everyone says|forget (about )?|the opposite|"
    r"you do not need|never )",
)
_STORY = re.compile(
    r"^\W*(i |i'|we |my |our |last (week|month|year|night)|yesterday|when i|a (client|founder|friend|colleague)|someone |somebody |"
    r"(two|three|five) (years|months) ago|once )",
)
_NUMBER = re.compile(r"\d")
_COMMAND = re.compile(r"^\W*(stop|start|learn|use|try|save|read|watch|take|make|build|get|write|ask|check|remember)\b")
_CTAS: Sequence[tuple[str, re.Pattern[str]]] = (
    ("bio_link", re.compile(r"\blink in (the )?(my )?bio\b")),
    ("link", re.compile(r"https?://|\b(click|tap|link below|sign up|get started|try it|download|read more)\b")),
    ("comment", re.compile(r"\b(comment|reply|tell me|let me know|what do you think|ask your)\b")),
    ("save", re.compile(r"\b(save|bookmark) (this|it)\b")),
    ("share", re.compile(r"\b(share|retweet|repost|tag (a|your|someone))\b")),
    ("follow", re.compile(r"\bfollow (me|us|for|@)")),
    ("message", re.compile(r"\b(dm|message) (me|us)\b")),
)
_BEATS: Sequence[tuple[str, re.Pattern[str]]] = (
    ("problem", re.compile(r"\b(problem|pain|struggl|tired of|frustrat|wast|losing|costs? you|mistake|wrong|fail)")),
    ("agitate", re.compile(r"\b(worse|every (day|week|month)|again and again|meanwhile|nobody notices|still)\b")),
    ("mechanism", re.compile(r"\b(how to|step|by \w+ing|use|using|instead|first|then|workflow|system|method)\b")),
    ("proof", re.compile(r"(\d+ ?%|\$\d|\b(result|case study|proved|tested|measured|data|customers?)\b)")),
    ("reveal", re.compile(r"\b(turns? out|here'?s (why|how|what)|the truth|the secret|finally)\b")),
)
_ANGLES: Sequence[tuple[str, re.Pattern[str]]] = (
    ("pain", re.compile(r"\b(tired|struggl|pain|waste|stuck|frustrat|problem|losing)")),
    ("enemy", re.compile(r"\b(they don'?t want|big \w+|gurus?|agencies|myth|everyone says)\b")),
    ("objection", re.compile(r"\b(but|even if|without|you do not need|no need)\b")),
    ("outcome", re.compile(r"\b(grow|earn|revenue|results?|more \w+|faster|save \w+ hours?)\b")),
    ("identity", re.compile(r"\b(founders?|creators?|marketers?|developers?|as an? )\b")),
)
_AWARE = tuple(
    re.compile(pattern)
    for pattern in (
        r"\$\d|price|discount|trial",
        r"\b(app|tool|product|software|course)\b",
        r"\b(how to|way to|method|system)\b",
        r"\b(problem|struggl|tired|pain)",
    )
)
_BEFORE_AFTER = re.compile(r"\b(before\b.{1,80}\bafter\b|used to\b.{1,80}\bnow\b)", re.DOTALL)
_TRIED = re.compile(r"\b(i tried|i tested|my experience|i use|i've been using)\b")
_HOW_TO = re.compile(r"\b(how to|step[- ]by[- ]step|tutorial|walk you through)\b")
_SENTENCE = re.compile(r"(?<=[.!?…])\s+|\n+")
_TOKEN = re.compile(r"\d+(?:[.,]\d+)*%?|[A-Za-z']+|[?!:]")
_FUNCTION_WORDS = frozenset(
    {
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "but",
        "by",
        "do",
        "does",
        "don't",
        "for",
        "from",
        "had",
        "has",
        "have",
        "he",
        "her",
        "here",
        "how",
        "i",
        "if",
        "in",
        "is",
        "it",
        "its",
        "just",
        "like",
        "me",
        "my",
        "no",
        "not",
        "of",
        "on",
        "one",
        "or",
        "our",
        "she",
        "so",
        "some",
        "than",
        "that",
        "the",
        "their",
        "them",
        "then",
        "there",
        "they",
        "this",
        "to",
        "up",
        "us",
        "was",
        "we",
        "were",
        "what",
        "when",
        "where",
        "which",
        "who",
        "why",
        "will",
        "with",
        "without",
        "would",
        "you",
        "your",
    }
)


@dataclass(frozen=True)
class Build:
    """How a text is built; hook, format and call make two texts built alike, the rest may vary among them."""

    hook_category: str
    hook_type: str
    format: str
    cta: str
    length_bucket: str

    def blueprint_id(self, platform: str, niche: str) -> str:
        """Items built alike on one platform in one niche share a blueprint."""
        return make_id("blp", platform, niche, self.hook_category, self.format, self.cta)


@dataclass(frozen=True)
class Mechanics:
    """How one text is built in full; `hook_pattern` keeps only grammar words and `{n}`/`{x}` for what is the author's own."""

    build: Build
    hook_pattern: str
    beats: tuple[str, ...]
    angle: str
    awareness: int
    hashtags: int
    line_breaks: int

    def structure(self) -> list[dict[str, Any]]:
        """Beats in the order they come."""
        return [{"beat": beat, "place": place} for place, beat in enumerate(self.beats, 1)]


# The same posts come back every day: what a text is made of is read once.
@functools.lru_cache(maxsize=4096)
def read_build(text: str, content_type: str | None = None) -> Build:
    """The kind of build a text is; empty text is not a post and is never handed in."""
    lower = text.lower()
    opening = _sentences(lower)[0]
    category = hook_category(lower, opening)
    return Build(
        hook_category=category,
        hook_type=_HOOK_TYPE.get(category) or ("command" if _COMMAND.search(opening) else "curiosity"),
        format=_format(lower, category, content_type),
        cta=_first(_CTAS, lower, "none"),
        length_bucket=length_bucket(len(text)),
    )


@functools.lru_cache(maxsize=4096)
def read_mechanics(text: str, content_type: str | None = None) -> Mechanics:
    """Take a text apart."""
    lower, build = text.lower(), read_build(text, content_type)
    sentences = _sentences(lower)
    return Mechanics(
        build=build,
        hook_pattern=hook_pattern(sentences[0]),
        beats=_beats(sentences, has_cta=build.cta != "none"),
        angle=_first(_ANGLES, lower, "desire"),
        awareness=_awareness(lower),
        hashtags=len(re.findall(r"#\w", text)),
        line_breaks=text.count("\n"),
    )


def _sentences(text: str) -> list[str]:
    return [part.strip() for part in _SENTENCE.split(text.strip()) if part.strip()] or [text]


def hook_category(text: str, opening: str) -> str:
    """One of the five generated hooks, or `plain`; text in lower case."""
    if _LIST.search(text[:200]):
        return "list"
    if "?" in opening[:160]:
        return "question"
    if _CONTRARIAN.search(opening[:160]):
        return "contrarian"
    if _STORY.search(opening):
        return "story"
    return "statistic" if _NUMBER.search(opening[:160]) else "plain"


def hook_pattern(opening: str, most_tokens: int = 14) -> str:
    """The skeleton of a first sentence: `how to {x} without {x}?`; no content word of the author survives."""
    shape: list[str] = []
    for token in _TOKEN.findall(opening)[:most_tokens]:
        lower = token.lower()
        part = "{n}" if token[0].isdigit() else lower if lower in _FUNCTION_WORDS or lower in "?!:" else "{x}"
        if part != "{x}" or shape[-1:] != ["{x}"]:
            shape.append(part)
    return " ".join(shape) or "{x}"


def length_bucket(chars: int) -> str:
    """Definitions §1.7: below 80, 160, 240 characters, or longer."""
    return next((f"under_{most}" for most in (80, 160, 240) if chars < most), "over_240")


def _first(table: Sequence[tuple[str, re.Pattern[str]]], text: str, otherwise: str) -> str:
    return next((name for name, pattern in table if pattern.search(text)), otherwise)


def _format(text: str, category: str, content_type: str | None) -> str:
    """A format of definitions §1.2 by what the words show; nothing is said about pictures nobody looked at."""
    if _BEFORE_AFTER.search(text):
        return "before_after"
    if _TRIED.search(text):
        return "ugc_testimonial"
    if _HOW_TO.search(text):
        return "demo"
    if category == "list" or content_type == "carousel":
        return "carousel_text"
    if category == "story":
        return "pov"
    return "talking_head" if content_type == "video" else "single_text"


def _beats(sentences: Sequence[str], *, has_cta: bool) -> tuple[str, ...]:
    found = ["hook"]
    for sentence in sentences[1:]:
        beat = _first(_BEATS, sentence, "")
        if beat and beat != found[-1]:
            found.append(beat)
    return tuple([*found[:7], "cta"] if has_cta else found[:8])


def _awareness(text: str) -> int:
    """1 unaware … 5 most aware, by whether problem, way, product or price are spoken of."""
    return next((5 - place for place, pattern in enumerate(_AWARE) if pattern.search(text)), 1)
