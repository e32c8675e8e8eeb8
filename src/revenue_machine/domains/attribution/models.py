"""Touches, the eight dimensions, and the answers reports ask for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal

# Seven traits of a post, and where the person came from (DECISIONS: the 8 dimensions).
POST_DIMENSIONS = ("platform", "content_type", "hook_category", "niche", "framework", "offer", "paywall_variant")
DIMENSIONS = (*POST_DIMENSIONS, "utm_source")
MODEL = "last_non_direct"
UNKNOWN = "unknown"
NONE = "none"
DIRECT = "direct"
EventType = Literal["click", "email_click", "signup", "trial", "purchase", "renewal", "refund", "churn"]
SourceType = Literal["organic_post", "campaign", "direct", "unknown"]
Traits = Mapping[str, str]
NO_TRAITS: Traits = MappingProxyType(dict.fromkeys(POST_DIMENSIONS, UNKNOWN))


@dataclass(frozen=True)
class Touch:
    """What brought a person: a post with its traits, a campaign of another kind, nothing, or nobody knows."""

    source_type: SourceType
    utm_source: str
    post_id: str | None = None
    click_id: str | None = None
    visitor_id: str | None = None
    utm_medium: str | None = None
    utm_campaign: str | None = None
    utm_content: str | None = None
    traits: Traits = field(default_factory=lambda: NO_TRAITS)

    def columns(self) -> dict[str, Any]:
        """The touch as columns of an attribution event."""
        return {
            "source_type": self.source_type, "utm_source": self.utm_source, "post_id": self.post_id, "click_id": self.click_id,
            "visitor_id": self.visitor_id, "utm_medium": self.utm_medium, "utm_campaign": self.utm_campaign,
            "utm_content": self.utm_content, **self.traits,
        }  # fmt: skip


NOBODY_KNOWS = Touch("unknown", UNKNOWN)


@dataclass(frozen=True)
class Conversion:
    """One step of a person after the click; `key` is its own natural key, money in gross micro-dollars."""

    key: str
    event_type: EventType
    occurred_at: datetime
    user_id: str | None
    amount_micro_usd: int = 0
    product: str | None = None
    subscription_id: str | None = None
    payment_id: str | None = None


@dataclass(frozen=True)
class Tally:
    """What one value of one dimension brought: counts, and money in micro-dollars."""

    counts: Mapping[str, int]
    revenue_micro_usd: int
    net_revenue_micro_usd: int
    spend_micro_usd: int


@dataclass(frozen=True)
class PostProfit:
    """A post by what it earned: `profit` is net revenue less what making and publishing it cost, in micro-dollars."""

    post_id: str
    platform: str
    niche: str
    hook_category: str
    clicks: int
    signups: int
    trials: int
    purchases: int
    revenue_micro_usd: int
    net_revenue_micro_usd: int
    cost_micro_usd: int

    @property
    def profit_micro_usd(self) -> int:
        return self.net_revenue_micro_usd - self.cost_micro_usd


@dataclass(frozen=True)
class ChainLink:
    """One row of the chain behind a sale, oldest first: which table, which row, what it says."""

    step: str
    table: str
    row_id: str
    occurred_at: datetime | None
    facts: Mapping[str, Any]
