"""Memory as topics (seed §1, §4.4, §4.10)."""

from __future__ import annotations

from revenue_machine.domains.memory.memory_keeper import MemoryKeeper
from revenue_machine.domains.memory.models import (
    DailyArgs,
    DailyResult,
    EventArgs,
    EventResult,
    KnowledgeArgs,
    KnowledgeResult,
    SearchArgs,
    SearchResult,
)
from revenue_machine.engine.topic import Effect, planned, topic


@topic("memory.write_daily", effect=Effect.WRITES, section="§4.10")
def write_daily(args: DailyArgs, keeper: MemoryKeeper) -> DailyResult:
    """Write the day's note: what ran, what went out, how it did, what it earned.

    Returns: the note; it also lies in the vault as DAILY-NOTES/<date>.md, beside whatever a person wrote there.
    Raises: outside_unavailable when the vault cannot be written.
    """
    return keeper.write_daily(args.run_date)


@topic("memory.write_knowledge", effect=Effect.WRITES, section="§4.4")
def write_knowledge(args: KnowledgeArgs, keeper: MemoryKeeper) -> KnowledgeResult:
    """Keep a statement with its evidence, if it matters enough.

    Returns: the layer it reached: below a score of 5 it is not kept, from 7 on it is lasting knowledge (definitions §1.12).
    """
    return keeper.write_knowledge(args)


@topic("graph.search", effect=Effect.READS, section="§4.10")
def search(args: SearchArgs, keeper: MemoryKeeper) -> SearchResult:
    """Recall what is known about something, best first; knowing nothing is an answer too."""
    return keeper.search(args)


@topic("graph.record_event", effect=Effect.WRITES, section="§4.10")
def record_event(args: EventArgs, keeper: MemoryKeeper) -> EventResult:
    """Keep an event; without one, the day's milestones: monthly revenue that moved, the phase, winners.

    Returns: how many are new; the same event of the same date is kept once.
    """
    return keeper.record_event(args)


PLANNED = (
    planned("memory.write", effect=Effect.WRITES, section="definitions §0.3", issue=6),
    planned("memory.write_lesson", effect=Effect.WRITES, section="definitions §0.3", issue=6),
    planned("memory.promote", effect=Effect.WRITES, section="§4.10", issue=6),
    planned("graph.entities", effect=Effect.READS, section="definitions §0.3", issue=6),
    planned("graph.promote", effect=Effect.WRITES, section="definitions §0.3", issue=6),
    planned("graph.sync_vault", effect=Effect.WRITES, section="§4.10", issue=6),
)
