"""Asks product analytics in the seed's words, or the events kept here where there is none, and says which of the two answered."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.analytics import rules
from revenue_machine.domains.analytics.local_desk import Counted, LocalDesk
from revenue_machine.domains.analytics.models import (
    NO_VALUE,
    STEP_EVENTS,
    Cohort,
    EventsArgs,
    EventsReport,
    ExperimentRow,
    FlagRow,
    FlagsArgs,
    FlagsReport,
    FunnelArgs,
    FunnelReport,
    FunnelRow,
    InsightsArgs,
    InsightsReport,
    PersonEvent,
    Point,
    Ranged,
    Series,
)
from revenue_machine.domains.attribution import reads as attribution_reads
from revenue_machine.engine.clients import Clients
from revenue_machine.engine.database import Database
from revenue_machine.integrations.posthog.posthog_client import PostHogClient
from revenue_machine.integrations.posthog.wire import Experiment, TrendSeries
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.errors import BadInput
from revenue_machine.kit.settings import Settings

DEFAULT_DAYS = 30
ABSENT = "PostHog is not configured: this is from the events kept here"
FILTERED = "without what PostHog's project calls internal and test users"


class AnalyticsDesk:
    """One per call; knows how the owner's products name the seed's steps."""

    def __init__(self, clients: Clients, settings: Settings, clock: Clock, database: Database) -> None:
        self._clients, self._settings, self._clock, self._database = clients, settings, clock, database
        self._local = LocalDesk(database, clock, self.event_names)

    def event_name(self, step: str) -> str:
        """The event behind a step name; any other name is an event of its own."""
        own = self._settings.service("posthog").option(f"event_{step}") if step in STEP_EVENTS else None
        return own or STEP_EVENTS.get(step, step)

    def event_names(self, step: str) -> frozenset[str]:
        """Every event that stands for a step in the events kept here: by its own name too."""
        return frozenset((step, self.event_name(step)))

    def funnel(self, args: FunnelArgs) -> FunnelReport:
        """People per step and breakdown value, and the step that costs most."""
        client = self._client(args.source)
        counted = self._local.funnel(args) if client is None else self._funnel_there(client, args)
        net = self._net(args, counted)
        if args.breakdown is None:
            worst = rules.biggest_drop_off(counted.rows, net)
        else:
            # Over everybody: with `any` a person may stand in several rows, and their sum says nothing.
            whole = [] if args.attribution == "any" else _summed(args, counted)
            worst = rules.biggest_drop_off(whole, net)
        has_breakdown = args.breakdown is not None
        return FunnelReport(
            rows=counted.rows, biggest_drop_off=worst, window_days=args.window_days, date_from=counted.date_from,
            date_to=counted.date_to, breakdown=args.breakdown, attribution=args.attribution if has_breakdown else None,
            attribution_step=args.attribution_step if has_breakdown else None, coverage=counted.coverage,
            excluded=counted.excluded, **_said(client, args.source, counted.notes),
        )  # fmt: skip

    def insights(self, args: InsightsArgs) -> InsightsReport:
        """A trend per breakdown value, or retention by cohort."""
        client = self._client(args.source)
        if client is None:
            found = self._local.insights(args)
            return found.model_copy(update=_said(None, args.source, found.notes))
        start, end = self._range(args)
        event = self.event_name(args.event)
        about = InsightsReport(kind=args.kind, event=args.event, interval=args.interval, notes=[FILTERED])
        if args.kind == "trends":
            lines = client.trends(
                event, date_from=start, date_to=end, interval=args.interval, math=args.math, breakdown=args.breakdown
            )  # fmt: skip
            series = sorted(
                (_series(line, has_breakdown=args.breakdown is not None) for line in lines),
                key=lambda one: (one.breakdown == NO_VALUE, -one.total, one.breakdown or ""),
            )
            return about.model_copy(update={"series": tuple(series)})
        back = self.event_name(args.returning or args.event)
        rows = client.retention(
            event, back, date_from=start, date_to=end, period=args.interval.capitalize(), intervals=args.intervals or 8
        )  # fmt: skip
        now, cohorts = self._clock.now(), []
        for row in rows:
            counts = rules.mature_counts(_day(row.date), [value.count for value in row.values], args.interval, now)
            size = counts[0] if counts else 0
            cohorts.append(Cohort(cohort=row.date[:10], people=size or 0, kept=rules.kept_shares(counts), returned=counts))
        return about.model_copy(update={"cohorts": tuple(cohorts), "people": sum(one.people for one in cohorts)})

    def events(self, args: EventsArgs) -> EventsReport:
        """Single events of one kind, by time and id."""
        if args.after.tzinfo is None or (args.before is not None and args.before.tzinfo is None):
            raise BadInput("times need a zone; write 2026-11-22T06:00:00+00:00", field="after")
        until = args.before or self._clock.now()
        client = self._client(args.source)
        if client is None:
            kept = self._local.events(args, until)
            return kept.model_copy(update=_said(None, args.source, kept.notes))
        found = client.events([self.event_name(args.event)], date_from=args.after, date_to=until, properties=args.properties)
        events = [
            PersonEvent(id=one.uuid, user_id=one.distinct_id, occurred_at=one.occurred_at, properties=one.properties)
            for one in found
        ]
        return EventsReport(event=args.event, events=events, after=args.after, before=until)

    def flags(self, args: FlagsArgs) -> FlagsReport:
        """Flags and the experiments over them."""
        client = self._client(args.source)
        if client is None:
            kept = self._local.flags()
            return kept.model_copy(update=_said(None, args.source, kept.notes))
        flags = [
            FlagRow(
                key=one.key, name=one.name, active=one.active, variants=one.variants, rollout_percentage=one.released_percentage,
            )
            for one in client.feature_flags()
            if one.active or not args.active_only
        ]  # fmt: skip
        experiments = [_experiment(one) for one in client.experiments()]
        return FlagsReport(
            flags=sorted(flags, key=lambda one: one.key), experiments=sorted(experiments, key=lambda one: (one.name, one.id))
        )

    def _funnel_there(self, client: PostHogClient, args: FunnelArgs) -> Counted:
        """PostHog's answer in our rows."""
        events = [self.event_name(step) for step in args.steps]
        start, end = self._range(args)
        found = client.funnel(
            events, date_from=start, date_to=end, breakdown=args.breakdown, window_days=args.window_days,
            attribution=args.attribution, attribution_step=args.attribution_step,
        )  # fmt: skip
        none = None if args.breakdown is None else NO_VALUE
        counts: dict[str | None, list[int]] = {}
        medians: dict[str | None, list[float | None]] = {}
        for row in found:
            name = row.breakdown or none
            counts.setdefault(name, [0] * len(events))[row.order] += row.count
            medians.setdefault(name, [None] * len(events))[row.order] = row.median_conversion_s
        rows = rules.funnel_rows(args.steps, counts or {None: [0] * len(events)}, medians)
        coverage, notes = None, [FILTERED]
        if args.breakdown is not None:
            coverage = rules.coverage_of(args.breakdown, {name: people[0] for name, people in counts.items()})
            notes += [coverage.note] if coverage.note else []
        return Counted(rows, start, end, coverage, {}, notes)

    def _net(self, args: FunnelArgs, counted: Counted) -> int | None:
        """What the sales of the time brought after refunds, fees and tax, when the last step is the sale; None for nothing."""
        if not self.event_names(args.steps[-1]) & self.event_names("purchase"):
            return None
        with self._database.reading() as connection:
            net = _net_between(connection, counted.date_from, counted.date_to)
        return net if net > 0 else None

    def _client(self, source: str) -> PostHogClient | None:
        """PostHog, or None when the events kept here are to answer. Raises: not_configured when it was asked for by name."""
        if source == "local":
            return None
        return self._clients.get(PostHogClient) if source == "posthog" else self._clients.maybe(PostHogClient)

    def _range(self, args: Ranged) -> tuple[datetime, datetime]:
        end = _utc(args.date_to) if args.date_to is not None else self._clock.now()
        start = _utc(args.date_from) if args.date_from is not None else end - timedelta(days=args.days or DEFAULT_DAYS)
        if start > end:
            raise BadInput("the range ends before it begins", field="date_to")
        return start, end


def _said(client: PostHogClient | None, asked: str, notes: list[str]) -> dict[str, Any]:
    """Which store answered, and why when nobody chose it."""
    absent = [ABSENT] if client is None and asked == "auto" else []
    return {"source": "local" if client is None else "posthog", "notes": [*absent, *notes]}


def _summed(args: FunnelArgs, counted: Counted) -> list[FunnelRow]:
    by_value: dict[str | None, list[int]] = {}
    for place, row in enumerate(counted.rows):
        by_value.setdefault(row.breakdown, [0] * len(args.steps))[place % len(args.steps)] = row.people
    return rules.funnel_rows(args.steps, {None: rules.total_counts(args.steps, by_value)})


def _net_between(connection: sa.Connection, start: datetime, end: datetime) -> int:
    money = attribution_reads.money_between(connection, "utm_source", start, end)
    return sum(sum(parts) for parts in money.values())


def _series(line: TrendSeries, *, has_breakdown: bool) -> Series:
    points = [Point(at=at, value=value) for at, value in zip(line.days, line.data, strict=False)]
    return Series(breakdown=line.group or (NO_VALUE if has_breakdown else None), total=line.count, points=points)


def _experiment(one: Experiment) -> ExperimentRow:
    return ExperimentRow(
        id=one.id, name=one.name, flag_key=one.feature_flag_key, status=one.status, started_at=one.start_date,
        ended_at=one.end_date, variants=one.variants, conclusion=one.conclusion,
    )  # fmt: skip


def _day(text: str) -> date:
    return date.fromisoformat(text[:10])


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
