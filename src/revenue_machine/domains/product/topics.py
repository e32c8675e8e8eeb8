"""Topics of product, declared so that nothing pretends: each names the issue that builds it."""

from __future__ import annotations

from revenue_machine.engine.topic import Approval, Effect, planned

PLANNED = (
    planned("system.self_heal", effect=Effect.WRITES, section="§1", issue=4),
    planned("system.delegate_to_acd", effect=Effect.SPENDS, section="§4.4,§4.9", issue=4, approval=Approval.ALWAYS),
    planned("system.acd_status", effect=Effect.READS, section="§4.9", issue=4),
    planned("system.deploy_code", effect=Effect.SPENDS, section="definitions §0.3", issue=4, approval=Approval.ALWAYS),
    planned("acd.start_harness", effect=Effect.SPENDS, section="§1", issue=4, approval=Approval.ALWAYS),
    planned("acd.stop_harness", effect=Effect.WRITES, section="§1", issue=4),
    planned("acd.harness_status", effect=Effect.READS, section="§1", issue=4),
    planned("acd.harness_logs", effect=Effect.READS, section="definitions §0.3", issue=4),
    planned("acd.list_harnesses", effect=Effect.READS, section="definitions §0.3", issue=4),
    planned("acd.list_projects", effect=Effect.READS, section="definitions §0.3", issue=4),
    planned("acd.import_project", effect=Effect.WRITES, section="definitions §0.3", issue=4),
    planned("acd.dashboard_stats", effect=Effect.READS, section="definitions §0.3", issue=4),
    planned("acd.wake", effect=Effect.SPENDS, section="definitions §0.3", issue=4),
)
