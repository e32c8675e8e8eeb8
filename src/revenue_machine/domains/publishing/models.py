"""Posts on their way out, and the hours they may go at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from revenue_machine.engine.topic import Args, Result
from revenue_machine.kit.rng import rng


class PostStatus(StrEnum):
    """approved → sending → published | failed; `unknown` when nobody can tell, `withheld` by lot to measure what posts cause."""

    APPROVED = "approved"
    SENDING = "sending"
    PUBLISHED = "published"
    FAILED = "failed"
    UNKNOWN = "unknown"
    WITHHELD = "withheld"


@dataclass(frozen=True)
class Switchback:
    """The lottery of silence: each network's local day is silent with chance `share`, drawn alone and known to anybody who asks.

    What it costs is known before: `share` of the posts.
    """

    seed: int
    share: float

    def is_silent(self, platform: str, day: date) -> bool:
        """Whether nothing goes out on a network that day."""
        return rng(self.seed, "publishing.switchback", platform, day.isoformat()).random() < self.share


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
    """How many approved drafts got a slot, per platform, how many have to wait, and how many fell on a silent day and stay in."""

    scheduled: int
    withheld: int
    waiting: int
    by_platform: dict[str, int]


class AutoResult(Result):
    """What happened to the posts that were due."""

    sent: int
    published: int
    failed: int
    unknown: int
    moved: int
