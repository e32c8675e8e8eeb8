"""Topics of revenue: what came in, who pays, and how the sources stand."""

from __future__ import annotations

from revenue_machine.domains.revenue.models import ActiveSubscribers, OverviewReport, SnapshotArgs, SnapshotReport
from revenue_machine.domains.revenue.revenue_monitor import RevenueMonitor
from revenue_machine.engine.topic import Effect, planned, topic


@topic("revenue.daily_snapshot", effect=Effect.WRITES, section="§4.10")
def daily_snapshot(args: SnapshotArgs, monitor: RevenueMonitor) -> SnapshotReport:
    """Ask RevenueCat, Stripe, YouTube and Meta how they stand, and pull the signups.

    A source without a key is skipped with the reason; one that is down leaves its last known numbers, marked stale.
    """
    return monitor.take(args.slot)


@topic("revcat.overview", effect=Effect.READS, section="§4.10")
def overview(monitor: RevenueMonitor) -> OverviewReport:
    """Show RevenueCat's own numbers, at most an hour old."""
    return monitor.overview()


@topic("revcat.active_subscribers", effect=Effect.READS, section="§4.11")
def active_subscribers(monitor: RevenueMonitor) -> ActiveSubscribers:
    """Count who pays: production only, trials never."""
    return monitor.active_subscribers()


PLANNED = (
    planned("revenue.telegram_summary", effect=Effect.SPEAKS, section="§1", issue=3),
    planned("revenue.weekly_trend", effect=Effect.READS, section="definitions §0.3", issue=3),
    planned("revenue.dashboard", effect=Effect.READS, section="definitions §0.3", issue=3),
    planned("revenue.revcat_overview", effect=Effect.READS, section="§1", issue=3),
    planned("revenue.stripe_overview", effect=Effect.READS, section="§1", issue=3),
    planned("revenue.youtube_stats", effect=Effect.READS, section="§1", issue=3),
    planned("revcat.mrr", effect=Effect.READS, section="definitions §0.3", issue=3),
    planned("revcat.check_subscribers", effect=Effect.WRITES, section="definitions §0.3", issue=3),
    planned("stripe.check_payments", effect=Effect.WRITES, section="§1", issue=3),
    planned("youtube.analytics", effect=Effect.READS, section="§1", issue=3),
    planned("system.daily_revenue", effect=Effect.READS, section="definitions §0.3", issue=3),
)
