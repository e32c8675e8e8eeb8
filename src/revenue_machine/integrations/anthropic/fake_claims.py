"""What a careful reader would call an unfounded promise in a post."""

from __future__ import annotations

import re
from collections.abc import Sequence

PROMISES = re.compile(
    r"\bguarantee\w*|\brisk[- ]free\b|\bno risk\b|\bovernight success\b|\bget rich\b|\bpassive income\b|"
    r"\bwithout any (?:work|effort)\b"
    r"|\b(?:double|triple|10x) your (?:income|revenue|sales|money|followers)\b|\bnumber one\b|\bproven to\b|\b100\s?%",
    re.IGNORECASE,
)
FIGURES = re.compile(r"[$€£]\s?\d[\d,.]*|\d[\d,.]*\s?(?:%|percent\b|x\b)", re.IGNORECASE)


def broken_no_go(text: str, no_go: Sequence[str]) -> str | None:
    """The first forbidden phrase a text uses."""
    lower = text.lower()
    return next((phrase for phrase in no_go if phrase.strip() and phrase.strip().lower() in lower), None)


def unfounded(text: str, facts: Sequence[str]) -> str | None:
    """The first promise or figure that no given fact contains."""
    given = " ".join(facts).lower()
    for pattern in (PROMISES, FIGURES):
        for hit in pattern.finditer(text):
            if hit.group().strip().lower() not in given:
                return hit.group().strip()
    return None
