"""What went out, as the evening report shows it."""

from __future__ import annotations

import sqlalchemy as sa

from revenue_machine.domains.publishing.models import PostStatus
from revenue_machine.domains.publishing.reads import counts_between, published_by_platform
from revenue_machine.engine.briefing import Day, section


@section("Published", 45)
def published(day: Day, connection: sa.Connection) -> list[str]:
    """Posts out per platform, and those that are not."""
    out = published_by_platform(connection, day.start, day.end)
    rest = {status: count for status, count in counts_between(connection, day.start, day.end).items() if status != "published"}
    withheld = rest.pop(PostStatus.WITHHELD.value, 0)
    if not out and not rest and not withheld:
        return ["nothing today"]
    lines = (
        [f"{sum(out.values())} posts out: {', '.join(f'{name} {count}' for name, count in out.items())}"]
        if out
        else ["no post is out yet"]
    )
    if rest:
        lines.append("today's others: " + ", ".join(f"{count} {status}" for status, count in rest.items()))
    if withheld:
        lines.append(f"held back by lot, to measure what posts cause: {withheld}")
    return lines
