"""Topics of revenue: what came in, who pays, and how the sources stand."""

from __future__ import annotations

from datetime import timedelta

from revenue_machine.domains.revenue.answers import (
    AnalyticsReport,
    CheckReport,
    CohortsReport,
    DashboardReport,
    DayArgs,
    DayRevenue,
    FailedPayments,
    MrrReport,
    PeriodArgs,
    RateArgs,
    RateResult,
    SourceView,
    SpanArgs,
    SummaryResult,
    TrendReport,
    VideoViews,
)
from revenue_machine.domains.revenue.lookup import Lookup
from revenue_machine.domains.revenue.models import ActiveSubscribers, OverviewReport, SnapshotArgs, SnapshotReport, WebhookAudit
from revenue_machine.domains.revenue.money_desk import MoneyDesk
from revenue_machine.domains.revenue.morning import Morning
from revenue_machine.domains.revenue.rate_import import RateBook, checked_rate
from revenue_machine.domains.revenue.revenue_monitor import RevenueMonitor
from revenue_machine.domains.revenue.source_desk import SourceDesk
from revenue_machine.domains.revenue.sources import YOUTUBE_LAG, YOUTUBE_SPAN
from revenue_machine.domains.revenue.webhook_audit import WebhookAuditor
from revenue_machine.engine.call import Call
from revenue_machine.engine.database import Database
from revenue_machine.engine.effects import Outside
from revenue_machine.engine.importing import BadRow
from revenue_machine.engine.topic import Effect, NoArgs, topic
from revenue_machine.integrations.youtube.youtube_client import YouTubeClient
from revenue_machine.kit.clock import Clock, local_date
from revenue_machine.kit.errors import BadInput
from revenue_machine.kit.money import dollars
from revenue_machine.kit.settings import Settings

SUNDAY = 6


@topic("revenue.daily_snapshot", effect=Effect.WRITES, section="§4.10")
def daily_snapshot(args: SnapshotArgs, monitor: RevenueMonitor) -> SnapshotReport:
    """Ask RevenueCat, Stripe, YouTube and Meta how they stand, and pull the signups.

    A source without a key is skipped with the reason; one that is down leaves its last known numbers, marked stale.
    """
    return monitor.take(args.slot)


@topic("revenue.reconcile_webhooks", effect=Effect.WRITES, section="own: webhooks get lost, and the vendors' lists know which")
def reconcile_webhooks(args: NoArgs, auditor: WebhookAuditor) -> WebhookAudit:
    """Look for webhooks that never came and take in what they would have told: nightly, and whenever asked.

    Returns: per till what was looked at, what had been missing, and what does not add up.
    """
    return auditor.run()


@topic("revcat.overview", effect=Effect.READS, section="§4.10")
def overview(monitor: RevenueMonitor) -> OverviewReport:
    """Show RevenueCat's own numbers, at most an hour old."""
    return monitor.overview()


@topic("revcat.active_subscribers", effect=Effect.READS, section="§4.11")
def active_subscribers(monitor: RevenueMonitor) -> ActiveSubscribers:
    """Count who pays: production only, trials never."""
    return monitor.active_subscribers()


@topic("revenue.dashboard", effect=Effect.READS, section="definitions §0.3")
def dashboard(args: PeriodArgs, desk: MoneyDesk) -> DashboardReport:
    """Show the money of a range of dates by day, week or month, with monthly money, churn and what each source cost.

    Sums are exact: ledger for money, payments for orders and customers. ROMI is (sales + refunds - costs) / costs.
    """
    return desk.dashboard(args)


@topic("revenue.cohorts", effect=Effect.READS, section="own: what customers of one month did later")
def cohorts(args: PeriodArgs, desk: MoneyDesk) -> CohortsReport:
    """Group customers by the period of their first purchase and show what each group bought later."""
    return desk.cohorts(args)


@topic("revenue.set_rate", effect=Effect.WRITES, section="own: money in other currencies waits for a dated rate")
def set_rate(args: RateArgs, rates: RateBook, database: Database) -> RateResult:
    """Say what one unit of a currency was worth on a date; payments that waited for it count from then on.

    The first word for a date stands: money once counted does not change.
    Raises: bad_input for a rate that cannot be one.
    """
    try:
        rate = checked_rate(args.currency.upper(), args.rate_date, args.usd_per_unit, "owner")
    except BadRow as reason:
        raise BadInput(str(reason), field="usd_per_unit") from None
    with database.writing() as connection:
        fresh = rates.keep(connection, [rate])
        counted = rates.release(connection)
    return RateResult(is_new=fresh == 1, counted=counted)


@topic(
    "revenue.telegram_summary", effect=Effect.SPEAKS, section="§1", aliases=("revenue.telegram_report",)
)  # fmt: skip
def telegram_summary(call: Call, morning: Morning, outside: Outside, clock: Clock, settings: Settings) -> SummaryResult:
    """Tell the owner the morning's money: monthly money and its movement, payers, yesterday, churn, trend, what stands out.

    One message per date: asked again, it is edited where the numbers changed and never repeated.
    Returns: 0 messages with the reason when Telegram is not set up.
    """
    return morning.tell(outside, call.run_date or local_date(clock.now(), settings.zone))


@topic("revenue.weekly_trend", effect=Effect.READS, section="definitions §0.3")
def weekly_trend(morning: Morning, clock: Clock, settings: Settings) -> TrendReport:
    """Show eight weeks of net money as bars of text, up to yesterday."""
    last = local_date(clock.now(), settings.zone) - timedelta(days=1)
    nets, text = morning.trend(last)
    return TrendReport(last_date=last, net_usd=[dollars(one) for one in nets], text=text)


@topic("revenue.tell_trend", effect=Effect.SPEAKS, section="own: the weekly trend is told on Sundays at 18:00")
def tell_trend(call: Call, morning: Morning, outside: Outside, clock: Clock, settings: Settings) -> SummaryResult:
    """Tell the owner the weekly trend, on Sundays only; other days answer 0 messages."""
    day = call.run_date or local_date(clock.now(), settings.zone)
    if day.weekday() != SUNDAY:
        return SummaryResult(messages=0, edited=False, characters=0, reason="told on Sundays")
    return morning.say(outside, f"trend/{day.isoformat()}", morning.trend(day - timedelta(days=1))[1])


@topic("revenue.revcat_overview", effect=Effect.READS, section="§1")
def revcat_overview(desk: SourceDesk) -> SourceView:
    """Show RevenueCat's numbers, at most an hour old; silent or not set up, it says so with the last known ones."""
    return desk.view("revcat")


@topic("revenue.stripe_overview", effect=Effect.READS, section="§1")
def stripe_overview(desk: SourceDesk) -> SourceView:
    """Show Stripe's payers and monthly money, at most an hour old; silent or not set up, it says so."""
    return desk.view("stripe")


@topic("revenue.youtube_stats", effect=Effect.READS, section="§1")
def youtube_stats(desk: SourceDesk) -> SourceView:
    """Show the channel's totals and the last 28 complete days, at most an hour old; silent or not set up, it says so."""
    return desk.view("youtube")


@topic("revcat.mrr", effect=Effect.READS, section="definitions §0.3")
def mrr(desk: SourceDesk) -> MrrReport:
    """Show monthly money: RevenueCat's word, and new, reactivated, expansion, contraction and churned of thirty days."""
    return desk.mrr()


@topic("revcat.check_subscribers", effect=Effect.WRITES, section="definitions §0.3")
def check_subscribers(lookup: Lookup) -> CheckReport:
    """Look up at RevenueCat what webhooks did not tell: overdue renewals and ends, and people unknown here.

    Raises: not_configured; outside_*.
    """
    return lookup.check_subscribers()


@topic("stripe.check_payments", effect=Effect.WRITES, section="§1")
def check_payments(lookup: Lookup) -> FailedPayments:
    """Catch up on Stripe's events and say each charge that failed in the last day once.

    Raises: not_configured; outside_*.
    """
    return lookup.check_payments()


@topic("youtube.analytics", effect=Effect.READS, section="§1")
def youtube_analytics(args: SpanArgs, youtube: YouTubeClient, clock: Clock, settings: Settings) -> AnalyticsReport:
    """Show what a span of days brought the channel: views, watch time, subscribers, estimated earnings, top videos.

    Without dates the last 28 complete days. Estimated earnings are None where the channel or the token has none.
    Raises: not_configured (no key, channel or access token); outside_*.
    """
    end = args.to or local_date(clock.now(), settings.zone) - YOUTUBE_LAG
    start = args.from_ or end - YOUTUBE_SPAN + timedelta(days=1)
    if start > end:
        raise BadInput("the span ends before it begins", field="to")
    found = youtube.earnings(start, end)
    return AnalyticsReport(
        first_date=start, last_date=end,
        views=found.views, watch_minutes=found.watch_minutes, subscribers_gained=found.subscribers_gained,
        subscribers_lost=found.subscribers_lost,
        estimated_usd=None if found.estimated_micro_usd is None else dollars(found.estimated_micro_usd),
        top_videos=[VideoViews(video_id=one.video_id, views=one.views, watch_minutes=one.watch_minutes)
                    for one in youtube.top_videos(start, end)],
    )  # fmt: skip


@topic("system.daily_revenue", effect=Effect.READS, section="definitions §0.3")
def daily_revenue(args: DayArgs, desk: MoneyDesk) -> DayRevenue:
    """Show the money of one local date, exact: sales, refunds, what was taken off, and what stays."""
    return desk.day(args.day)
