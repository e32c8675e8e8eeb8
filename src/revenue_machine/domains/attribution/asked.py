"""What the topics of attribution take and answer."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import Field

from revenue_machine.domains.credit.models import DollarNumber
from revenue_machine.engine.topic import Args, Result

Dimension = Literal[
    "platform", "content_type", "hook_category", "niche", "framework", "offer", "paywall_variant", "utm_source"
]  # fmt: skip
Model = Literal["last_non_direct", "first", "last", "linear", "position", "time_decay", "markov", "shapley"]


class SummaryArgs(Args):
    """One dimension in one model; with `since` or `until` (local dates, both counted) only the steps of those days."""

    dimension: Dimension = "platform"
    model: Model = "last_non_direct"
    since: date | None = None
    until: date | None = None


class SummaryRow(Result):
    """What one value is credited with; counts are credited ones (0.4 of a purchase is possible), money in dollars.

    `*_low` and `*_high` hold the expected value with 90 %; `too_few` is true with fewer than ten buyers.
    """

    value: str
    clicks: int
    signups: float
    trials: float
    purchases: float
    purchases_low: float | None
    purchases_high: float | None
    renewals: int
    refunds: int
    churns: int
    revenue_usd: DollarNumber
    revenue_low_usd: DollarNumber | None
    revenue_high_usd: DollarNumber | None
    net_revenue_usd: DollarNumber
    spend_usd: DollarNumber
    cpa_usd: DollarNumber | None
    roas: float | None
    buyers: int
    too_few: bool
    removal_effect: float | None


class Disagreement(Result):
    """A value the models credit very differently: the least and the most, and which model says so."""

    dimension: str
    value: str
    low_usd: DollarNumber
    low_model: str
    high_usd: DollarNumber
    high_model: str


class SummaryResult(Result):
    """Rows by revenue; `revenue_usd` is the ledger's sum in every model, `cpa_usd` and `roas` are those of everything together."""

    dimension: str
    model: str
    rows: list[SummaryRow]
    revenue_usd: DollarNumber
    net_revenue_usd: DollarNumber
    spend_usd: DollarNumber
    purchases: int
    buyers: int
    cpa_usd: DollarNumber | None
    roas: float | None
    disagree: list[Disagreement]


class ExplainArgs(Args):
    """A sale, refund or any other step: its ledger, payment or event id, or the vendor's own number."""

    sale: str = Field(min_length=1, max_length=300, examples=["led_aaaaaaaaaaaaaaaa"])
    dimension: Dimension = "platform"


class TouchShare(Result):
    """One touch of the journey and what each model gives it: the share, and the money in dollars."""

    at: datetime | None
    what: str
    post_id: str | None
    utm_source: str
    value: str
    shares: dict[str, float]
    revenue_usd: dict[str, DollarNumber]


class Booking(Result):
    """One ledger entry that belongs to the sale."""

    kind: str
    amount_usd: DollarNumber
    at: datetime
    id: str


class PostCost(Result):
    """What a post of the journey cost in all, over all its sales."""

    post_id: str
    cost_usd: DollarNumber
    profit_usd: DollarNumber


class ExplainResult(Result):
    """Where a step came from, how each model shares it, and what it cost; `page` is the same to read."""

    id: str
    event: str
    at: datetime
    product: str | None
    person: str | None
    revenue_usd: DollarNumber
    net_revenue_usd: DollarNumber
    journey: list[TouchShare]
    bookings: list[Booking]
    refunds: list[Booking]
    posts: list[PostCost]
    page: list[str]


class ChainArgs(Args):
    """The eight steps from a published post to a renewal; local dates, both counted; one post or all."""

    post_id: str | None = Field(None, min_length=1, max_length=200)
    since: date | None = None
    until: date | None = None
    most: int = Field(20, ge=1, le=500)


class ChainStep(Result):
    """How many reached a step; None where nobody counts it. `kept` is the share of the step before."""

    step: str
    count: int | None
    kept: float | None


class PostChain(Result):
    """The same of one post."""

    post_id: str
    counts: dict[str, int | None]


class ChainResult(Result):
    """All posts together, then the posts with most purchases and clicks; `notes` says what could not be counted."""

    steps: list[ChainStep]
    posts: list[PostChain]
    notes: list[str]


class RebuildResult(Result):
    """Steps traced from scratch, and how many of them stood differently before."""

    steps: int
    corrected: int
