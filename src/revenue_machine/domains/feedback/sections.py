"""How posts did, as the evening report shows it."""

from __future__ import annotations

import sqlalchemy as sa

from revenue_machine.domains.feedback.reads import classes_count, winners_measured
from revenue_machine.engine.briefing import Day, section

_ORDER = ("viral", "strong", "average", "weak", "flop", "unjudged")
MOST_WINNERS = 3


@section("Measured", 50)
def measured(day: Day, connection: sa.Connection) -> list[str]:
    """Posts judged today by class, and the winners."""
    counts = classes_count(connection, day.start, day.end)
    if not counts:
        return []
    parts = [
        f"{counts[name]} {name}" if name != "unjudged" else f"{counts[name]} too early to judge"
        for name in _ORDER
        if name in counts
    ]
    winners = [
        f"{one.classification}: {one.platform}, {one.niche}, {one.hook_category}, {one.framework}: {one.views_24h} views in 24 h"
        for one in winners_measured(connection, day.start, day.end)[:MOST_WINNERS]
    ]
    return [", ".join(parts), *winners]
