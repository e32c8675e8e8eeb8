"""Topics of paywall, declared so that nothing pretends: each names the issue that builds it."""

from __future__ import annotations

from revenue_machine.engine.topic import Effect, planned

PLANNED = (
    planned("superwall.paywalls", effect=Effect.READS, section="§4.4", issue=4),
    planned("superwall.metrics", effect=Effect.READS, section="§4.4", issue=4),
    planned("superwall.webhook", effect=Effect.WRITES, section="§4.4", issue=4),
    planned("superwall.ab_test", effect=Effect.WRITES, section="§4.4", issue=4),
)
