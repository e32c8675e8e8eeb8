"""What a reader makes of a post: niche, kind of hook, framework, links; from its words alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from revenue_machine.kit.ids import content_hash
from revenue_machine.sandbox.rates import WorldRates

_LINK = re.compile(r"https?://[^\s<>\"')\]]+")
_SPACE = re.compile(r"\W+")
_CONTRARIAN = re.compile(
    r"\b(unpopular|hot take|nobody|stop |myth|wrong|overrated|don't|everyone says|forget |the opposite)", re.IGNORECASE
)
_LISTED = r"ways|things|tips|steps|tools|ideas|mistakes|lessons|habits|signs"
_LIST = re.compile(rf"^\W*\d+\s+(?:\w+\s+){{0,2}}(?:{_LISTED})|(?:^|\n)\s*(?:1[.)]|[-•])\s", re.IGNORECASE)
_STORY = re.compile(
    r"^\W*(i |we |last (week|month|year)|yesterday|when i|a (client|founder|friend)|three (years|months) ago|once )", re.IGNORECASE
)
_PAS = re.compile(r"\b(problem|pain|struggl|tired of|frustrat|waste|losing|costs? you|worse|fix )", re.IGNORECASE)
_AIDA = re.compile(r"\b(imagine|picture this|want |get started|try it|here's how|discover|start today)", re.IGNORECASE)
_TELLING = re.compile(r"\b(then|until|one day|learned|realised|realized|story|turned out|changed)\b", re.IGNORECASE)
_THREAD = re.compile(r"\b(thread|1/|\U0001f9f5)", re.IGNORECASE)
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
    counts = {name: sum(text.count(word) for word in niche.words) for name, niche in rates.niches.items()}
    best = max(counts, key=lambda name: counts[name], default="general")
    return best if counts.get(best) else "general"


def _hook(first: str) -> str:
    opening = first.split("\n", 1)[0][:120]
    if _LIST.search(first):
        return "list"
    if _CONTRARIAN.search(opening):
        return "contrarian"
    if "?" in opening:
        return "question"
    if _STORY.search(opening):
        return "story"
    return "statistic" if re.search(r"\d", opening) else "plain"


def _framework(text: str, parts: int) -> str:
    if parts > 2 or _THREAD.search(text):
        return "thread"
    if _CONTRARIAN.search(text):
        return "contrarian"
    if _PAS.search(text):
        return "PAS"
    if _TELLING.search(text):
        return "storytelling"
    return "AIDA" if _AIDA.search(text) else "plain"
