"""Messages, profiles, campaigns and what came in, as the parts of this domain and others see them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class QueueRow:
    """One message on its way: to whom, in which words, why, and where it stands."""

    id: str
    contact_id: str
    action: str
    message: str
    platform: str
    status: str
    channel: str
    mode: str | None
    step: int
    campaign_id: str | None
    lane: str
    offer: str | None
    reason: str
    evidence_url: str | None
    drafted_text: str
    approval_id: str | None
    answers_id: str | None
    external_id: str | None
    link_id: str | None
    error: str | None
    scheduled_at: datetime | None
    decided_at: datetime | None
    sent_at: datetime | None
    replied_at: datetime | None
    created_at: datetime


@dataclass(frozen=True)
class Profile:
    """A person as a platform shows them; `standing` none, invited, connected, blocked or suppressed."""

    id: str
    platform: str
    external_id: str
    contact_id: str | None
    handle: str | None
    name: str | None
    headline: str | None
    about: str | None
    location: str | None
    niche: str | None
    profile_url: str | None
    degree: int | None
    score: float | None
    score_reasons: tuple[str, ...]
    standing: str
    is_suspicious: bool
    invited_at: datetime | None
    connected_at: datetime | None


@dataclass(frozen=True)
class Inbound:
    """Words that came in: `external_id` names the message at the platform, `user_id` whoever wrote it."""

    platform: str
    external_id: str
    user_id: str
    text: str
    occurred_at: datetime
    handle: str | None = None
    name: str | None = None
    profile_url: str | None = None
    headline: str | None = None


@dataclass(frozen=True)
class Campaign:
    """Whom a batch is for and what it says; `steps` are the days after the first message."""

    id: str
    name: str
    platform: str
    brief: str
    audience: Mapping[str, Any]
    steps: tuple[int, ...]
    offer: str | None
    most_per_day: int
    status: str


@dataclass(frozen=True)
class Tally:
    """Counts of rows by what became of them."""

    by_status: Mapping[str, int] = field(default_factory=dict)
    by_lane: Mapping[str, int] = field(default_factory=dict)
    by_platform: Mapping[str, int] = field(default_factory=dict)
    replies: int = 0
    rejected: int = 0

    def of(self, *statuses: str) -> int:
        """Rows in any of these."""
        return sum(self.by_status.get(one, 0) for one in statuses)
