"""Topics of analytics: what people did on the owner's products."""

from __future__ import annotations

from datetime import timedelta

from revenue_machine.domains.analytics.analytics_desk import AnalyticsDesk
from revenue_machine.domains.analytics.models import (
    EventsArgs,
    EventsReport,
    FunnelArgs,
    FunnelReport,
    InsightsArgs,
    InsightsReport,
)
from revenue_machine.engine.topic import Effect, planned, topic


@topic("posthog.funnel", effect=Effect.READS, section="§4.3", fresh_for=timedelta(minutes=15))
def funnel(args: FunnelArgs, desk: AnalyticsDesk) -> FunnelReport:
    """Count the people at each step, per breakdown value, and name the biggest drop-off.

    Raises: bad_input (fewer than two steps); not_configured; outside_unavailable (tried three times).
    """
    return desk.funnel(args)


@topic("posthog.insights", effect=Effect.READS, section="§4.3", fresh_for=timedelta(minutes=15))
def insights(args: InsightsArgs, desk: AnalyticsDesk) -> InsightsReport:
    """Show how often an event happens, or how many people come back."""
    return desk.insights(args)


@topic("posthog.events", effect=Effect.READS, section="§4.3")
def events(args: EventsArgs, desk: AnalyticsDesk) -> EventsReport:
    """List events of one kind after a time, with the properties asked for."""
    return desk.events(args)


PLANNED = (
    planned("posthog.feature_flags", effect=Effect.READS, section="§4.3", issue=3),
    planned("posthog.funnel_by_source", effect=Effect.READS, section="§4.3", issue=3),
)
