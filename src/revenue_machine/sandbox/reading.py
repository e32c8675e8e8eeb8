"""What a reader makes of a post: niche, kind of hook, framework, links; from its words alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from revenue_machine.kit.ids import content_hash
from revenue_machine.sandbox.rates import WorldRates

_LINK = re.compile(r"https?://[^\s<>\"')\]]+")
_SPACE = re.compile(r"\W+")
_NUMBER = re.compile(
    r"\d+|%|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|twelve|fifteen|twenty|thirty|forty|fifty|sixty|ninety|"
    r"hundred|thousand|half|third|percent|double|twice)\b",
    re.IGNORECASE,
)
_AGAINST = re.compile(
    r"\b(unpopular|hot take|nobody|stop|myth|wrong|overrated|underrated|everyone|forget|instead|opposite|advice|blame|avoid|worse|"
    r"not|isn't|aren't|won't|don't|doesn't|never|needs? another|expensive way|rarely fails|can wait|love[s]? talking)\b",
    re.IGNORECASE,
)
_SCENE = re.compile(
    r"\b(he|she|her|his|him|someone|somebody|says?|said|asks?|asked|opens?|opened|yesterday|week one|last (?:week|month|year)|"
    r"picture|scene|ordinary day|i|we|my|once|monday|friday|tries|tried|writes|wrote|finds|found)\b",
    re.IGNORECASE,
)
_COUNTED = re.compile(
    r"^\W*\d+\s+(?:\w+\s+){0,2}(?:ways|things|tips|steps|tools|ideas|mistakes|lessons|habits|signs)", re.IGNORECASE
)
_BULLET = re.compile(r"(?:^|\n)\s*(?:\d[.)]|[-•])\s")
_PAIN = re.compile(
    r"\b(problem|pain|struggl|tired of|frustrat|waste|losing|costs? you|worse|annoying|worry|tempting|breaks)", re.IGNORECASE
)
ALIASES = {"twitter": "x"}


@dataclass(frozen=True)
class Reading:
    """A post as its readers take it; `words_hash` is equal for equal words."""

    platform: str
    niche: str
    hook: str
    framework: str
    links: tuple[str, ...]
    words_hash: str


def read_post(post: Mapping[str, Any], rates: WorldRates) -> Reading:
    """Read one published post (`text`, `additional_texts`, `platform`)."""
    parts = [str(post.get("text") or ""), *(str(part) for part in post.get("additional_texts") or ())]
    whole = "\n".join(parts)
    bare = _LINK.sub(" ", whole)
    platform = str(post.get("platform") or "").lower()
    links = tuple(dict.fromkeys(link.rstrip(".,;:!?") for link in _LINK.findall(whole)))
    return Reading(
        platform=ALIASES.get(platform, platform),
        niche=_niche(bare.lower(), rates),
        hook=_hook(_LINK.sub(" ", parts[0]).strip()),
        framework=_framework(bare, len(parts)),
        links=links,
        words_hash=content_hash(_SPACE.sub(" ", bare.lower()).strip())[:16],
    )


def _niche(text: str, rates: WorldRates) -> str:
    """The niche whose words occur most; the first in the world file on a tie, `general` on none."""
    counts = {name: len(_pattern(niche.words).findall(text)) for name, niche in rates.niches.items()}
    best = max(counts, key=lambda name: counts[name], default="general")
    return best if counts.get(best) else "general"


@lru_cache(maxsize=64)
def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    """Words by their beginning; those of up to three letters must stand alone."""
    parts = [re.escape(word) + (r"s?\b" if len(word) <= 3 else "") for word in words]
    return re.compile(rf"\b(?:{'|'.join(parts)})")


def _hook(first: str) -> str:
    """What the first paragraph does: lists, counts, asks, contradicts, tells; else it is plain."""
    opening = first.split("\n\n", 1)[0]
    if _COUNTED.search(opening) or len(_BULLET.findall(opening)) >= 2:
        return "list"
    if len(_NUMBER.findall(opening)) >= 2:
        return "statistic"
    return _told(opening)


def _told(opening: str) -> str:
    """A paragraph that neither lists nor counts: question, story, contradiction or plain."""
    sentences = [sentence for sentence in re.split(r"(?<=[.!?:])\s+", opening.strip()) if sentence]
    if not sentences:
        return "plain"
    if sentences[0].endswith("?") or (len(sentences) == 2 and sentences[1].endswith("?")):
        return "question"
    is_scene, is_against = _SCENE.search(opening) is not None, _AGAINST.search(" ".join(sentences[:2])) is not None
    if is_scene and len(sentences) > 1 and not _AGAINST.search(sentences[0]):
        return "story"
    if is_against:
        return "contrarian"
    return "story" if is_scene or len(sentences) > 2 else "plain"


def _framework(text: str, parts: int) -> str:
    """How the paragraphs after the first go on."""
    rest = text.split("\n\n", 1)[1] if "\n\n" in text else ""
    if parts > 2 or re.search(r"\b1/", text) or _BULLET.search(rest):
        return "thread"
    second = rest.split("\n\n", 1)[0] or text
    if _PAIN.search(second):
        return "PAS"
    if _AGAINST.search(second):
        return "contrarian"
    return "storytelling" if _SCENE.search(second) else "AIDA" if rest else "plain"
