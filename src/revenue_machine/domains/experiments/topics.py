"""Topics of experiments, declared so that nothing pretends: each names the issue that builds it."""

from __future__ import annotations

from revenue_machine.engine.topic import Effect, planned

PLANNED = (planned("experiments.verdict", effect=Effect.PURE, section="INTERFACE§7", issue=4),)
