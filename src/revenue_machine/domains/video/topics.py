"""Topics of video, declared so that nothing pretends: each names the issue that builds it."""

from __future__ import annotations

from revenue_machine.engine.topic import Effect, planned

PLANNED = (
    planned("sora.generate", effect=Effect.SPENDS, section="§4.1", issue=6),
    planned("sora.reprocess", effect=Effect.WRITES, section="§4.1", issue=6),
    planned("remotion.render", effect=Effect.WRITES, section="§1", issue=6),
)
