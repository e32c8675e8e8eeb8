"""The people of the day, as the evening report shows them."""

from __future__ import annotations

import sqlalchemy as sa

from revenue_machine.domains.crm.reads import counts, counts_by, moved_between
from revenue_machine.engine.briefing import Day, section

_SHOWN = ("qualified", "contacted", "replied", "call_booked", "closed_won", "closed_lost")


@section("People", 60)
def people(day: Day, connection: sa.Connection) -> list[str]:
    """New contacts, who was written to and who answered; who moved where, and where everybody stands."""
    today = counts(connection, day.start, day.end)
    if not today["contacts"]:
        return []
    moved = moved_between(connection, day.start, day.end)
    stands = counts_by(connection, "status")
    lines = [f"{today['new']} new contacts, {today['touched']} written to, {today['replied']} replied"]
    parts = [f"{name.replace('_', ' ')} {stands.get(name, 0)} (+{moved.get(name, 0)})" for name in _SHOWN if name in stands]
    return [*lines, *([f"Pipeline: {', '.join(parts)}"] if parts else [])]
