"""Topics of outreach, declared so that nothing pretends: each names the issue that builds it."""

from __future__ import annotations

from revenue_machine.engine.topic import Approval, Effect, planned

PLANNED = (
    planned("linkedin.prospect", effect=Effect.WRITES, section="§4.7", issue=2),
    planned("linkedin.campaign", effect=Effect.WRITES, section="§4.7", issue=2),
    planned("linkedin.ai_message", effect=Effect.SPENDS, section="§4.7", issue=2),
    planned("linkedin.stats", effect=Effect.READS, section="§4.7", issue=2),
    planned("linkedin.search", effect=Effect.READS, section="§4.7", issue=2),
    planned("linkedin.connect", effect=Effect.SPEAKS, section="§4.7", issue=2, approval=Approval.ALWAYS),
    planned("linkedin.message", effect=Effect.SPEAKS, section="§4.7", issue=2, approval=Approval.ALWAYS),
    planned("linkedin.status", effect=Effect.READS, section="§4.7", issue=2),
    planned("linkedin.score", effect=Effect.WRITES, section="§4.7", issue=2),
    planned("linkedin.conversations", effect=Effect.READS, section="§4.7", issue=2),
    planned("linkedin.follow_up", effect=Effect.WRITES, section="§4.7", issue=2),
    planned("dm.ai_generate", effect=Effect.SPENDS, section="§4.7", issue=2),
    planned("dm.send", effect=Effect.SPEAKS, section="§4.7", issue=2, approval=Approval.ALWAYS),
    planned("dm.process_outreach", effect=Effect.SPEAKS, section="§4.7", issue=2, approval=Approval.ALWAYS),
    planned("dm.top_contacts", effect=Effect.READS, section="§4.7", issue=2),
    planned("dm.score_contact", effect=Effect.WRITES, section="§4.7", issue=2),
    planned("dm.conversations", effect=Effect.READS, section="§4.7", issue=2),
    planned("dm.health", effect=Effect.READS, section="§4.7", issue=2),
    planned("dm.stats", effect=Effect.READS, section="§4.7", issue=2),
    planned("dm.queue", effect=Effect.READS, section="§4.7", issue=2),
    planned("dm.sync", effect=Effect.WRITES, section="§4.7", issue=2),
    planned("dm.bulk_send", effect=Effect.SPEAKS, section="§4.7", issue=2, approval=Approval.ALWAYS),
    planned("dm.messages", effect=Effect.READS, section="§4.7", issue=2),
    planned("dm.next_action", effect=Effect.READS, section="§4.7", issue=2),
    planned("dm.opt_out", effect=Effect.WRITES, section="§4.7", issue=2),
)
