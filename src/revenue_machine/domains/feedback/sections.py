"""How posts did, as the evening report shows it."""

from __future__ import annotations

import sqlalchemy as sa

from revenue_machine.domains.feedback import reads
from revenue_machine.engine.briefing import Day, section

MOST_WINNERS = 3


@section("How posts did", 45)
def verdicts(day: Day, connection: sa.Connection) -> list[str]:
    """Posts judged today by class, and the best of them."""
    classes = reads.classes_count(connection, day.start, day.end)
    if not classes:
        return []
    lines = [f"{sum(classes.values())} judged at 24 h: " + ", ".join(f"{count} {name}" for name, count in classes.items())]
    for post in reads.winners_measured(connection, day.start, day.end)[:MOST_WINNERS]:
        place = f"{post.classification} on {post.platform} in {post.niche or 'unknown'}"
        views = "views unknown" if post.views_24h is None else f"{post.views_24h} views"
        lines.append(f"{place}: {post.hook_category or 'unknown'} / {post.framework or 'unknown'}, {views} ({post.post_id})")
    return lines
