"""Topics of analytics: what people did on the owner's products, and who they are."""

from __future__ import annotations

from datetime import timedelta

from revenue_machine.domains.analytics import by_source, recut
from revenue_machine.domains.analytics.analytics_desk import AnalyticsDesk
from revenue_machine.domains.analytics.identity import IdentityKeeper
from revenue_machine.domains.analytics.models import (
    BySourceArgs,
    BySourceReport,
    EventsArgs,
    EventsReport,
    FlagsArgs,
    FlagsReport,
    FunnelArgs,
    FunnelReport,
    IdentityArgs,
    IdentityReport,
    IdentityUndone,
    InsightsArgs,
    InsightsReport,
    RecutResult,
    UnmergeArgs,
)
from revenue_machine.engine.database import Database
from revenue_machine.engine.topic import Effect, topic
from revenue_machine.kit.settings import Settings


@topic("posthog.funnel", effect=Effect.READS, section="§4.3", fresh_for=timedelta(minutes=15))
def funnel(args: FunnelArgs, desk: AnalyticsDesk) -> FunnelReport:
    """Count the people at each step, per breakdown value, and name the biggest drop-off.

    Returns: rows with a 90 % interval, coverage of the breakdown, the mode that credits a person to a value, and which store
    answered: PostHog, or the events kept here when it is not configured or `source` is `local`.
    Raises: bad_input (fewer than two steps); not_configured (`source` is `posthog`); outside_unavailable (tried three times).
    """
    return desk.funnel(args)


@topic("posthog.insights", effect=Effect.READS, section="§4.3", fresh_for=timedelta(minutes=15))
def insights(args: InsightsArgs, desk: AnalyticsDesk) -> InsightsReport:
    """Show how often an event happens, or how many people come back.

    Returns: series, or cohorts in which an interval that is not over stays open.
    """
    return desk.insights(args)


@topic("posthog.events", effect=Effect.READS, section="§4.3")
def events(args: EventsArgs, desk: AnalyticsDesk) -> EventsReport:
    """List events of one kind after a time, with the properties asked for."""
    return desk.events(args)


@topic("posthog.feature_flags", effect=Effect.READS, section="§4.3")
def feature_flags(args: FlagsArgs, desk: AnalyticsDesk) -> FlagsReport:
    """List feature flags with their variants, and the experiments over them."""
    return desk.flags(args)


@topic("posthog.funnel_by_source", effect=Effect.READS, section="§4.3")
def funnel_by_source(args: BySourceArgs, desk: AnalyticsDesk, database: Database) -> BySourceReport:
    """Show for each source how far its people came and what they were worth after refunds.

    Returns: rows by net money; their revenue and refunds add up to the ledger's of the same time.
    """
    return by_source.by_source(args, desk, database)


@topic("posthog.identity", effect=Effect.READS, section="own: who is behind an id, and why we think so")
def identity(args: IdentityArgs, keeper: IdentityKeeper, database: Database) -> IdentityReport:
    """Show everything an id stands for: the other ids, the contact, the subscriber, each with its source.

    Raises: not_found for an id nobody ever used.
    """
    with database.reading() as connection:
        return keeper.show(connection, args.id)


@topic("posthog.unmerge", effect=Effect.WRITES, section="own: a merge of two ids that was a mistake")
def unmerge(args: UnmergeArgs, keeper: IdentityKeeper, database: Database) -> IdentityUndone:
    """Take back that two ids are one person; funnels count them apart from then on.

    Raises: not_found.
    """
    with database.writing() as connection:
        return keeper.undo(connection, args.merge_id, args.reason)


@topic("posthog.recut", effect=Effect.WRITES, section="own: history judged again by the present traffic rule")
def recut_traffic(database: Database, settings: Settings) -> RecutResult:
    """Judge every kept event again: people, bots, the owner's own visits, test traffic.

    Returns: how many are judged otherwise than before, and the counts now.
    """
    return recut.judge_again(database, recut.own_names(settings))
