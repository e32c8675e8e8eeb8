"""What earned, as the evening report shows it."""

from __future__ import annotations

import sqlalchemy as sa

from revenue_machine.domains.attribution.reads import revenue_by_dimension, top_posts
from revenue_machine.domains.publishing.reads import posts_by_id
from revenue_machine.engine.briefing import Day, section
from revenue_machine.kit.money import show

MOST_POSTS = 3
MOST_CHARACTERS = 60


@section("What earned", 30)
def earners(day: Day, connection: sa.Connection) -> list[str]:
    """The best posts by profit, and revenue by where people came from; last non-direct touch, 30 days."""
    posts = [one for one in top_posts(connection, MOST_POSTS) if one.purchases or one.revenue_micro_usd]
    texts = posts_by_id(connection, [one.post_id for one in posts])
    lines = [
        f"{show(one.profit_micro_usd)} from {one.clicks} clicks, {one.signups} signups, {one.purchases} sales: "
        f"{one.platform}, {one.niche}: "
        f"{_start(texts[one.post_id].text if one.post_id in texts else one.post_id)}"
        for one in posts
    ]
    sources = {name: amount for name, amount in revenue_by_dimension(connection, "utm_source").items() if amount}
    if not lines and not sources:
        return ["no sale has been traced to a post yet"]
    if sources:
        lines.append("by source: " + ", ".join(f"{name} {show(amount)}" for name, amount in sources.items()))
    return lines


def _start(text: str) -> str:
    line = text.split("\n", 1)[0]
    return line if len(line) <= MOST_CHARACTERS else line[: MOST_CHARACTERS - 1].rstrip() + "…"
