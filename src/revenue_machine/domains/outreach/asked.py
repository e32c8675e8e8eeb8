"""What the outreach topics take and answer."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from revenue_machine.engine.topic import Args, Result

DmPlatform = Literal["x", "instagram", "facebook", "tiktok", "threads"]
_CONTACT = Field(examples=["con_2kz7c4d5e6f7a2b3"], min_length=1, max_length=80)
_TEXT = Field(examples=["Hi Ada, your note on onboarding mails made me curious: what do you send on day three?"], min_length=1)


class ProspectArgs(Args):
    """How many drafts should wait at most; the phase's target for a day when left out."""

    most: int | None = Field(None, ge=0, le=50)


class ProspectResult(Result):
    """What was found, what was drafted, and why fewer than wanted."""

    found: int = 0
    scored: int = 0
    worth_writing: int = 0
    left_out: int = 0
    drafted: int = 0
    held: int = 0
    prepared: int = 0
    target: int = 50
    why_fewer: str | None = None
    reasons: dict[str, str] = Field(default_factory=dict)


class SearchArgs(Args):
    """Words a member's profile must hold."""

    keywords: str = Field(examples=["saas founder"], min_length=2, max_length=200)
    limit: int = Field(25, ge=1, le=100)


class FoundPerson(Result):
    """One member, scored, with the reasons."""

    name: str
    headline: str
    location: str | None
    profile_url: str | None
    score: float
    tier: str
    niche: str
    reasons: list[str]


class SearchResult(Result):
    """Members, the best first; `total` is what LinkedIn says there are."""

    total: int
    people: list[FoundPerson]


class ContactArgs(Args):
    """One person."""

    contact_id: str = _CONTACT


class ScoreResult(Result):
    """How well or how warm somebody is, 0..100, with a reason for each part."""

    contact_id: str
    score: float
    tier: str
    reasons: list[str]


class ConnectArgs(Args):
    """The exact note of an invitation; `queue_id` names the draft it comes from."""

    contact_id: str = _CONTACT
    text: str = Field(examples=["Hi Ada, I also build small tools for founders and would like to follow your work."], min_length=1)
    queue_id: str | None = None


class MessageArgs(Args):
    """The exact words of a message."""

    contact_id: str = _CONTACT
    text: str = _TEXT
    queue_id: str | None = None


class DmSendArgs(MessageArgs):
    """The exact words of a direct message, and where; `email` only for the answer to a mail."""

    platform: DmPlatform | Literal["email"] = Field(examples=["x"])


class SendResult(Result):
    """`sent` by the interface, or `handed_over` to the owner with an open task."""

    status: Literal["sent", "handed_over"]
    queue_id: str
    contact_id: str
    task_id: str | None = None
    external_id: str | None = None


class WriteArgs(Args):
    """For whom words are wanted, and what they should do."""

    contact_id: str = _CONTACT
    purpose: str = Field("", max_length=400)


class DmWriteArgs(WriteArgs):
    """For whom, where and what for; without a platform, the first one the person can be reached on."""

    platform: DmPlatform | None = None


class DraftResult(Result):
    """Words as a draft: never sent by this; `flaws` says what the lint found after one rewrite."""

    contact_id: str
    platform: str
    action: str
    lane: str
    text: str
    reason: str
    flaws: list[str]
    model: str
    cost_micro_usd: int


class FollowUpResult(Result):
    """First messages to new connections, follow-ups, and who was left alone after three weeks."""

    first_messages: int = 0
    follow_ups: int = 0
    gone_cold: int = 0
    held: int = 0
    why_fewer: str | None = None


class CampaignArgs(Args):
    """A batch: `create` names audience and brief, `run` drafts today's share, `pause` and `stats` need the name only."""

    action: Literal["create", "run", "pause", "stats"] = Field(examples=["stats"])
    name: str = Field(examples=["founders in autumn"], min_length=1, max_length=100)
    platform: Literal["linkedin", "x", "instagram", "facebook", "tiktok", "threads"] = "linkedin"
    brief: str = Field("", max_length=1000)
    niche: str | None = None
    tag: str | None = None
    least_score: float = Field(0.0, ge=0, le=100)
    statuses: list[str] = Field(default_factory=list)
    steps: list[int] = Field([3, 7, 14], max_length=3)
    offer: str | None = None
    most_per_day: int = Field(10, ge=1, le=50)


class CampaignResult(Result):
    """How a campaign stands; `waiting` approved and not yet out."""

    campaign_id: str
    status: str
    audience: int
    drafted: int
    pending: int
    waiting: int
    sent: int
    replies: int
    why_fewer: str | None = None


class StatsArgs(Args):
    """Over how many days back."""

    days: int = Field(7, ge=1, le=366)


class StatsResult(Result):
    """Counts of the days asked for; rates 0..1, None where nothing went out."""

    days: int
    prepared: int
    pending: int
    approved: int
    rejected: int
    expired: int
    sent: int
    failed: int
    cancelled: int
    replies: int
    accepted: int | None = None
    reply_rate: float | None = None
    acceptance_rate: float | None = None
    by_lane: dict[str, int] = Field(default_factory=dict)
    by_platform: dict[str, int] = Field(default_factory=dict)


class PlatformStatus(Result):
    """One platform: how it sends, what it may still send, and what holds it."""

    platform: str
    mode: str
    is_ready: bool
    why_not: str | None
    sent_24h: int
    per_day: int
    sent_7d: int
    per_week: int | None
    rests_until: datetime | None = None
    rests_why: str | None = None
    last_sync_at: datetime | None = None


class StatusResult(Result):
    """Every platform asked about."""

    platforms: list[PlatformStatus]


class ListArgs(Args):
    """How many at most."""

    limit: int = Field(20, ge=1, le=200)


class Talk(Result):
    """One conversation: who, and what was said last."""

    contact_id: str
    name: str | None
    platform: str
    last_text: str
    last_direction: str
    last_at: datetime
    intent_class: str | None


class TalksResult(Result):
    """Conversations, the latest first."""

    total: int
    conversations: list[Talk]


class Said(Result):
    """One message of a thread."""

    direction: str
    text: str
    platform: str | None
    at: datetime
    intent_class: str | None


class ThreadArgs(ContactArgs):
    """Whose thread, and how much of it."""

    limit: int = Field(50, ge=1, le=200)


class ThreadResult(Result):
    """A thread, oldest first."""

    contact_id: str
    messages: list[Said]


class ProcessArgs(Args):
    """How many direct messages should wait at most today; the phase's target for a day when left out."""

    most: int | None = Field(None, ge=0, le=30)


class ProcessResult(Result):
    """What has gone out today and what waits; nothing is ever sent by this."""

    sent_count: int
    failed_count: int
    queued: int
    drafted: int
    held: int
    why_fewer: str | None = None


class TopArgs(ListArgs):
    """The warmest, on one platform or on all."""

    platform: DmPlatform | None = None


class TopContact(Result):
    """One person with the lane of their next message."""

    contact_id: str
    name: str | None
    platform: str | None
    status: str
    score: float
    tier: str
    lane: str
    why: str


class TopResult(Result):
    """The warmest people who may be written to, the best first."""

    contacts: list[TopContact]


class QueueArgs(ListArgs):
    """Which rows; all open ones when left out."""

    status: str | None = None


class QueueItem(Result):
    """One message in the queue."""

    queue_id: str
    contact_id: str
    platform: str
    action: str
    lane: str
    status: str
    text: str
    reason: str
    evidence_url: str | None
    approval_id: str | None
    error: str | None
    created_at: datetime
    sent_at: datetime | None


class QueueResult(Result):
    """The queue, oldest first."""

    total: int
    items: list[QueueItem]


class SyncResult(Result):
    """What came in since the last look and what followed from it."""

    messages: int = 0
    connections: int = 0
    clicks: int = 0
    opted_out: int = 0
    answers_drafted: int = 0
    held: int = 0
    failed: dict[str, str] = Field(default_factory=dict)


class BulkArgs(Args):
    """People who should hear the same thing, each in words of their own."""

    platform: DmPlatform = Field(examples=["x"])
    contact_ids: list[str] = Field(examples=[["con_2kz7c4d5e6f7a2b3"]], min_length=1, max_length=50)
    purpose: str = Field(examples=["ask whether they still send their newsletter by hand"], min_length=5, max_length=400)


class NextActionResult(Result):
    """What should happen next with somebody, and why; `not_before` when it is too early."""

    contact_id: str
    action: str
    lane: str | None
    why: str
    not_before: datetime | None = None
    fit_signals: list[str] = Field(default_factory=list)


class OptOutArgs(ContactArgs):
    """Who asked not to be written to again, and in which words."""

    reason: str = Field("asked to stop", max_length=200)


class OptOutResult(Result):
    """Closed on every channel; `is_new` false when it was before."""

    contact_id: str
    is_new: bool
    cancelled: int
