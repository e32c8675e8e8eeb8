"""Posts on their way out, and the hours they may go at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from revenue_machine.engine.topic import Args, Result


class PostStatus(StrEnum):
    """approved → sending → published | failed; `unknown` when nobody can tell."""

    APPROVED = "approved"
    SENDING = "sending"
    PUBLISHED = "published"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Post:
    """One post with the dimensions it is measured by."""

    id: str
    draft_id: str
    platform: str
    niche: str
    content_type: str
    hook_category: str
    framework: str
    offer: str | None
    paywall_variant: str | None
    text: str
    status: PostStatus
    scheduled_at: datetime
    sent_at: datetime | None
    published_at: datetime | None
    external_id: str | None
    url: str | None


@dataclass(frozen=True)
class Arm:
    """One hour of the local week on one platform; weekday 0 is Sunday; Beta(alpha, beta)."""

    weekday: int
    hour: int
    alpha: float
    beta: float


@dataclass(frozen=True)
class Slot:
    """An hour that may be taken: when, and which arm it is."""

    at: datetime
    weekday: int
    hour: int


@dataclass(frozen=True)
class Pick:
    """A chosen slot and the probability it had."""

    slot: Slot
    propensity: float


class ScheduleArgs(Args):
    """How far ahead slots are looked for."""

    horizon_hours: int = 24


class ScheduleResult(Result):
    """How many approved drafts got a slot, per platform, and how many have to wait."""

    scheduled: int
    waiting: int
    by_platform: dict[str, int]


class AutoResult(Result):
    """What happened to the posts that were due."""

    sent: int
    published: int
    failed: int
    unknown: int
    moved: int
