"""How the pretend model judges a draft: what it can see in the text, and a taste of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from random import Random
from typing import Any

from revenue_machine.integrations.anthropic.fake_briefs import ReviewBrief, ReviewDraft
from revenue_machine.integrations.anthropic.fake_claims import broken_no_go, unfounded
from revenue_machine.integrations.anthropic.fake_lexicon import lexicon_for, speaks_of
from revenue_machine.kit.rng import rng

Scores = dict[str, float]

# Cumulative shares of drafts it likes, finds middling, and dislikes, each with the middle of their scores.
TASTES = ((0.74, 8.0), (0.95, 6.2), (1.0, 3.5))
CLICHES = (
    "game changer",
    "game-changer",
    "in today's",
    "unlock",
    "skyrocket",
    "leverage",
    "synergy",
    "you won't believe",
    "hustle",
)
CALLS = re.compile(r"\b(see|try|follow|reply|read|join|get|start|book|sign up|tell|comment|save|share|link)\b", re.IGNORECASE)

NOTES: Mapping[str, tuple[str, ...]] = {
    "hook": ("The first line could be sharper.", "The opening takes too long to name the problem."),
    "relevance": ("The link to the audience is thin.", "It could name the niche's own situation sooner."),
    "clarity": ("One thought too many for its length.", "The middle needs a second reading."),
    "cta": ("The reader is not told what to do next.", "The call to action comes as an afterthought."),
    "originality": ("The point is sound but often heard.", "It leans on a familiar phrase."),
    "platform_fit": ("The shape does not suit this platform.", "Length and line breaks could fit the feed better."),
    "compliance": ("Check the wording of the claim.", "Nothing forbidden, but the claim stands alone."),
}
PRAISE = (
    "Concrete and easy to follow.",
    "A clear scene and a usable thought.",
    "Reads like a person wrote it.",
    "Says one thing and stops.",
)


def review_drafts(seed: int, brief: ReviewBrief) -> dict[str, Any]:
    """The answer to `content_review`."""
    return {"reviews": [_review(seed, draft, brief.dimensions) for draft in brief.drafts]}


def _review(seed: int, draft: ReviewDraft, dimensions: tuple[str, ...]) -> dict[str, Any]:
    draw = rng(seed, "anthropic.review", draft.text, draft.platform, draft.niche)
    scores = _taste(draw, dimensions)
    for dimension, penalty in _visible_flaws(draft).items():
        if dimension in scores:
            scores[dimension] -= penalty
    offence = _hold_to_the_rules(scores, draft)
    final = {dimension: min(10.0, max(0.0, round(score * 2) / 2)) for dimension, score in scores.items()}
    return {"key": draft.key, "scores": final, "notes": offence or _note(final, draw)}


def _taste(draw: Random, dimensions: tuple[str, ...]) -> Scores:
    """A liking for the text as a whole, and a spread around it per dimension."""
    liking = draw.random()
    middle = next(middle for share, middle in TASTES if liking < share) + draw.uniform(-0.4, 0.4)
    scores = {dimension: middle + draw.gauss(0, 0.55) for dimension in dimensions}
    if "compliance" in scores:
        scores["compliance"] = draw.uniform(8.5, 10.0)
    return scores


def _visible_flaws(draft: ReviewDraft) -> Scores:
    """What anybody could point at, as points off per dimension."""
    text, first = draft.text, draft.text.strip().split("\n")[0]
    lexicon = lexicon_for(draft.niche)
    flaws: Scores = {}
    if len(first) > 150 or not first:
        flaws["hook"] = 1.0
    if not speaks_of(text, lexicon.vocabulary):
        flaws["relevance"] = 2.5
    if len(text) > draft.max_chars:
        flaws["clarity"], flaws["platform_fit"] = 3.5, 4.0
    elif len(text) < min(draft.max_chars, 280) * 0.3:
        flaws["platform_fit"] = 1.5
    if not CALLS.search(text) and "?" not in text:
        flaws["cta"] = 2.0
    if any(cliche in text.lower() for cliche in CLICHES):
        flaws["originality"] = 2.5
    if sum(letter.isupper() for letter in text) > 0.4 * max(1, sum(letter.isalpha() for letter in text)):
        flaws["clarity"] = flaws.get("clarity", 0.0) + 2.0
    return flaws


def _hold_to_the_rules(scores: Scores, draft: ReviewDraft) -> str | None:
    """A forbidden or unfounded claim sinks compliance, and no brilliance elsewhere makes up for it."""
    forbidden, invented = broken_no_go(draft.text, draft.no_go), unfounded(draft.text, draft.facts)
    offence = forbidden or invented
    if offence is None:
        return None
    for dimension in scores:
        scores[dimension] = min(scores[dimension], 6.5)
    if "compliance" in scores:
        scores["compliance"] = 1.0 if forbidden else 2.0
    return f'Uses "{offence}", which is not allowed here.' if forbidden else f'Claims "{offence}" without a given fact.'


def _note(scores: Scores, draw: Random) -> str:
    if not scores:
        return draw.choice(PRAISE)
    weakest = min(sorted(scores), key=lambda dimension: scores[dimension])
    if scores[weakest] >= 7.5:
        return draw.choice(PRAISE)
    return draw.choice(NOTES.get(weakest, ("The weakest part is its " + weakest.replace("_", " ") + ".",)))
