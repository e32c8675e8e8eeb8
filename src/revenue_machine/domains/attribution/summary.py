"""The rows of the attribution summary: every model by every value of every dimension, with cost and return."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.attribution import reads, rules
from revenue_machine.domains.attribution.models import DIMENSIONS, MODEL, UNKNOWN
from revenue_machine.domains.attribution.summing import Credits, Sum, Traits, paths_idle
from revenue_machine.domains.attribution.weights import settle
from revenue_machine.domains.publishing.models import Post
from revenue_machine.kit.ids import make_id

COLUMNS = {
    "signups": "signup", "trials": "trial", "purchases": "purchase", "renewals": "renewal", "refunds": "refund",
    "churns": "churn",
}  # fmt: skip
CREDITED = {"credited_signups": "signup", "credited_trials": "trial", "credited_purchases": "purchase"}
# Shares of purchases are shown to so many places; sums of halves and thirds look like themselves.
PLACES = 9
Spend = Mapping[Post | None, int]


def summary_rows(connection: sa.Connection, spend: Spend) -> Iterator[dict[str, Any]]:
    """All rows as they are now, without the time; `spend` is what each post cost (None: what names no post)."""
    clicks = reads.clicks_by_traits(connection)
    credits_ = read_credits(connection)
    for dimension in DIMENSIONS:
        yield from dimension_rows(credits_, dimension, clicks, spend)


def read_credits(connection: sa.Connection, start: datetime | None = None, end: datetime | None = None) -> Credits:
    """The credits of steps in [start, end) with the ways of all visitors nobody knows."""
    return Credits(reads.credits_between(connection, start, end), paths_idle(*reads.idle_visitors(connection)))


def dimension_rows(
    credits_: Credits, dimension: str, clicks: Mapping[Traits, int], spend: Spend, models: Sequence[str] | None = None
) -> Iterator[dict[str, Any]]:
    """The rows of one dimension, by model and value."""
    place = DIMENSIONS.index(dimension)
    clicked, spent = dict[str, int](), dict[str, int]()
    for traits, count in clicks.items():
        clicked[traits[place]] = clicked.get(traits[place], 0) + count
    for post, cost in spend.items():
        value = value_of(post, dimension)
        spent[value] = spent.get(value, 0) + cost
    found = credits_.models_of(dimension)
    effects = credits_.effects_of(dimension)
    values = sorted({*clicked, *spent, *found[MODEL]})
    totals = {kind: round(sum(one.counts.get(kind, 0.0) for one in found[MODEL].values())) for kind in COLUMNS.values()}
    for model, sums in found.items():
        if models is not None and model not in models:
            continue
        whole = _whole(values, sums, totals)
        for at, value in enumerate(values):
            row = _row(dimension, value, model, sums.get(value))
            cost = spent.get(value, 0)
            bought = row["credited_purchases"]
            row |= {"clicks": clicked.get(value, 0), "spend_micro_usd": cost, **{name: whole[name][at] for name in COLUMNS}}
            row["cpa_micro_usd"] = rules.cpa_micro_usd(value, cost, bought)
            row["roas"] = rules.roas(row["net_revenue_micro_usd"], cost)
            row["removal_effect"] = round(effects.get(value, 0.0), PLACES) if model == "markov" else None
            yield row


def value_of(post: Post | None, dimension: str) -> str:
    """The value of a dimension to which a post's cost belongs."""
    if post is None:
        return UNKNOWN
    return post.platform if dimension == "utm_source" else rules.traits_of(vars(post))[dimension]


def _whole(values: Iterable[str], sums: Mapping[str, Sum], totals: Mapping[str, int]) -> dict[str, list[int]]:
    """Credited counts as whole numbers that sum to what happened."""
    parts = {kind: [sums[one].counts.get(kind, 0.0) if one in sums else 0.0 for one in values] for kind in totals}
    return {name: settle(totals[kind], [round(one, PLACES) for one in parts[kind]]) for name, kind in COLUMNS.items()}


def _row(dimension: str, value: str, model: str, one: Sum | None) -> dict[str, Any]:
    counts = {} if one is None else one.counts
    return {
        "id": make_id("ats", dimension, value, model), "dimension": dimension, "dimension_value": value, "model": model,
        "revenue_micro_usd": 0 if one is None else one.revenue_micro_usd,
        "net_revenue_micro_usd": 0 if one is None else one.net_revenue_micro_usd,
        **{name: round(counts.get(kind, 0.0), PLACES) for name, kind in CREDITED.items()},
        "buyers": 0 if one is None else one.buyers,
        "purchases_low": None if one is None else round(one.purchases.low, 6),
        "purchases_high": None if one is None else round(one.purchases.high, 6),
        "revenue_low_micro_usd": None if one is None else round(one.revenue.low),
        "revenue_high_micro_usd": None if one is None else round(one.revenue.high),
    }  # fmt: skip
