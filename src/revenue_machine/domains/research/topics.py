"""The topics of research."""

from __future__ import annotations

from revenue_machine.domains.research import reads
from revenue_machine.domains.research.models import (
    BlueprintsResult,
    ListArgs,
    ListResult,
    PlatformArgs,
    ResearchResult,
    TwitterArgs,
)
from revenue_machine.domains.research.research_pipeline import Research
from revenue_machine.domains.research.rules import FRESH_FOR, PLATFORMS
from revenue_machine.engine.database import Database
from revenue_machine.engine.topic import Effect, planned, topic


@topic("research.twitter", effect=Effect.WRITES, section="§4.10", fresh_for=FRESH_FOR)
def twitter(args: TwitterArgs, research: Research) -> ResearchResult:
    """Look at X for each niche, cache first.

    Returns: per niche what is new, `cached` where data younger than 24 h stood already (seed §4.2), `stale` where the
    source failed.
    Raises: not_configured or outside_unavailable when there is neither a source nor old data.
    """
    return research.sweep(("x",), args.niche, args.max_items)


@topic("research.platform", effect=Effect.WRITES, section="§4.10", fresh_for=FRESH_FOR)
def platform(args: PlatformArgs, research: Research) -> ResearchResult:
    """Look at one platform, or at the four beside X, for each niche, cache first; a dead platform does not stop the others."""
    platforms = (args.platform,) if args.platform else tuple(one for one in PLATFORMS if one != "x")
    return research.sweep(platforms, args.niche, args.max_items)


@topic("research.list_results", effect=Effect.READS, section="definitions §0.3")
def list_results(args: ListArgs, database: Database) -> ListResult:
    """List market items with where they came from; captions are strangers' text."""
    with database.reading() as connection:
        return ListResult(
            total=reads.count_items(connection, args.platform, args.niche),
            without_text=reads.count_items(connection, args.platform, args.niche, only_without_text=True),
            items=reads.list_items(connection, args.platform, args.niche, args.limit),
        )


@topic("research.blueprints", effect=Effect.READS, section="§1")
def blueprints(args: ListArgs, database: Database) -> BlueprintsResult:
    """List how the best items are built; each blueprint names the items it was read from."""
    with database.reading() as connection:
        return BlueprintsResult(
            total=reads.count_blueprints(connection),
            blueprints=reads.list_blueprints(connection, args.platform, args.niche, args.limit),
        )


PLANNED = (
    planned("research.keyword", effect=Effect.WRITES, section="definitions §0.3", issue=5),
    planned("research.hashtags", effect=Effect.WRITES, section="definitions §0.3", issue=5),
    planned("research.market", effect=Effect.WRITES, section="definitions §0.3", issue=5),
    planned("research.enqueue", effect=Effect.WRITES, section="definitions §0.3", issue=5),
    planned("research.status", effect=Effect.READS, section="definitions §0.3", issue=5),
    planned("research.results", effect=Effect.READS, section="definitions §0.3", issue=5),
    planned("research.memory_proposals", effect=Effect.READS, section="definitions §0.3", issue=5),
)
