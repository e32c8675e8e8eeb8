"""Touches, the eight dimensions, and the answers reports ask for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal, Protocol

import sqlalchemy as sa

from revenue_machine.domains.attribution.weights import RuleModel

# Seven traits of a post, and where the person came from (DECISIONS: the 8 dimensions).
POST_DIMENSIONS = ("platform", "content_type", "hook_category", "niche", "framework", "offer", "paywall_variant")
DIMENSIONS = (*POST_DIMENSIONS, "utm_source")
MODEL: RuleModel = "last_non_direct"
UNKNOWN = "unknown"
NONE = "none"
DIRECT = "direct"
CLICK_KINDS = ("click", "email_click")
MONEY_KINDS = ("purchase", "renewal", "refund")
# The default first; the six rule models by touch, then the two that depend on the dimension looked at.
RULES: tuple[RuleModel, ...] = (MODEL, "first", "last", "linear", "position", "time_decay")
MODELS = (*RULES, "markov", "shapley")
# The chain from a post to a paying customer: step by step, which kinds of stored steps count.
CHAIN: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "published": (), "impression": (), "click": ("click", "email_click"), "visit": (), "signup": ("signup",), "trial": ("trial",),
    "purchase": ("purchase",), "renewal": ("renewal",), "churn": ("churn",),
})  # fmt: skip
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
    refunds_payment_id: str | None = None


@dataclass(frozen=True)
class Said:
    """What a signup told of where it came from, before anybody concluded anything."""

    click_id: str | None = None
    utm_source: str | None = None
    utm_medium: str | None = None
    utm_campaign: str | None = None


@dataclass(frozen=True)
class Step:
    """One stored step of a person: a click, a signup, money; `touch` is what it is credited to (a click: what it is itself).

    `said` is None for a signup of before that was kept, and for whatever is no signup.
    """

    id: str
    key: str
    event_type: str
    occurred_at: datetime
    user_id: str | None
    contact_id: str | None
    visitor_id: str | None
    touch: Touch
    said: Said | None = None
    payment_id: str | None = None
    refunds_payment_id: str | None = None
    subscription_id: str | None = None
    revenue_micro_usd: int = 0
    deducted_micro_usd: int = 0

    @property
    def is_click(self) -> bool:
        return self.event_type in CLICK_KINDS

    @property
    def named_click_id(self) -> str | None:
        """The click a signup says it came by."""
        return self.touch.click_id if self.said is None else self.said.click_id


@dataclass(frozen=True)
class Passed:
    """One touch of a journey: the step it is (None: nobody knows of any), when, and what it was."""

    step_id: str | None
    at: datetime | None
    touch: Touch


@dataclass(frozen=True)
class Traced:
    """A conversion with whom it belongs to, the touch it is credited to, and its whole journey, oldest first (never empty)."""

    step: Step
    person_id: str | None
    credited: Touch
    journey: tuple[Passed, ...]
    default: int


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


class Views(Protocol):
    """The role of whoever counts how often posts were seen."""

    def by_post(self, connection: sa.Connection, start: datetime | None, end: datetime | None) -> dict[str, int]:
        """Views of every post published in [start, end), 0 where nobody looked yet."""
        ...
