"""How much of each action a date held, asked of the parts of the house that do them."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa

from revenue_machine.domains.content import reads as content_reads
from revenue_machine.domains.email import reads as email_reads
from revenue_machine.domains.funnel.models import ActionVolume
from revenue_machine.domains.outreach import reads as outreach_reads
from revenue_machine.domains.phase import reads as phase_reads
from revenue_machine.domains.phase.models import VOLUMES, Phase
from revenue_machine.domains.publishing import reads as publishing_reads
from revenue_machine.domains.upwork import reads as upwork_reads
from revenue_machine.kit.money import MICRO


def done_on(connection: sa.Connection, day: date, start: datetime, end: datetime) -> dict[str, int]:
    """By action, for the local date that lies in [start, end)."""
    reached = outreach_reads.day_counts(connection, start, end)
    linkedin, dm = reached.get("linkedin", {}), reached.get("dm", {})
    return {
        "drafts": sum(content_reads.drafts_by_status(connection, day).values()),
        "published": sum(publishing_reads.published_by_platform(connection, start, end).values()),
        "linkedin_drafts": linkedin.get("prepared", 0),
        "linkedin_sends": linkedin.get("sent", 0),
        "dm_drafts": dm.get("prepared", 0),
        "dm_sends": dm.get("sent", 0),
        "upwork_proposals": upwork_reads.day_of(connection, start, end).drafted,
        "emails": email_reads.day_counts(connection, start, end)["sent_at"],
        "ad_spend_usd": phase_reads.ads_booked_micro_usd(connection, day) // MICRO,
    }


def volumes(done: dict[str, int], phase: Phase) -> list[ActionVolume]:
    """Every action of the table with what was done of it."""
    return [
        ActionVolume(
            action=action, label=row.label, span=row.span, done=done.get(action), least=row.by_phase[phase - 1].least,
            most=row.by_phase[phase - 1].most,
        )
        for action, row in VOLUMES.items()
    ]  # fmt: skip


def as_document(found: list[ActionVolume]) -> dict[str, dict[str, int | None]]:
    """The same as a row of the snapshot keeps it."""
    return {one.action: {"done": one.done, "least": one.least, "most": one.most} for one in found}
