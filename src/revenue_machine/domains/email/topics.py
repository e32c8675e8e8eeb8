"""Topics of email, declared so that nothing pretends: each names the issue that builds it."""

from __future__ import annotations

from revenue_machine.engine.topic import Effect, planned

PLANNED = (
    planned("email.send", effect=Effect.SPEAKS, section="§4.8", issue=2),
    planned("email.status", effect=Effect.READS, section="§4.8", issue=2),
    planned("email.list", effect=Effect.READS, section="§4.8", issue=2),
    planned("email.stats", effect=Effect.READS, section="§4.8", issue=2),
    planned("email.webhook", effect=Effect.WRITES, section="§4.8", issue=2),
    planned("email.preview", effect=Effect.READS, section="INTERFACE§7", issue=2),
)
