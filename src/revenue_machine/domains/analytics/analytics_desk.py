"""Asks product analytics in the seed's words and reads the answers back into them."""

from __future__ import annotations

from datetime import datetime, timedelta

from revenue_machine.domains.analytics import rules
from revenue_machine.domains.analytics.models import (
    STEP_EVENTS,
    Cohort,
    EventsArgs,
    EventsReport,
    FunnelArgs,
    FunnelReport,
    InsightsArgs,
    InsightsReport,
    PersonEvent,
    Point,
    Series,
)
from revenue_machine.integrations.posthog.posthog_client import PostHogClient
from revenue_machine.integrations.posthog.wire import TrendSeries
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.errors import BadInput, NotConfigured
from revenue_machine.kit.settings import Settings


class AnalyticsDesk:
    """One per call; knows how the owner's products name the seed's steps."""

    def __init__(self, posthog: PostHogClient, settings: Settings, clock: Clock) -> None:
        self._posthog, self._settings, self._clock = posthog, settings, clock

    def event_name(self, step: str) -> str:
        """The event behind a step name; any other name is an event of its own."""
        own = self._settings.service("posthog").option(f"event_{step}") if step in STEP_EVENTS else None
        return own or STEP_EVENTS.get(step, step)

    def funnel(self, args: FunnelArgs) -> FunnelReport:
        """People per step and breakdown value."""
        if args.source == "local":
            raise NotConfigured("funnels over imported events are not built yet: issue 3 builds them", field="source", issue=3)
        events = [self.event_name(step) for step in args.steps]
        if len(set(events)) < len(events):
            raise BadInput("a funnel's steps are different events", field="steps")
        start, end = self._range(args.days)
        found = self._posthog.funnel(events, date_from=start, date_to=end, breakdown=args.breakdown, window_days=args.window_days)
        counts: dict[str | None, list[int]] = {}
        for row in found:
            counts.setdefault(row.breakdown, [0] * len(events))[row.order] = row.count
        rows = rules.funnel_rows(args.steps, counts or {None: [0] * len(events)})
        worst = rules.biggest_drop_off(rows) if args.breakdown is None else None
        return FunnelReport(rows=rows, biggest_drop_off=worst, window_days=args.window_days, date_from=start, date_to=end)

    def insights(self, args: InsightsArgs) -> InsightsReport:
        """A trend per breakdown value, or retention by cohort."""
        start, end = self._range(args.days)
        event = self.event_name(args.event)
        if args.kind == "trends":
            lines = self._posthog.trends(
                event, date_from=start, date_to=end, interval=args.interval, math=args.math, breakdown=args.breakdown
            )  # fmt: skip
            series = sorted((_series(line) for line in lines), key=lambda one: (-one.total, one.breakdown or ""))
            return InsightsReport(kind=args.kind, event=args.event, series=tuple(series))
        back = self.event_name(args.returning or args.event)
        found = self._posthog.retention(event, back, date_from=start, date_to=end, period=args.interval.capitalize())
        cohorts = []
        for row in found:
            counts = [value.count for value in row.values]
            cohorts.append(Cohort(cohort=row.date, people=counts[0] if counts else 0, kept=rules.kept_shares(counts)))
        return InsightsReport(kind=args.kind, event=args.event, cohorts=tuple(cohorts))

    def events(self, args: EventsArgs) -> EventsReport:
        """Single events of one kind, by time and id."""
        if args.after.tzinfo is None or (args.before is not None and args.before.tzinfo is None):
            raise BadInput("times need a zone; write 2026-11-22T06:00:00+00:00", field="after")
        until = args.before or self._clock.now()
        found = self._posthog.events([self.event_name(args.event)], date_from=args.after, date_to=until, properties=args.properties)
        events = [
            PersonEvent(id=one.uuid, user_id=one.distinct_id, occurred_at=one.occurred_at, properties=one.properties)
            for one in found
        ]
        return EventsReport(event=args.event, events=events, after=args.after, before=until)

    def _range(self, days: int) -> tuple[datetime, datetime]:
        now = self._clock.now()
        return now - timedelta(days=days), now


def _series(line: TrendSeries) -> Series:
    points = [Point(at=at, value=value) for at, value in zip(line.days, line.data, strict=False)]
    return Series(breakdown=line.group, total=line.count, points=points)
