"""The topics of upwork (seed §4.7)."""

from __future__ import annotations

from revenue_machine.domains.upwork.models import (
    ProposeArgs,
    ProposeResult,
    ScanResult,
    SearchArgs,
    SearchResult,
    StatsResult,
    StatusResult,
    TrackArgs,
    TrackResult,
)
from revenue_machine.domains.upwork.proposals import Proposals
from revenue_machine.domains.upwork.upwork_engine import UpworkEngine
from revenue_machine.engine.call import Call
from revenue_machine.engine.dispatch import Topics
from revenue_machine.engine.effects import Outside
from revenue_machine.engine.topic import Effect, topic


@topic("upwork.search", effect=Effect.READS, section="§4.7")
def search(args: SearchArgs, engine: UpworkEngine) -> SearchResult:
    """List jobs with their score, its parts and what rules them out: the kept ones, or live from Upwork.

    Returns: at most `limit` jobs in the asked order; by score, those with at least half of the 100 points known first.
    Raises: for `source` live: not_configured, the outside_* family.
    """
    return engine.search(args)


@topic("upwork.scan", effect=Effect.WRITES, section="§4.7")
def scan(engine: UpworkEngine, topics: Topics) -> ScanResult:
    """Run the owner's searches, score what is new, and draft the day's five best proposals by expected value.

    Returns: `top_jobs` by expected value; `reason` says why there are fewer than five proposals.
    Source: definitions §2.7d; listings not proposed for are dropped after 24 hours (Upwork's API terms).
    """
    return engine.scan(topics)


@topic("upwork.propose", effect=Effect.SPENDS, section="§4.7")
def propose(args: ProposeArgs, call: Call, proposals: Proposals, outside: Outside) -> ProposeResult:
    """Draft a proposal and ask its owner; approved, its exact words lie ready with the link and a *sent* button.

    Upwork has no operation that hands a proposal in, so a person does. With `text`, the owner's own words are asked about.
    Raises: not_found; not_configured; conflict (ruled out); contract_broken (the draft broke the rules twice).
    """
    return proposals.propose(args, call, outside)


@topic("upwork.track", effect=Effect.WRITES, section="§4.7")
def track(args: TrackArgs, engine: UpworkEngine) -> TrackResult:
    """Follow proposals to won, lost or no response: ask Upwork, or take the owner's word on one job and on money received.

    Raises: not_found; bad_input; conflict (a move the table does not allow); the outside_* family.
    """
    return engine.track(args)


@topic("upwork.stats", effect=Effect.READS, section="§4.7")
def stats(engine: UpworkEngine) -> StatsResult:
    """Count jobs by status; win rate by score band and proposal feature; connects spent, contracts and money received."""
    return engine.stats()


@topic("upwork.status", effect=Effect.READS, section="§4.7")
def status(engine: UpworkEngine) -> StatusResult:
    """Show what is watched, the latest proposals, and whether Upwork can be asked."""
    return engine.status()
