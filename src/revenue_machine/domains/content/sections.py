"""What was written, as the evening report shows it."""

from __future__ import annotations

import sqlalchemy as sa

from revenue_machine.domains.content.reads import drafts_by_status
from revenue_machine.engine.briefing import Day, section

_WORDS = {"approved": "passed", "held": "held for you", "rejected": "rejected", "draft": "not reviewed", "scheduled": "scheduled"}


@section("Made", 40)
def made(day: Day, connection: sa.Connection) -> list[str]:
    """Drafts of the day by verdict."""
    counts = drafts_by_status(connection, day.date)
    if not counts:
        return ["no drafts"]
    parts = ", ".join(f"{count} {_WORDS.get(status, status)}" for status, count in sorted(counts.items()))
    return [f"{sum(counts.values())} drafts: {parts}"]
