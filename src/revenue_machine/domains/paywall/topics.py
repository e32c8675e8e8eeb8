"""The topics of Superwall (seed §4.4)."""

from __future__ import annotations

from revenue_machine.domains.paywall import reads
from revenue_machine.domains.paywall.metrics_desk import PaywallMetrics
from revenue_machine.domains.paywall.models import (
    AbTestArgs,
    AbTestResult,
    AppArgs,
    HookArgs,
    HookResult,
    MetricsResult,
    PaywallsResult,
    ToldEvent,
)
from revenue_machine.domains.paywall.paywall_experiments import PaywallExperiments
from revenue_machine.engine.database import Database
from revenue_machine.engine.dispatch import Topics
from revenue_machine.engine.inbox import Inbox
from revenue_machine.engine.topic import Effect, topic
from revenue_machine.kit.money import dollars

NEWEST = 20


@topic("superwall.paywalls", effect=Effect.READS, section="§4.4")
def paywalls(args: AppArgs, desk: PaywallMetrics) -> PaywallsResult:
    """List the paywalls of the owner's apps, what each sells, and the variants it is shown as.

    Raises: not_configured; the outside_* family.
    """
    return desk.paywalls(args)


@topic("superwall.metrics", effect=Effect.WRITES, section="§4.4")
def metrics(args: AppArgs, desk: PaywallMetrics) -> MetricsResult:
    """Ask the charts what each paywall variant did by the end of yesterday, keep it, rank it; tests that waited for it go on.

    Returns: variants by conversion rate with p-values against the control; charts beside the money webhooks told.
    Source: charts name variants, webhooks do not (Superwall's API v2).
    """
    return desk.metrics(args)


@topic("superwall.ab_test", effect=Effect.WRITES, section="§4.4")
def ab_test(args: AbTestArgs, loop: PaywallExperiments, topics: Topics) -> AbTestResult:
    """Take the next step of every paywall test that waits: register, look, ask to ship, measure, remember; asks no one outside.

    Shipping is only ever asked for; the control of a test can be named until it is opened.
    Raises: not_found; conflict.
    """
    return loop.advance(args, topics)


@topic("superwall.webhook", effect=Effect.WRITES, section="§4.4")
def webhook(args: HookArgs, inbox: Inbox, database: Database) -> HookResult:
    """Read the webhooks that wait, or put one that could not be read back in line; shows the newest that were told.

    Webhooks themselves come in signed at /hooks/superwall; nothing unsigned is taken here.
    """
    if args.hook_id is not None:
        inbox.replay(args.hook_id)
    handled = inbox.drain()
    with database.reading() as connection:
        counts = reads.hook_counts(connection)
        kept, rows = reads.newest_told(connection, NEWEST)
    newest = [
        ToldEvent(
            event_id=row["event_id"], kind=row["kind"], application_id=row["application_id"], product_id=row["product_id"],
            proceeds_usd=dollars(row["proceeds_micro_usd"]), is_sandbox=row["is_sandbox"], occurred_at=row["occurred_at"],
        )
        for row in rows
    ]  # fmt: skip
    return HookResult(handled=handled, kept=kept, waiting=counts.get("received", 0), dead=counts.get("dead", 0), newest=newest)
