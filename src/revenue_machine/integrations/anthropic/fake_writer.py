"""How the pretend model writes a post: a scene, some advice, an order given by the framework, and room to count."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from random import Random
from typing import Any

from revenue_machine.integrations.anthropic.fake_briefs import DraftBrief, Evidence, Offer, Slot
from revenue_machine.integrations.anthropic.fake_lexicon import Lens, Lexicon, fill, lexicon_for, speaks_of
from revenue_machine.integrations.anthropic.fake_voice import Voice, voice_of
from revenue_machine.kit.ids import content_hash
from revenue_machine.kit.rng import rng

ATTEMPTS = 24
SAME_SCENE_ATTEMPTS = 6
TOO_ALIKE = 0.25
SHORT_CHARS = 330
TIGHT_CHARS = 200

# The order in which a framework tells its parts, and which of them it adds first while there is room.
ORDERS: Mapping[str, tuple[str, ...]] = {
    "aida": ("hook", "tension", "lens", "payoff", "second_lens", "steps", "offer", "ending"),
    "pas": ("hook", "tension", "moment", "lens", "second_lens", "steps", "payoff", "offer", "ending"),
    "storytelling": ("hook", "moment", "tension", "lens", "second_lens", "steps", "payoff", "offer", "ending"),
    "contrarian": ("hook", "claim", "tension", "lens", "second_lens", "steps", "payoff", "offer", "ending"),
    "thread": ("hook", "steps", "lens", "second_lens", "payoff", "offer", "ending"),
}
FIRST: Mapping[str, tuple[str, ...]] = {
    "aida": ("lens", "tension", "payoff", "steps", "second_lens"),
    "pas": ("tension", "lens", "moment", "payoff", "second_lens", "steps"),
    "storytelling": ("moment", "lens", "payoff", "steps", "second_lens", "tension"),
    "contrarian": ("claim", "lens", "tension", "payoff", "second_lens", "steps"),
    "thread": ("steps", "lens", "payoff", "second_lens"),
}
OFFER_LINES = (
    "{name}: {fact}.",
    "{name} in one line: {fact}.",
    "This is where {name} comes in: {fact}.",
    "If you would rather not do it alone, there is {name}: {fact}.",
    "Worth knowing about {name}: {fact}.",
    "What {name} brings to it: {fact}.",
    "Our part in this is {name}: {fact}.",
    "One way to do it is {name}: {fact}.",
)
# For facts that name the offer themselves.
FACT_LINES = (
    "{fact}.",
    "{fact}.",
    "Worth knowing: {fact}.",
    "Our part in this: {fact}.",
    "One tool for that: {fact}.",
    "If you want help with it: {fact}.",
    "Something that helps: {fact}.",
    "For the record: {fact}.",
)
ADVICE_LINES = (
    "What helps: {one}, then {two}.",
    "Two small things: {one}, and {two}.",
    "First {one}. Then {two}.",
    "A sane order: first {one}, then {two}.",
    "Two moves: {one}, and {two}.",
    "Before anything else, {one}. After that, {two}.",
    "The cheap version: {one} and {two}.",
    "Today, {one}. Tomorrow, {two}.",
    "If you only do one thing: {one}.",
    "Try this first: {one}.",
    "My rule: {one}.",
    "A good start: {one}.",
)


@dataclass(frozen=True)
class Desk:
    """All that one draft is made from."""

    slot: Slot
    lexicon: Lexicon
    scene: Mapping[str, str]
    draw: Random
    voice: Voice
    target_chars: int

    def say(self, template: str) -> str:
        """A template about this scene in this draft's voice."""
        return self.voice(fill(template, self.scene))


def write_drafts(seed: int, brief: DraftBrief) -> dict[str, Any]:
    """The answer to `draft_generation`."""
    lexicon, book = lexicon_for(brief.niche), content_hash(brief.model_dump(mode="json"))
    scenes = _deck(lexicon, rng(seed, "anthropic.scenes", book), len(brief.slots))
    earlier: list[set[str]] = []
    drafts = []
    for slot, scene in zip(brief.slots, scenes, strict=True):
        text = _fresh_draft(seed, (book, slot.key), (brief, slot, lexicon, scene), earlier)
        earlier.append(word_shingles(text))
        drafts.append({"key": slot.key, "text": text, "evidence_id": slot.evidence_id or _nearest(text, brief.evidence)})
    return {"drafts": drafts}


def _deck(lexicon: Lexicon, draw: Random, count: int) -> list[Mapping[str, str]]:
    """Scenes in shuffled order; none comes twice before all came once."""
    deck: list[Mapping[str, str]] = []
    while len(deck) < count:
        deck += draw.sample(lexicon.scenes, len(lexicon.scenes))
    return deck[:count]


def _fresh_draft(
    seed: int, key: tuple[str, str], source: tuple[DraftBrief, Slot, Lexicon, Mapping[str, str]], earlier: Sequence[set[str]]
) -> str:
    """The first attempt that is on topic, allowed and unlike the earlier drafts, else the least alike."""
    brief, slot, lexicon, scene = source
    candidates: list[tuple[float, int, str]] = []
    for attempt in range(ATTEMPTS):
        draw = rng(seed, "anthropic.draft", *key, attempt)
        voice = voice_of(draw)
        # A scene with long names may not fit a small slot; after some attempts another one is told.
        told = scene if attempt < SAME_SCENE_ATTEMPTS else draw.choice(lexicon.scenes)
        spoken = {name: voice(words) for name, words in told.items()}
        text = compose(Desk(slot, lexicon, spoken, draw, voice, _target_chars(slot, brief.lessons, draw)))
        alike = max((overlap(word_shingles(text), other) for other in earlier), default=0.0)
        flaws = _flaws(text, slot, lexicon)
        if not flaws and alike < TOO_ALIKE:
            return text
        candidates.append((flaws + alike, attempt, text))
    return min(candidates)[2]


def _flaws(text: str, slot: Slot, lexicon: Lexicon) -> float:
    """What makes a draft worth another attempt: a forbidden phrase most, then a missing topic or list, then a missing thought."""
    is_list = slot.hook_category == "list"
    blocks = [block for block in text.split("\n\n") if not block.startswith("#")]
    is_listless = is_list and "\n- " not in text
    is_bare = not is_list and len(blocks) < 3
    return 2 * _forbidden(text, slot) + (not speaks_of(text, lexicon.vocabulary)) + is_listless + 0.3 * is_bare


def _target_chars(slot: Slot, lessons: Iterable[str], draw: Random) -> int:
    """How long the text wants to be: most of a short limit, a readable length of a long one."""
    brevity = 0.75 if any(re.search(r"\b(?:shorter|keep it short)\b", lesson.lower()) for lesson in lessons) else 1.0
    if slot.max_chars <= 600:
        return int(slot.max_chars * draw.uniform(0.72, 0.95) * brevity)
    low, high = (160, 340) if slot.platform == "tiktok" else (420, 820)
    return int(min(slot.max_chars, draw.randint(low, high)) * brevity)


def compose(desk: Desk) -> str:
    """One draft, never longer than the slot allows."""
    framework = desk.slot.framework.lower()
    order, first = ORDERS.get(framework, ORDERS["aida"]), FIRST.get(framework, FIRST["aida"])
    parts = _essentials(desk)
    if desk.slot.hook_category == "list":
        order, first = _steps_after_hook(order), ("steps", *(role for role in first if role != "steps"))
    elif framework != "thread":
        first = _leading(first, desk)
    options = _options(desk)
    for role in first:
        if len(_render(parts, order, desk)) >= desk.target_chars and not _owed(role, parts, desk):
            continue
        parts = _joined(parts, role, options[role], order, desk)
    return _tagged(_render(parts, order, desk), desk)


def _leading(first: Sequence[str], desk: Desk) -> tuple[str, ...]:
    """The roles with another one in front: advice in most short posts, which have room for one thought only."""
    if desk.slot.max_chars <= SHORT_CHARS and desk.draw.random() < 0.7:
        return ("lens", *(role for role in first if role != "lens"))
    return (first[1], first[0], *first[2:]) if desk.draw.random() < 0.5 else tuple(first)


def _most_apt_first(lines: Sequence[str], parts: Mapping[str, str], desk: Desk) -> list[str]:
    """Lines that name the topic while it is unnamed, and do not repeat the scene, come first."""
    said = " ".join(parts.values()).lower()
    spent = [text.lower() for text in desk.scene.values() if len(text) > 8 and text.lower() in said]
    vague = not speaks_of(said, desk.lexicon.vocabulary)

    def reluctance(line: str) -> tuple[bool, int]:
        return vague and not speaks_of(line, desk.lexicon.vocabulary), sum(text in line.lower() for text in spent)

    return sorted(lines, key=reluctance)


def _joined(parts: dict[str, str], role: str, lines: Sequence[str], order: Sequence[str], desk: Desk) -> dict[str, str]:
    """The parts with the aptest line that still fits; a list that is owed may take the place of a closing question."""
    without_closing = {name: text for name, text in parts.items() if name != "ending"}
    may_drop = role == "steps" and _owed(role, parts, desk) and not desk.slot.cta
    for base in (parts, without_closing) if may_drop else (parts,):
        for text in _most_apt_first(lines, base, desk):
            longer = {**base, role: text}
            if len(_render(longer, order, desk)) <= desk.slot.max_chars:
                return longer
    return parts


def _owed(role: str, parts: Mapping[str, str], desk: Desk) -> bool:
    """A list hook owes its list, and no post is only a hook and a call."""
    return (role == "steps" and desk.slot.hook_category == "list") or not set(parts) - {"hook", "offer", "ending"}


def _steps_after_hook(order: Sequence[str]) -> tuple[str, ...]:
    rest = [role for role in order if role not in ("hook", "steps", "claim")]
    return ("hook", "steps", *rest)


def _essentials(desk: Desk) -> dict[str, str]:
    """Hook, offer and ending in the first wording that leaves room for a thought; less where the space is tiny."""
    hooks = [desk.say(line) for line in _hooks(desk)]
    endings = _endings(desk)
    offers = _offers(desk.slot.offer, desk.draw)
    # The call is given up last, then the fact of the offer; room for a thought goes before either.
    rooms = _rooms(desk)
    # The call is given up last, then the fact of the offer; room for a thought goes before either.
    rooms = (0.5, 0.6, 0.67, 0.8, 1.0) if desk.slot.hook_category == "list" else (desk.draw.choice((0.58, 0.67, 0.74)), 0.8, 1.0)
    # The call is given up last, then the fact of the offer; room for a thought goes before either.
    rooms = (0.5, 0.6, 0.67, 0.72, 0.8, 1.0) if desk.slot.hook_category == "list" or desk.slot.max_chars < 200 else (0.67, 0.8, 1.0)
    for ending, stage, room in product(endings, (offers[:-1], offers[-1:]), rooms):
        for offer, hook in product(stage, hooks):
            parts = {name: text for name, text in (("hook", hook), ("offer", offer), ("ending", ending)) if text}
            if sum(len(text) + 2 for text in parts.values()) <= room * desk.slot.max_chars + 2:
                return parts
    return {"hook": _cut(min(hooks, key=len), desk.slot.max_chars)}


def _rooms(desk: Desk) -> tuple[float, ...]:
    """Shares of the slot that hook, offer and ending may take, the wished one first."""
    if desk.slot.hook_category == "list":
        return (0.5, 0.6, 0.67, 0.8, 1.0)
    if desk.slot.max_chars < TIGHT_CHARS:
        return (desk.draw.choice((0.56, 0.64)), 0.68, 0.73, 0.8, 1.0)
    return (desk.draw.choice((0.58, 0.67, 0.74)), 0.8, 1.0)


def _hooks(desk: Desk) -> Sequence[str]:
    lines = desk.lexicon.hooks.get(desk.slot.hook_category) or desk.lexicon.hooks["question"]
    return desk.draw.sample(lines, len(lines))


def _endings(desk: Desk) -> list[str]:
    cta = (desk.slot.cta or "").strip()
    if cta:
        return [cta if cta[-1] in ".!?:" else cta + ".", ""]
    closings = desk.lexicon.closing
    return [desk.say(line) for line in desk.draw.sample(closings, len(closings))] + [""]


def _offers(offer: Offer | None, draw: Random) -> list[str]:
    """Ways to name the offer with one of its facts, longer wishes first, the bare name last."""
    if offer is None:
        return [""]
    facts = [fact.strip().rstrip(".") for fact in offer.facts if fact.strip()]
    wishes = [_offer_line(offer.name, draw.choice(facts), draw) for _ in range(4)] if facts else []
    shortest = min(facts, key=len, default="")
    last_wish = [shortest + "." if _names_itself(shortest, offer.name) else f"{offer.name}: {shortest}."] if shortest else []
    return [*wishes, *last_wish, f"{offer.name}."]


def _offer_line(name: str, fact: str, draw: Random) -> str:
    lines: Sequence[str] = FACT_LINES if _names_itself(fact, name) else OFFER_LINES
    if "$" in fact:
        lines = lines[:2]  # a price needs no introduction
    return draw.choice(lines).format(name=name, fact=fact)


def _names_itself(fact: str, name: str) -> bool:
    return fact.lower().startswith(name.strip().partition(" ")[0].lower())


def _options(desk: Desk) -> dict[str, list[str]]:
    """For every optional part its wordings, in the order they are tried."""
    lexicon, draw = desk.lexicon, desk.draw
    lenses = draw.sample(lexicon.lenses, len(lexicon.lenses))

    def shuffled(lines: Sequence[str]) -> list[str]:
        return [desk.say(line) for line in draw.sample(lines, len(lines))]

    category = desk.slot.hook_category
    return {
        "moment": [] if category == "story" else [desk.scene["moment"]],
        "claim": [] if category == "contrarian" else shuffled(lexicon.hooks["contrarian"]),
        "tension": shuffled(lexicon.tension),
        "payoff": shuffled(lexicon.payoff),
        "lens": _advice(desk, lenses[:4]),
        "second_lens": [line for lens in lenses[4:7] for line in shuffled(lens.say)],
        "steps": _steps(desk, [draw.choice(lens.do) for lens in lenses[7:12]]),
    }


def _advice(desk: Desk, lenses: Sequence[Lens]) -> list[str]:
    """Wordings of some advice: said in full, or as one or two steps in a sentence."""
    said = [desk.say(line) for lens in lenses for line in desk.draw.sample(lens.say, len(lens.say))]
    steps = [desk.draw.choice(lens.do) for lens in lenses]
    plain = [step for step in steps if " and " not in step and "," not in step]
    lines = desk.draw.sample(ADVICE_LINES, 6)
    brief = [desk.voice(line.format(one=plain[0], two=plain[1])) for line in lines if len(plain) > 1]
    said += [desk.voice(f"Tip: {step}.") for step in steps]
    # Short steps leave a short post more ways to differ from its neighbours.
    return brief + said if desk.draw.random() < (0.85 if desk.slot.max_chars <= SHORT_CHARS else 0.25) else said + brief


def _steps(desk: Desk, steps: Sequence[str]) -> list[str]:
    """The steps as a list: under a list hook as many as fit, elsewhere three under a lead of their own."""
    is_led = desk.slot.hook_category == "list"
    top = [] if is_led else [desk.draw.choice(desk.lexicon.steps_lead)]
    lines = [f"- {step[:1].upper()}{step[1:]}" for step in steps]
    picks = [lines[:4], lines[:3], lines[:2], sorted(lines, key=len)[:2]] if is_led else [lines[:3]]
    return ["\n".join([*top, *pick]) for pick in picks]


def _render(parts: Mapping[str, str], order: Sequence[str], desk: Desk) -> str:
    """Parts in order; a short post keeps its middle in one paragraph, and the offer and the call share the last one."""
    told = [(role, parts[role]) for role in order if role in parts]
    last = " ".join(text for role, text in told if role in ("offer", "ending"))
    if desk.slot.max_chars > SHORT_CHARS:
        blocks = [text for role, text in told if role not in ("offer", "ending")]
    else:
        steps = parts.get("steps", "")
        middle = " ".join(text for role, text in told if role not in ("hook", "offer", "ending", "steps"))
        is_led = desk.slot.hook_category == "list" and bool(steps)
        blocks = [f"{parts['hook']}\n{steps}", middle] if is_led else [parts["hook"], middle, steps]
    return "\n\n".join(block for block in [*blocks, last] if block)


def _tagged(text: str, desk: Desk) -> str:
    """Two or three hashtags where people search by them, if they fit."""
    if desk.slot.platform not in ("instagram", "tiktok") or not desk.lexicon.tags:
        return text
    tags = desk.lexicon.tags
    full = text + "\n\n" + " ".join(desk.draw.sample(tags, min(len(tags), desk.draw.choice((2, 3)))))
    return full if len(full) <= desk.slot.max_chars else text


def _cut(text: str, limit: int) -> str:
    """A text cut at a word's end."""
    if len(text) <= limit:
        return text
    short = text[: max(limit, 0)]
    return short.rsplit(" ", 1)[0] if " " in short else short


def _forbidden(text: str, slot: Slot) -> bool:
    phrases = slot.offer.no_go if slot.offer else ()
    return any(phrase.strip().lower() in text.lower() for phrase in phrases if phrase.strip())


def word_shingles(text: str, size: int = 5) -> set[str]:
    """Runs of `size` words, lower case, without punctuation."""
    words = re.findall(r"[\w']+", text.lower())
    return {" ".join(words[at : at + size]) for at in range(max(1, len(words) - size + 1))}


def overlap(one: set[str], other: set[str]) -> float:
    """Jaccard similarity, 0..1."""
    return len(one & other) / len(one | other) if one or other else 0.0


def _nearest(text: str, evidence: Sequence[Evidence]) -> str | None:
    """The evidence that shares most longer words with a draft, or None when it shares none."""
    words = set(re.findall(r"[a-z]{5,}", text.lower()))
    shared = [(len(words & set(re.findall(r"[a-z]{5,}", item.quote.lower()))), -place) for place, item in enumerate(evidence)]
    best = max(shared, default=(0, 0))
    return evidence[-best[1]].id if best[0] else None
