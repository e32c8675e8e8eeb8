"""How one draft sounds: contracted or not, and which of two everyday words it prefers."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from random import Random

BEFORE_IS = r"\b([Ii]t|[Tt]hat|[Tt]here|[Ww]hat) is "
CONTRACTED = (
    (r"\b(do|does|did|is|are|was|have|has|would|should|could|must) not\b", r"\1n't"),
    (r"\bwill not\b", "won't"),
    (r"\bWill not\b", "Won't"),
    (r"\bDo not\b", "Don't"),
    (r"\bcannot\b", "can't"),
    (r"\b([Yy]ou|[Tt]hey|[Ii]t) will\b", r"\1'll"),
    (BEFORE_IS + r"(?=(?:a|an|the|not|in|just|about|easier|harder|probably|your|how|what|most|where)\b)", r"\1's "),
)
PREFERENCES = (
    ("somebody", "someone"),
    ("nobody", "no one"),
    ("begin with", "start with"),
    ("choose", "pick"),
    ("write down", "note down"),
    ("dull", "boring"),
    ("colleague", "coworker"),
    ("colleagues", "coworkers"),
    ("whom", "who"),
    ("rarely", "seldom"),
    ("unpopular view", "unpopular opinion"),
    ("picture one", "imagine one"),
    ("read it aloud", "read it out loud"),
    ("next to", "beside"),
    ("the usual", "the standard"),
    ("tells you", "shows you"),
    ("a stranger", "an outsider"),
    ("afterwards", "later"),
)
WORD = re.compile(r"\b(" + "|".join(plain for plain, _ in PREFERENCES) + r")\b", re.IGNORECASE)
CONTRACTIONS = tuple((re.compile(pattern), replacement) for pattern, replacement in CONTRACTED)
Voice = Callable[[str], str]


def voice_of(draw: Random) -> Voice:
    """A voice for one draft, the same from its first line to its last."""
    contracts = draw.random() < 0.6
    preferred = {plain: other for plain, other in PREFERENCES if draw.random() < 0.5}

    def swap(said: str) -> str:
        other = preferred.get(said.lower(), said)
        return other[:1].upper() + other[1:] if said[:1].isupper() else other

    def speak(text: str) -> str:
        swapped = "".join(swap(piece) if place % 2 else piece for place, piece in enumerate(_pieces(text)))
        return _contracted(swapped) if contracts else swapped

    return speak


# The lexicon's lines come back in draft after draft: each is searched once.
@functools.lru_cache(maxsize=16_384)
def _pieces(text: str) -> tuple[str, ...]:
    """The text cut at the words somebody may prefer another for: every second piece is one."""
    return tuple(WORD.split(text))


@functools.lru_cache(maxsize=16_384)
def _contracted(text: str) -> str:
    for pattern, replacement in CONTRACTIONS:
        text = pattern.sub(replacement, text)
    return text
