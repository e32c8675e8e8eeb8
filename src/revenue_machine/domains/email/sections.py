"""The day's mail, as the evening report shows it."""

from __future__ import annotations

import sqlalchemy as sa

from revenue_machine.domains.email import reads, rules
from revenue_machine.engine.briefing import Day, section

_WORDS = {
    "sent_at": "sent", "opened_at": "opened", "clicked_at": "clicked", "replied_at": "answered", "unsubscribed_at": "unsubscribed",
    "bounced_at": "bounced", "complained_at": "complained",
}  # fmt: skip


@section("Mail", 62)
def mail(day: Day, connection: sa.Connection) -> list[str]:
    """What went out and what came of it; what waits for a person's yes."""
    counts = reads.day_counts(connection, day.start, day.end)
    lines = []
    if any(counts.values()):
        lines.append(", ".join(f"{counts[name]} {word}" for name, word in _WORDS.items() if counts[name] or name == "sent_at"))
    waiting = reads.wording_counts(connection).get("asked", 0)
    if waiting:
        lines.append(f"{waiting} mail texts wait for your yes; until then nothing of them goes out")
    warning = rules.reason_to_warn(reads.health(connection, day.end))
    return [*lines, warning] if warning else lines
