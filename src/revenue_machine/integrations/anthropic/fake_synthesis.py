"""How the pretend model sums up research and yesterday's winners, using only what it was given."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from revenue_machine.integrations.anthropic.fake_briefs import Evidence, NextPromptBrief, SynthesisBrief
from revenue_machine.integrations.anthropic.fake_lexicon import fill, lexicon_for
from revenue_machine.kit.ids import content_hash
from revenue_machine.kit.rng import rng

ANGLES = 5
FORMATS = ("text", "thread", "image")
HOOKS = ("question", "contrarian", "statistic", "story", "list")
AVOID = (
    "claims of income or growth without a source",
    "openings that announce the post instead of starting it",
    "repeating another account's wording",
    "advice without a concrete situation",
    "more than one idea in a post",
    "pitching in the first line",
)


def synthesise(seed: int, brief: SynthesisBrief) -> dict[str, Any]:
    """The answer to `research_synthesis`: angles with the evidence they stand on."""
    lexicon = lexicon_for(brief.niche)
    draw = rng(seed, "anthropic.synthesis", content_hash(brief.model_dump(mode="json")))
    hooks, lenses, scenes = draw.sample(HOOKS, 5), draw.sample(lexicon.lenses, 5), draw.sample(lexicon.scenes, 5)
    ranked = sorted(brief.evidence, key=lambda item: (-(item.engagement or 0.0), item.id))
    angles = []
    for place, (hook, lens, scene) in enumerate(zip(hooks[:ANGLES], lenses, scenes, strict=True)):
        angles.append(
            {
                "angle": fill(draw.choice(lens.say), scene),
                "hook_category": _hook_of(ranked[place].quote) if place < len(ranked) else hook,
                "format": draw.choice(FORMATS),
                "evidence_ids": [item.id for item in _support(ranked, place)],
            }
        )
    return {"angles": angles, "avoid": draw.sample(AVOID, 3)}


def _support(ranked: Sequence[Evidence], place: int) -> Sequence[Evidence]:
    """Every fifth piece of evidence, so that no two angles lean on the same one; at most three each."""
    return ranked[place::ANGLES][:3]


def _hook_of(quote: str) -> str:
    """How a post that people answered to begins."""
    first = quote.strip().split("\n")[0].lower()
    if "?" in first:
        return "question"
    if re.match(r"(\d+|three|four|five|seven|ten)\b.*(:|ways|things|steps|rules|tips)", first):
        return "list"
    if re.search(r"\d", first):
        return "statistic"
    if re.search(r"\b(unpopular|stop|nobody|wrong|myth|don't|never)\b", first):
        return "contrarian"
    return "story"


def guidelines(brief: NextPromptBrief) -> dict[str, Any]:
    """The answer to `next_prompt`: what the winners have in common, as instructions."""
    if not brief.winners:
        return {"guidelines": ["Vary the hooks evenly: there are no winners to learn from yet.", "One idea per post."]}
    lines = []
    hooks, frameworks = _ranking(brief, "hook_category"), _ranking(brief, "framework")
    if hooks:
        lines.append(f"Open more posts with a {hooks[0]} hook; it did best in {brief.niche.replace('_', ' ')}.")
    if len(hooks) > 1:
        lines.append(f"Use fewer {hooks[-1]} hooks, but keep some so that the comparison stays fair.")
    if frameworks:
        lines.append(f"Prefer the {frameworks[0]} framework when the idea allows it.")
    return {"guidelines": [*lines, "Name one concrete situation in the first two lines.", "Never reuse the wording of a winner."]}


def _ranking(brief: NextPromptBrief, field: str) -> list[str]:
    """Values of a field by their mean score, best first."""
    scores: dict[str, list[float]] = defaultdict(list)
    for winner in brief.winners:
        value = str(getattr(winner, field))
        if value:
            scores[value].append(winner.score)
    return sorted(scores, key=lambda value: (-sum(scores[value]) / len(scores[value]), value))
