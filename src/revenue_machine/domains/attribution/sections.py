"""What earned, as the evening report shows it."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from revenue_machine.domains.attribution.intervals import FEW_BUYERS, is_few
from revenue_machine.domains.attribution.overview import Spread, spreads, strong
from revenue_machine.domains.attribution.reads import buyers, revenue_by_dimension, revenue_by_model, top_posts
from revenue_machine.domains.publishing.reads import posts_by_id
from revenue_machine.engine.briefing import Day, section
from revenue_machine.kit.money import show

MOST_POSTS = 3
MOST_CHARACTERS = 60


@section("What earned", 30)
def earners(day: Day, connection: sa.Connection) -> list[str]:
    """The best posts by profit, revenue by where people came from, and by which model; where the models disagree strongly."""
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
    return [*lines, *_how_sure(connection, sum(sources.values()))]


def _how_sure(connection: sa.Connection, money_micro_usd: int) -> Iterator[str]:
    bought = buyers(connection)
    few = f"; {bought} buyers are too few to rank by ({FEW_BUYERS} needed)" if is_few(bought) else f", {bought} buyers"
    yield f"model: last non-direct touch of 30 days{few}"
    found = spreads(revenue_by_model(connection))
    for one in strong(found, money_micro_usd)[:1]:
        low, high = (f"{show(amount)} by {name.replace('_', ' ')}" for amount, name in _ends(one))
        yield f"the models disagree on {one.dimension.replace('_', ' ')} {one.value}: {low} to {high}"


def _ends(one: Spread) -> tuple[tuple[int, str], tuple[int, str]]:
    return (one.low_micro_usd, one.low_model), (one.high_micro_usd, one.high_model)


def _start(text: str) -> str:
    line = text.split("\n", 1)[0]
    return line if len(line) <= MOST_CHARACTERS else line[: MOST_CHARACTERS - 1].rstrip() + "…"
