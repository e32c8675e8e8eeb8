"""How the pretend model reads a prompt: one task tag, one brief tag, everything else is prose."""

from __future__ import annotations

import json
import re
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Evidence(_Part):
    """One outside post, as data."""

    id: str
    quote: str = ""
    platform: str = ""
    engagement: float | None = None


class Offer(_Part):
    """What may be said of an offer, and what may not."""

    name: str
    facts: tuple[str, ...] = ()
    no_go: tuple[str, ...] = ()


class Slot(_Part):
    """One draft wanted."""

    key: str
    platform: str = "x"
    content_type: str = "text"
    hook_category: str = "question"
    framework: str = "AIDA"
    offer: Offer | None = None
    cta: str | None = ""
    max_chars: int = 280
    evidence_id: str | None = None


class DraftBrief(_Part):
    """The brief of `draft_generation`."""

    niche: str
    audience: str = ""
    voice: str = ""
    slots: tuple[Slot, ...]
    evidence: tuple[Evidence, ...] = ()
    lessons: tuple[str, ...] = ()


class ReviewDraft(_Part):
    """One text to judge."""

    key: str
    platform: str = "x"
    niche: str = ""
    text: str
    facts: tuple[str, ...] = ()
    no_go: tuple[str, ...] = ()
    max_chars: int = 280


class ReviewBrief(_Part):
    """The brief of `content_review`."""

    drafts: tuple[ReviewDraft, ...]
    dimensions: tuple[str, ...] = ("hook", "relevance", "clarity", "cta", "originality", "platform_fit", "compliance")


class SynthesisBrief(_Part):
    """The brief of `research_synthesis`."""

    niche: str
    evidence: tuple[Evidence, ...] = ()


class Winner(_Part):
    """One post that did well."""

    hook_category: str = ""
    framework: str = ""
    score: float = 0.0


class NextPromptBrief(_Part):
    """The brief of `next_prompt`."""

    niche: str
    winners: tuple[Winner, ...] = ()


class ProposalJob(_Part):
    """A job as its client wrote it: a stranger's words."""

    title: str = ""
    description: str = ""
    skills: tuple[str, ...] = ()
    type: str = "unknown"


class ProposalBrief(_Part):
    """The brief of `upwork_proposal`."""

    job: ProposalJob
    client_name: str | None = None
    headline: str = ""
    skills: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    products: tuple[Offer, ...] = ()
    no_go: tuple[str, ...] = ()
    lessons: tuple[str, ...] = ()
    mistakes: tuple[str, ...] = ()
    max_words: int = 250


class OutreachItem(_Part):
    """One personal message wanted; `profile`, `evidence`, `thread` and `their_text` are strangers' words."""

    key: str
    platform: str = ""
    action: str = "message"
    lane: str = "service"
    first_name: str | None = None
    company: str | None = None
    profile: str = ""
    niche: str = ""
    audience: str = ""
    evidence: tuple[str, ...] = ()
    thread: tuple[str, ...] = ()
    their_text: str | None = None
    purpose: str = ""
    max_chars: int = 300
    offer: Offer | None = None
    flaws: tuple[str, ...] = ()


class OutreachMessages(_Part):
    """The brief of `outreach_messages`."""

    messages: tuple[OutreachItem, ...]
    no_go: tuple[str, ...] = ()
    lessons: tuple[str, ...] = ()


class OutreachAnswers(OutreachMessages):
    """The brief of `outreach_answers`."""


Brief = OutreachMessages | ProposalBrief | DraftBrief | ReviewBrief | SynthesisBrief | NextPromptBrief
_KINDS: dict[str, type[OutreachMessages | DraftBrief | ReviewBrief | SynthesisBrief | NextPromptBrief | ProposalBrief]] = {
    "outreach_messages": OutreachMessages,
    "outreach_answers": OutreachAnswers,
    "upwork_proposal": ProposalBrief,
    "draft_generation": DraftBrief,
    "content_review": ReviewBrief,
    "research_synthesis": SynthesisBrief,
    "next_prompt": NextPromptBrief,
}


def read_brief(prompt: str) -> Brief | None:
    """The brief of a known task, or None when the prompt holds none that can be read."""
    task = re.search(r"<task>\s*(\w+)\s*</task>", prompt)
    kind = _KINDS.get(task.group(1)) if task else None
    payload = _payload(prompt)
    if kind is None or not isinstance(payload, dict):
        return None
    try:
        return kind.model_validate(payload)
    except ValidationError:
        return None


def _payload(prompt: str) -> Any:
    # Evidence may contain "</brief>", so the last closing tag is the one that counts.
    start, end = prompt.find("<brief>"), prompt.rfind("</brief>")
    if start < 0 or end < start:
        return None
    try:
        return json.loads(prompt[start + len("<brief>") : end])
    except ValueError:
        return None
