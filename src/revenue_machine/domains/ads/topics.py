"""Topics of ads, declared so that nothing pretends: each names the issue that builds it."""

from __future__ import annotations

from revenue_machine.engine.topic import Approval, Effect, planned

PLANNED = (
    planned("meta_ads.pull_insights", effect=Effect.WRITES, section="definitions §0.3", issue=6),
    planned("meta_ads.score_ads", effect=Effect.READS, section="definitions §0.3", issue=6),
    planned("meta_ads.apply_rules", effect=Effect.WRITES, section="§4.6", issue=6),
    planned("meta_ads.scale_winners", effect=Effect.SPENDS, section="§4.11", issue=6, approval=Approval.ALWAYS),
    planned("meta_ads.pause_losers", effect=Effect.WRITES, section="§4.6", issue=6),
    planned("meta_ads.run_cycle", effect=Effect.SPENDS, section="definitions §0.3", issue=6),
    planned("meta_ads.status", effect=Effect.READS, section="definitions §0.3", issue=6),
    planned("meta_ads.spend", effect=Effect.READS, section="definitions §0.3", issue=6),
    planned("ads.deploy", effect=Effect.SPENDS, section="§4.6", issue=6, approval=Approval.ALWAYS),
    planned("ads.check_performance", effect=Effect.WRITES, section="§4.6", issue=6),
)
