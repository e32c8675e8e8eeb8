"""Inputs and answers of the crm topics."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AwareDatetime, ConfigDict, Field, StringConstraints, model_validator

from revenue_machine.domains.crm.models import Direction, EmailState, IntentClass, Status
from revenue_machine.engine.topic import Args, Result

Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
Tag = Annotated[str, StringConstraints(strip_whitespace=True, to_lower=True, min_length=1, max_length=60)]
Words = Annotated[str, StringConstraints(max_length=20_000)]
# An id, an e-mail address, `platform:handle` or the address of a profile.
Reference = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class Facts(Args):
    """What may be said of a person; None says nothing."""

    name: Word | None = None
    email: Word | None = None
    platform: Word | None = None
    handle: Word | None = None
    profile_url: Word | None = None
    phone: Word | None = None
    niche: Word | None = None
    headline: Word | None = None
    company: Word | None = None
    title: Word | None = None
    location: Word | None = None
    timezone: Word | None = None
    lawful_basis: Word | None = None
    predicted_value_micro_usd: int | None = Field(None, ge=0)

    @model_validator(mode="after")
    def _handle_has_platform(self) -> Facts:
        if self.handle is not None and self.platform is None:
            raise ValueError("a handle needs its platform")
        return self


class CreateArgs(Facts):
    """A person by any of name, e-mail, platform and handle, profile_url, phone."""

    source: Word = "manual"
    tags: tuple[Tag, ...] = ()


class CreateResult(Result):
    """The contact; `is_new` is false when one of the keys was known, and then empty fields were filled in."""

    contact_id: str
    is_new: bool


class LogArgs(Args):
    """Something that happened with a person; `external_id` makes it known once for ever (default: the call's key)."""

    contact_id: Reference = Field(examples=["ada@example.com"])
    type: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,39}$")] = Field(examples=["call"])
    content: Words | None = None
    platform: Word | None = None
    channel: Word | None = None
    direction: Direction = "none"
    external_id: Word | None = None
    occurred_at: AwareDatetime | None = None
    campaign: Word | None = None
    product: Word | None = None
    intent_class: IntentClass | None = None
    cost_micro_usd: int | None = Field(None, ge=0)
    value_micro_usd: int | None = None
    evidence_url: Word | None = None


class LogResult(Result):
    """The interaction, and where the contact stands now."""

    interaction_id: str
    contact_id: str
    status: Status
    score: float | None


class ListArgs(Args):
    """Filters; the best score first. `opted_out` None shows both."""

    status: Status | None = None
    platform: Word | None = None
    niche: Word | None = None
    tag: Tag | None = None
    source: Word | None = None
    min_score: float | None = Field(None, ge=0, le=100)
    opted_out: bool | None = None
    limit: int = Field(50, ge=1, le=500)
    offset: int = Field(0, ge=0)


class SearchArgs(Args):
    """Words in name, e-mail, handle, company, title or headline; every word must occur."""

    query: Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=200)] = Field(examples=["ada"])
    limit: int = Field(20, ge=1, le=200)


class ContactRow(Result):
    """A contact in a list."""

    id: str
    name: str | None
    platform: str | None
    handle: str | None
    email: str | None
    company: str | None
    title: str | None
    niche: str | None
    stage: Status
    score: float | None
    tier: str | None
    reason: str | None
    tags: list[str]
    source: str
    is_opted_out: bool
    last_interaction_at: AwareDatetime | None


class ListResult(Result):
    """Contacts, and how many fit in all."""

    total: int
    contacts: list[ContactRow]


class GetArgs(Args):
    """Whom, and how much of the timeline."""

    contact_id: Reference = Field(examples=["ada@example.com"])
    limit: int = Field(50, ge=0, le=500)


class GetResult(Result):
    """Everything known of a person, the newest first; money in micro-dollars."""

    contact: ContactRow
    profile: dict[str, Any]
    identities: list[dict[str, Any]]
    timeline: list[dict[str, Any]]
    scores: list[dict[str, Any]]
    transitions: list[dict[str, Any]]
    doubles: list[dict[str, Any]]
    cost_micro_usd: int
    value_micro_usd: int


class AdvanceArgs(Args):
    """Where to, and why."""

    contact_id: Reference = Field(examples=["ada@example.com"])
    status: Status = Field(examples=["qualified"])
    why: Word = "moved by hand"


class AdvanceResult(Result):
    """Where the contact stood and stands; `moved` is false when it stood there already."""

    contact_id: str
    before: Status
    status: Status
    moved: bool


class TagArgs(Args):
    """A tag to add, or with `remove` to take away."""

    contact_id: Reference = Field(examples=["ada@example.com"])
    tag: Tag = Field(examples=["warm"])
    remove: bool = False


class TagResult(Result):
    """The tags now."""

    contact_id: str
    tags: list[str]


class UpdateArgs(Facts):
    """Fields to set (a fresh e-mail or handle becomes a further key); `opt_out` is the reason the person gave."""

    contact_id: Reference = Field(examples=["ada@example.com"])
    email_state: EmailState | None = None
    opt_out: Word | None = None


class UpdateResult(Result):
    """What changed."""

    contact_id: str
    changed: list[str]
    opted_out: bool


class MergeArgs(Args):
    """Either `kept_id` and `merged_id`, or `undo` with the id of a merge."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"kept_id": "ada@example.com", "merged_id": "linkedin:ada"}]})

    kept_id: Reference | None = None
    merged_id: Reference | None = None
    reason: Word = "the same person"
    undo: Word | None = None

    @model_validator(mode="after")
    def _one_or_the_other(self) -> MergeArgs:
        if (self.undo is None) == (self.kept_id is None) or (self.kept_id is None) != (self.merged_id is None):
            raise ValueError("give kept_id and merged_id, or undo")
        return self


class MergeResult(Result):
    """What moved, and what stayed (the other had the like, or it changed since)."""

    merge_id: str
    kept_id: str
    merged_id: str
    moved: int
    stayed: list[str]


class Reliability(Result):
    """Of the scores of a tier that could be checked after 30 days: predicted against observed share of trials and sales."""

    tier: str
    scored: int
    predicted: float
    observed: float
    reached: int


class StatsResult(Result):
    """Counts of people, the pipeline, answers of 7 days, who may be double, and what scores have been worth."""

    contacts: int
    opted_out: int
    new_7d: int
    touched_7d: int
    replied_7d: int
    reply_rate_7d: float | None
    pipeline: dict[str, int]
    tiers: dict[str, int]
    sources: dict[str, int]
    interactions: int
    doubles: list[dict[str, Any]]
    reliability: list[Reliability]
