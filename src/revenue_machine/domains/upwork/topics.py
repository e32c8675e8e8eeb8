"""Topics of upwork, declared so that nothing pretends: each names the issue that builds it."""

from __future__ import annotations

from revenue_machine.engine.topic import Effect, planned

PLANNED = (
    planned("upwork.search", effect=Effect.READS, section="§4.7", issue=2),
    planned("upwork.scan", effect=Effect.WRITES, section="§4.7", issue=2),
    planned("upwork.propose", effect=Effect.SPENDS, section="§4.7", issue=2),
    planned("upwork.track", effect=Effect.WRITES, section="§4.7", issue=2),
    planned("upwork.stats", effect=Effect.READS, section="§4.7", issue=2),
    planned("upwork.status", effect=Effect.READS, section="§4.7", issue=2),
)
