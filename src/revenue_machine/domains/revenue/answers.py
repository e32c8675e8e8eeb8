"""What the money topics take and answer: periods, cohorts, movement, rates, sources, and what was told."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from pydantic import ConfigDict, Field

from revenue_machine.domains.credit.models import DollarNumber
from revenue_machine.domains.revenue.models import SourceOutcome
from revenue_machine.engine.topic import Args, Result

By = Literal["day", "week", "month"]


class PeriodArgs(Args):
    """Local dates, both included, and how they are grouped; without dates everything there is."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_by_name=True, validate_by_alias=True)

    from_: date | None = Field(default=None, alias="from", examples=["2026-11-01"])
    to: date | None = Field(default=None, examples=["2026-11-30"])
    by: By = "month"


class SpanArgs(Args):
    """Dates, both included; the last 28 complete days without them."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_by_name=True, validate_by_alias=True)

    from_: date | None = Field(default=None, alias="from", examples=["2026-10-01"])
    to: date | None = Field(default=None, examples=["2026-10-28"])


class VideoViews(Result):
    """One of the most seen videos."""

    video_id: str
    views: int
    watch_minutes: int


class AnalyticsReport(Result):
    """What a span of days brought the channel."""

    first_date: date
    last_date: date
    views: int
    watch_minutes: int
    subscribers_gained: int
    subscribers_lost: int
    estimated_usd: DollarNumber | None
    top_videos: list[VideoViews]


class RateArgs(Args):
    """Dollars for one unit of a currency on a date."""

    currency: str = Field(pattern="^[A-Za-z]{3}$", examples=["EUR"])
    rate_date: date = Field(examples=["2026-11-02"])
    usd_per_unit: Decimal = Field(gt=0, examples=["1.08"])


class RateResult(Result):
    """Whether the rate is new (the first word for a date stands), and how many payments count now that waited."""

    is_new: bool
    counted: int


class SummaryResult(Result):
    """What became of a message: sent now, or the one that stood changed; the reason when there is no Telegram."""

    messages: int
    edited: bool
    characters: int
    reason: str | None


class TrendReport(Result):
    """Net money of eight weeks, oldest first, and the text with its bars."""

    last_date: date
    net_usd: list[DollarNumber]
    text: str


class DayRevenue(Result):
    """The money of one local date, exact."""

    day: date
    sales_usd: DollarNumber
    refunds_usd: DollarNumber
    deductions_usd: DollarNumber
    net_usd: DollarNumber
    orders: int


class DayArgs(Args):
    """Which local date; today when left out."""

    day: date | None = Field(default=None, examples=["2026-11-02"])


class MrrReport(Result):
    """Monthly money: as RevenueCat says, as the books say it moved in the last thirty days, and who pays."""

    current_mrr: DollarNumber | None
    subscriber_count: int | None
    period: str
    as_of: datetime | None
    is_stale: bool
    movement: MrrMovement


class SourceView(Result):
    """One source: `metrics` as it last said them, `outcome` stale with the old numbers, skipped or missing with the reason."""

    source: str
    outcome: SourceOutcome
    reason: str | None
    as_of: datetime | None
    metrics: dict[str, Any]


class CheckReport(Result):
    """What a look-up found that no webhook had told, what does not add up, and both counts of who pays."""

    looked_up: int
    found: int
    unexplained: int
    vendor_count: int | None
    known_count: int
    note: str | None


class FailedPayments(Result):
    """Charges that failed in the last day and what was said of them; `told` are new."""

    failed: int
    told: int
    amount_usd: DollarNumber
    events: int


class CohortPeriod(Result):
    """What the customers of a cohort did in one period."""

    period: str
    customers: int
    orders: int
    revenue_usd: DollarNumber


class Cohort(Result):
    """Customers by the period of their first purchase."""

    cohort: str
    customers: int
    orders: int
    revenue_usd: DollarNumber
    periods: list[CohortPeriod]


class CohortsReport(Result):
    """Every cohort, oldest first; `unnamed_orders` are purchases of nobody known, in no cohort."""

    by: By
    customers: int
    orders: int
    revenue_usd: DollarNumber
    unnamed_orders: int
    cohorts: list[Cohort]


class MoneyPeriod(Result):
    """One period: what came in, what was taken off it, what was spent, and who bought."""

    period: str
    sales_usd: DollarNumber
    refunds_usd: DollarNumber
    deductions_usd: DollarNumber
    net_usd: DollarNumber
    costs_usd: DollarNumber
    profit_usd: DollarNumber
    orders: int
    customers: int
    new_customers: int


class SourceMoney(Result):
    """A source of cost or sales; `romi` is (sales - costs) / costs, None where one of the two is unknown."""

    source: str
    period: str | None = None
    costs_usd: DollarNumber
    sales_usd: DollarNumber
    orders: int
    romi: float | None


class RateFigure(Result):
    """A share with its 90 % interval; None of nobody, `is_early` while fewer than thirty people stand behind it."""

    part: int
    whole: int
    rate: float | None
    low: float | None
    high: float | None
    is_early: bool


class MrrMovement(Result):
    """How monthly money came from one instant to another: start + new + reactivated + expansion - contraction - churned = end."""

    start_usd: DollarNumber
    new_usd: DollarNumber
    reactivated_usd: DollarNumber
    expansion_usd: DollarNumber
    contraction_usd: DollarNumber
    churned_usd: DollarNumber
    end_usd: DollarNumber
    payers_start: int
    payers_new: int
    payers_reactivated: int
    payers_churned: int
    payers_end: int
    unpriced: int


class DashboardReport(Result):
    """The money of a range of dates, exact to the cent; MRR and subscribers as of the last snapshot and from the books."""

    first_date: date | None
    last_date: date
    by: By
    mrr: DollarNumber | None
    arr: DollarNumber | None
    subscriber_count: int | None
    conversion_rate: float | None
    as_of: datetime | None
    is_stale: bool
    total: MoneyPeriod
    romi: float | None
    periods: list[MoneyPeriod]
    sources: list[SourceMoney]
    sources_by_period: list[SourceMoney]
    movement: MrrMovement
    churn: RateFigure
    trial_to_paid: RateFigure
    refund_rate: float | None
    arpu_usd: DollarNumber | None
    ltv_low_usd: DollarNumber | None
    ltv_high_usd: DollarNumber | None
    parked_payments: int
