"""Topics that start more than one step at once."""

from __future__ import annotations

from revenue_machine.engine.topic import Effect, planned

PLANNED = (
    planned("orchestrator.morning_routine", effect=Effect.WRITES, section="definitions §0.3", issue=7),
    planned("orchestrator.content_blitz", effect=Effect.SPENDS, section="definitions §0.3", issue=5),
    planned("orchestrator.outreach_cycle", effect=Effect.WRITES, section="definitions §0.3", issue=2),
    planned("orchestrator.research_to_publish", effect=Effect.SPENDS, section="definitions §0.3", issue=5),
)
