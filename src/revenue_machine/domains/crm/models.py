"""What others know of a person: the keys they go by, what was said, and the role that keeps the book."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

import sqlalchemy as sa

Status = Literal[
    "new", "qualified", "warming", "ready_for_dm", "contacted", "replied", "follow_up_1", "follow_up_2", "call_booked",
    "closed_won", "closed_lost", "archived",
]  # fmt: skip
IdentityKind = Literal["email", "handle", "profile_url", "distinct_id", "subscriber", "phone"]
Direction = Literal["out", "in", "none"]
IntentClass = Literal["lead", "support", "spam", "networking", "job_offer", "collaboration", "greeting", "automated"]
EmailState = Literal["unknown", "valid", "bounced", "complained"]
TimelineKind = Literal["ad", "post", "mail", "message", "product", "money", "note"]


@dataclass(frozen=True)
class IdentityDraft:
    """A key a person is known by; `platform` only with a handle, `confidence` 0..1, `evidence` a link or a row's id."""

    kind: IdentityKind
    value: str
    platform: str | None = None
    source: str = "manual"
    evidence: str | None = None
    confidence: float = 1.0


@dataclass(frozen=True)
class ContactDraft:
    """A person as somebody met them; platform + handle, email and profile_url count as identities by themselves."""

    name: str | None = None
    identities: tuple[IdentityDraft, ...] = ()
    platform: str | None = None
    handle: str | None = None
    email: str | None = None
    phone: str | None = None
    niche: str | None = None
    source: str = "manual"
    tags: tuple[str, ...] = ()
    headline: str | None = None
    company: str | None = None
    title: str | None = None
    location: str | None = None
    timezone: str | None = None
    profile_url: str | None = None
    lawful_basis: str | None = None
    evidence: str | None = None
    predicted_value_micro_usd: int | None = None


@dataclass(frozen=True)
class InteractionDraft:
    """Something that happened with a person.

    `direction` is "in" only for the person's own words (a reply), "out" for a send, "none" for what is merely seen (an
    opened mail, a click, a signup, money). `external_id` names this one thing within (type, channel): repeating it changes
    nothing; without one the thing is known by contact, type, channel, time and words.
    """

    contact_id: str
    type: str
    content: str | None = None
    platform: str | None = None
    channel: str | None = None
    direction: Direction = "none"
    external_id: str | None = None
    occurred_at: datetime | None = None
    campaign: str | None = None
    product: str | None = None
    intent_class: IntentClass | None = None
    cost_micro_usd: int | None = None
    value_micro_usd: int | None = None
    evidence_url: str | None = None


@dataclass(frozen=True)
class Score:
    """How warm a person is, 0..100, in parts, with a reason for each."""

    score: float
    tier: str
    recency: float
    resonance: float
    activity: float
    reasons: tuple[str, ...]


class ContactBook(Protocol):
    """The role of whoever keeps people; every function works inside the caller's transaction and can be repeated."""

    def upsert(self, connection: sa.Connection, draft: ContactDraft) -> str:
        """The contact of this person: joined when any identity is known (empty fields filled, tags added), else made.

        Raises: suppressed when the person is unknown but one of the addresses is on the suppression list; bad_input
        without name and identity.
        """
        ...

    def log(self, connection: sa.Connection, draft: InteractionDraft) -> str:
        """The interaction's id; states `person.touched` (out) or `person.replied` (in) once and moves the pipeline along."""
        ...

    def class_reply(self, connection: sa.Connection, interaction_id: str, intent: IntentClass) -> bool:
        """Say what class of reply it is; False when that is known already."""
        ...

    def advance(self, connection: sa.Connection, contact_id: str, status: Status, why: str) -> bool:
        """Move along the pipeline; False when already there or when the table of transitions says no."""
        ...

    def opt_out(self, connection: sa.Connection, contact_id: str, reason: str, channel: str | None) -> bool:
        """Suppress every address of the person at once; False when they had opted out before."""
        ...

    def link(self, connection: sa.Connection, contact_id: str, identity: IdentityDraft) -> bool:
        """Add a key to a person; False when it is known already, be it somebody else's (then a merge is suggested)."""
        ...

    def contact_of(self, connection: sa.Connection, kind: IdentityKind, value: str, platform: str | None = None) -> str | None:
        """Whose key this is; a merged person answers with the one they were joined into."""
        ...

    def mark_email(self, connection: sa.Connection, contact_id: str, state: EmailState) -> None:
        """Note what is known of the mailbox."""
        ...

    def rescore(self, connection: sa.Connection, contact_id: str) -> Score:
        """The score as it stands now, kept with its reasons when it changed."""
        ...


@dataclass(frozen=True)
class Person:
    """A person as others see them; `merged_into_id` names who they were joined into, None for a live person."""

    id: str
    name: str | None
    platform: str | None
    handle: str | None
    email: str | None
    niche: str | None
    status: Status
    score: float | None
    source: str
    headline: str | None
    company: str | None
    title: str | None
    location: str | None
    timezone: str | None
    profile_url: str | None
    email_state: EmailState
    email_opt_out: bool
    opted_out_at: datetime | None
    opt_out_reason: str | None
    lawful_basis: str | None
    merged_into_id: str | None
    predicted_value_micro_usd: int | None
    first_contact_at: datetime | None
    last_interaction_at: datetime | None
    created_at: datetime
    tags: tuple[str, ...]

    @property
    def first_name(self) -> str | None:
        """What to call them; None when the name is a handle, a company or an initial."""
        word = (self.name or "").split(" ", 1)[0].strip(",.")
        return word if len(word) > 1 and word[:1].isalpha() and not any(sign.isdigit() or sign in "_@" for sign in word) else None

    @property
    def is_reachable(self) -> bool:
        """Whether anything may be sent at all: not opted out, not joined into somebody else."""
        return self.opted_out_at is None and self.merged_into_id is None


@dataclass(frozen=True)
class Interaction:
    """One thing that happened, as it is kept."""

    id: str
    contact_id: str
    type: str
    content: str | None
    platform: str | None
    channel: str | None
    direction: Direction
    external_id: str | None
    campaign: str | None
    product: str | None
    intent_class: str | None
    cost_micro_usd: int | None
    value_micro_usd: int | None
    evidence_url: str | None
    occurred_at: datetime


@dataclass(frozen=True)
class TimelineItem:
    """One moment of a person's history: what it was, what it cost and what it brought, in micro-dollars."""

    occurred_at: datetime
    kind: TimelineKind
    type: str
    text: str
    channel: str | None
    direction: Direction
    cost_micro_usd: int
    value_micro_usd: int
    source: str
    source_id: str


@dataclass(frozen=True)
class Suggestion:
    """Two contacts that may be one person, how sure (0..1), and every reason."""

    first_id: str
    second_id: str
    confidence: float
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Bin:
    """One row of the reliability table: of the scores of a tier that could be checked, how many came true."""

    tier: str
    scored: int
    predicted: float
    observed: float
    reached: int


@dataclass(frozen=True)
class Merged:
    """A merge or its undo: what moved, and what stayed because the other had the like or because it changed since."""

    id: str
    kept_id: str
    merged_id: str
    moved: int
    stayed: tuple[str, ...]
