"""Topics of crm, declared so that nothing pretends: each names the issue that builds it."""

from __future__ import annotations

from revenue_machine.engine.topic import Effect, planned

PLANNED = (
    planned("crm.create_contact", effect=Effect.WRITES, section="§4.7", issue=2),
    planned("crm.log_interaction", effect=Effect.WRITES, section="§4.7", issue=2),
    planned("crm.stats", effect=Effect.READS, section="§4.7", issue=2),
    planned("crm.list_contacts", effect=Effect.READS, section="§4.7", issue=2),
    planned("crm.search_contacts", effect=Effect.READS, section="§4.7", issue=2),
    planned("crm.advance_pipeline", effect=Effect.WRITES, section="§4.7", issue=2),
    planned("crm.add_tag", effect=Effect.WRITES, section="§4.7", issue=2),
    planned("crm.update_contact", effect=Effect.WRITES, section="§4.7", issue=2),
    planned("crm.get_contact", effect=Effect.READS, section="§4.7", issue=2),
    planned("crm.merge_contacts", effect=Effect.WRITES, section="§4.7", issue=2),
)
