"""The topics of attribution: models side by side, credits summed up, one sale explained, the chain, and the judge."""

from __future__ import annotations

from revenue_machine.domains.attribution import explaining, overview
from revenue_machine.domains.attribution.asked import (
    ChainArgs,
    ChainResult,
    ExplainArgs,
    ExplainResult,
    RebuildResult,
    SummaryArgs,
    SummaryResult,
)
from revenue_machine.domains.attribution.attribution_engine import AttributionEngine
from revenue_machine.domains.attribution.bulk_asked import CreditsArgs, CreditsResult, LoadArgs, LoadResult
from revenue_machine.domains.attribution.comparison import CompareArgs, CompareResult
from revenue_machine.domains.attribution.lift_desk import LiftArgs, LiftDesk, LiftResult
from revenue_machine.domains.attribution.models import Views
from revenue_machine.engine.database import Database
from revenue_machine.engine.dispatch import Topics
from revenue_machine.engine.topic import Effect, topic
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.settings import Settings


@topic("attribution.compare", effect=Effect.PURE, section="INTERFACE§7")
def compare(args: CompareArgs) -> CompareResult:
    """Credit the conversions of a file's journeys, or their value, to channels by several models side by side.

    Returns: credit by model and channel, each model summing to `total`; how far a model's method may be off; notes on the file.
    Raises: not_found; bad_input naming line and column, and for a Markov walk too large to solve.
    """
    from revenue_machine.domains.attribution.comparing import compare_models

    return compare_models(args)


@topic("attribution.load", effect=Effect.WRITES, section="own: touches of other systems, by the million")
def load(args: LoadArgs, settings: Settings) -> LoadResult:
    """Load two Parquet files of touches and conversions into a log of columns, once; later ones add to it, late events too.

    Raises: not_found; bad_input for files of another shape.
    """
    from revenue_machine.domains.attribution import bulk_desk

    return bulk_desk.load(args, settings.home)


@topic("attribution.credits", effect=Effect.READS, section="own: every model over millions of touches, in seconds")
def credits_by_value(args: CreditsArgs, settings: Settings) -> CreditsResult:
    """Show what each value of a dimension is credited with by every model, over a log that was loaded.

    Returns: credited conversions and micro-dollars by value and model; touches by value; the total each model sums to.
    Raises: not_found when nothing was loaded; bad_input for a kind no conversion has.
    """
    from revenue_machine.domains.attribution import bulk_desk

    return bulk_desk.credits_of(args, settings.home)


@topic("attribution.summary", effect=Effect.READS, section="own: which models say what of one dimension, with how sure they are")
def summary(args: SummaryArgs, database: Database, settings: Settings) -> SummaryResult:
    """Show what each value of a dimension is credited with by one model, over all time or some days.

    Returns: rows by revenue with 90 % ranges and a "too few" mark; money sums to the ledger's; values the models disagree on.
    """
    with database.reading() as connection:
        return overview.summary(connection, args, settings.zone)


@topic("attribution.explain", effect=Effect.READS, section="own: a founder asks why this sale counts for that post")
def explain(args: ExplainArgs, database: Database) -> ExplainResult:
    """Explain one sale on one page: its touches, every model's weights, what was taken off, what came back.

    Raises: not_found with near matches.
    """
    with database.reading() as connection:
        return explaining.explain(connection, args)


@topic("attribution.chain", effect=Effect.READS, section="own: the eight steps of the seed's chain as one answer")
def chain(args: ChainArgs, database: Database, views: Views, topics: Topics, settings: Settings, clock: Clock) -> ChainResult:
    """Count the chain from published post over impressions, clicks, visits, signups, trials and purchases to renewals and churns.

    Returns: each step with the share it keeps of the one before, in all and per post; what nobody counts is null and in `notes`.
    """
    start, end = overview.bounds(args.since, args.until, settings.zone)
    asked = overview.page_views_wanted(start, end or clock.now())
    visits = overview.visits_of(topics.call("posthog.insights", asked, key="visits").result)
    with database.reading() as connection:
        return overview.chain(connection, overview.Reach(views, visits), args.post_id, (start, end), args.most)


@topic("attribution.rebuild", effect=Effect.WRITES, section="own: the nightly judge of the credits kept by day")
def rebuild(database: Database, engine: AttributionEngine) -> RebuildResult:
    """Trace everybody from scratch and put right what stands differently; nothing should.

    Returns: how many steps were traced, and how many had to be corrected.
    """
    with database.writing() as connection:
        steps, corrected = engine.rebuild(connection)
        engine.sum_up(connection)
    return RebuildResult(steps=steps, corrected=corrected)


@topic("attribution.lift", effect=Effect.READS, section="own: what the days of silence by lot say beside the last touch")
def lift(args: LiftArgs, database: Database, settings: Settings, clock: Clock) -> LiftResult:
    """Judge the switchback: what each channel causes with a range of 90 %, beside its last-touch dollars.

    Returns: causal share and dollars per channel, null where the test cannot tell yet; the smallest effect it would notice; how
    often a lottery that never happened found nothing.
    """
    with database.reading() as connection:
        return LiftDesk(settings, clock).answer(connection, args.days)
