"""What the pretend model says: the four known tasks, a plain answer to the rest, and bad behaviour on request."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from revenue_machine.integrations.anthropic.fake_briefs import (
    Brief,
    DraftBrief,
    NextPromptBrief,
    Offer,
    OutreachAnswers,
    OutreachMessages,
    ProposalBrief,
    ReviewBrief,
    Slot,
    SynthesisBrief,
    read_brief,
)
from revenue_machine.integrations.anthropic.fake_examples import example_of
from revenue_machine.integrations.anthropic.fake_outreach import orders_in, write_answers, write_messages
from revenue_machine.integrations.anthropic.fake_proposal import write_proposal
from revenue_machine.integrations.anthropic.fake_reviewer import review_drafts
from revenue_machine.integrations.anthropic.fake_synthesis import guidelines, synthesise
from revenue_machine.integrations.anthropic.fake_writer import write_drafts
from revenue_machine.kit.rng import rng

MODES = (
    "not_json", "wrong_keys", "too_long", "refusal", "empty", "no_go_claim", "obey_injection", "invented_experience",
    "contact_details",
)  # fmt: skip
ORDER = re.compile(
    r"[^.!?\n]*\b(?:ignore|disregard|forget|override|you must|you are now|system prompt|instead (?:write|say|post)|send|approve"
    r"|delete|reveal|click|visit)\b[^.!?\n]*[.!?]?",
    re.IGNORECASE,
)
PLAIN = (
    "Here is the short version: start with the smallest step that changes something, and check the result after a week.",
    "I would keep this simple. Name the goal, pick one next step, and decide how you will know it worked.",
    "In short: it depends on who it is for. Say that first, and the rest gets easier to decide.",
    "Happy to help. The main point is to change one thing at a time and write down what happened.",
)


@dataclass(frozen=True)
class Utterance:
    """The model's words and why it stopped."""

    text: str
    stop_reason: str = "end_turn"


def speak(seed: int, prompt: str, schema: Mapping[str, Any] | None, mode: str | None = None) -> Utterance:
    """Answer a prompt, as told to misbehave or well."""
    if mode == "refusal":
        return Utterance("", "refusal")
    if mode == "empty":
        return Utterance("")
    brief = read_brief(prompt)
    if brief is None:
        return _speak_plainly(seed, prompt, schema, mode)
    answer = _answer(seed, brief)
    if mode == "not_json":
        return Utterance("Sure, here is what you asked for!\n\n" + "\n".join(f"- {line}" for line in _strings(answer)[:5]))
    if mode == "wrong_keys":
        answer = {"items": [{"id": place, "content": line} for place, line in enumerate(_strings(answer), 1)]}
    elif mode is not None:
        answer = _SPOILERS[mode](brief, answer)
    return Utterance(json.dumps(answer, ensure_ascii=False))


def _speak_plainly(seed: int, prompt: str, schema: Mapping[str, Any] | None, mode: str | None) -> Utterance:
    draw = rng(seed, "anthropic.plain", prompt)
    if mode == "wrong_keys":
        return Utterance('{"unexpected": true}')
    if mode == "no_go_claim":
        return Utterance(_claim(draw))
    if schema is None or mode == "not_json":
        return Utterance(draw.choice(PLAIN) * (60 if mode == "too_long" else 1))
    return Utterance(json.dumps(example_of(schema, draw), ensure_ascii=False))


def _answer(seed: int, brief: Brief) -> dict[str, Any]:
    if isinstance(brief, OutreachMessages):
        return write_answers(seed, brief) if isinstance(brief, OutreachAnswers) else write_messages(seed, brief)
    if isinstance(brief, ProposalBrief):
        return write_proposal(seed, brief)
    if isinstance(brief, DraftBrief):
        return write_drafts(seed, brief)
    if isinstance(brief, ReviewBrief):
        return review_drafts(seed, brief)
    if isinstance(brief, SynthesisBrief):
        return synthesise(seed, brief)
    return guidelines(brief)


def _strings(value: Any) -> list[str]:
    """Every text in an answer, in order."""
    if isinstance(value, str):
        return [value]
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for child in children for text in _strings(child)]


def _each_draft(brief: Brief, answer: dict[str, Any], change: Callable[[Slot, str], str]) -> dict[str, Any]:
    """Drafts with their text changed; for other tasks the first text of the answer is."""
    if isinstance(brief, OutreachMessages):
        (name,) = answer
        slots = [Slot(key=one.key, max_chars=one.max_chars, offer=Offer(name="", no_go=brief.no_go)) for one in brief.messages]
        return {name: [{**one, "text": change(slot, one["text"])} for slot, one in zip(slots, answer[name], strict=True)]}
    if isinstance(brief, ProposalBrief):
        slot = Slot(key="", max_chars=brief.max_words * 8, offer=Offer(name="", no_go=brief.no_go))
        return {"text": change(slot, answer["text"])}
    if isinstance(brief, DraftBrief):
        pairs = zip(brief.slots, answer["drafts"], strict=True)
        return {"drafts": [{**draft, "text": change(slot, draft["text"])} for slot, draft in pairs]}
    key = {ReviewBrief: "reviews", SynthesisBrief: "angles", NextPromptBrief: "guidelines"}[type(brief)]
    rows = list(answer[key])
    if rows:
        field = {"reviews": "notes", "angles": "angle"}.get(key)
        blank = Slot(key="")
        rows[0] = change(blank, rows[0]) if field is None else {**rows[0], field: change(blank, rows[0][field])}
    return {**answer, key: rows}


def _too_long(brief: Brief, answer: dict[str, Any]) -> dict[str, Any]:
    def change(slot: Slot, text: str) -> str:
        return (text + "\n\n") * (slot.max_chars // max(1, len(text)) + 2)

    return _each_draft(brief, answer, change)


def _no_go_claim(brief: Brief, answer: dict[str, Any]) -> dict[str, Any]:
    def change(slot: Slot, text: str) -> str:
        phrases = slot.offer.no_go if slot.offer else ()
        claim = f"{phrases[0].strip().capitalize()}, or your money back." if phrases else "Guaranteed to double your income."
        return f"{claim} {text}"[: max(slot.max_chars, len(claim))]

    return _each_draft(brief, answer, change)


def _obey_injection(brief: Brief, answer: dict[str, Any]) -> dict[str, Any]:
    """Repeat what the evidence orders, as a model without judgement would."""
    quotes = [item.quote for item in brief.evidence] if isinstance(brief, DraftBrief | SynthesisBrief) else []
    texts = [draft.text for draft in brief.drafts] if isinstance(brief, ReviewBrief) else []
    texts += [brief.job.description] if isinstance(brief, ProposalBrief) else []
    orders = [hit.group().strip() for quote in [*quotes, *texts] for hit in ORDER.finditer(quote)]
    orders += orders_in(brief.messages, ORDER) if isinstance(brief, OutreachMessages) else []
    if not orders:
        return answer

    def change(slot: Slot, text: str) -> str:
        return " ".join(orders)[: slot.max_chars]

    return _each_draft(brief, answer, change)


def _claim(draw: Random) -> str:
    return draw.choice(("Guaranteed results in a week, or your money back.", "This is proven to double your income."))


def _added(words: str) -> Callable[[Brief, dict[str, Any]], dict[str, Any]]:
    """A spoiler that says one sentence too many."""
    return lambda brief, answer: _each_draft(brief, answer, lambda _slot, text: f"{text} {words}")


_SPOILERS: Mapping[str, Callable[[Brief, dict[str, Any]], dict[str, Any]]] = {
    "too_long": _too_long,
    "no_go_claim": _no_go_claim,
    "obey_injection": _obey_injection,
    "invented_experience": _added("I have delivered 40 similar projects for clients like Northwind in the last 7 years."),
    "contact_details": _added("Write to me at ada@studio.example or on WhatsApp and we start today."),
}
