"""What the credits say together: the rows of a dimension, where the models disagree, and the chain from post to renewal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from revenue_machine.domains.attribution import reads
from revenue_machine.domains.attribution.asked import (
    ChainResult,
    ChainStep,
    Disagreement,
    PostChain,
    SummaryArgs,
    SummaryResult,
    SummaryRow,
)
from revenue_machine.domains.attribution.intervals import is_few
from revenue_machine.domains.attribution.models import CHAIN, Views
from revenue_machine.domains.attribution.rules import cpa_micro_usd, roas
from revenue_machine.domains.attribution.summary import Spend, dimension_rows, read_credits
from revenue_machine.domains.publishing import reads as post_reads
from revenue_machine.kit.clock import day_bounds, iso
from revenue_machine.kit.money import dollars

# Two models that differ by more than this share of all money disagree strongly.
STRONG = 0.2
LOOKED_BACK = timedelta(days=365)
CREDITED_BY = "a step of a person counts for the post they are credited to by the last non-direct touch"
ONLY_NAMED = "visits are those whose address names a post; signups and what follows count everybody, also who came without a link"


@dataclass(frozen=True)
class Spread:
    """The least and the most that the models credit one value with, in micro-dollars."""

    dimension: str
    value: str
    low_model: str
    low_micro_usd: int
    high_model: str
    high_micro_usd: int

    @property
    def width_micro_usd(self) -> int:
        return self.high_micro_usd - self.low_micro_usd


def spreads(by_model: Mapping[tuple[str, str], Mapping[str, int]]) -> list[Spread]:
    """Values the models do not agree on, the widest first, then by name."""
    found = []
    for (dimension, value), money in by_model.items():
        low, high = min(money, key=lambda one: (money[one], one)), min(money, key=lambda one: (-money[one], one))
        if money[low] != money[high]:
            found.append(Spread(dimension, value, low, money[low], high, money[high]))
    return sorted(found, key=lambda one: (-one.width_micro_usd, one.dimension, one.value))


def strong(found: Sequence[Spread], money_micro_usd: int) -> list[Spread]:
    """Those that differ by more than a fifth of all money."""
    return [one for one in found if money_micro_usd > 0 and one.width_micro_usd > STRONG * money_micro_usd]


def bounds(since: date | None, until: date | None, zone: ZoneInfo) -> tuple[datetime | None, datetime | None]:
    """UTC start and end (exclusive) of local dates, both counted; open where none is named."""
    return (None if since is None else day_bounds(since, zone)[0]), (None if until is None else day_bounds(until, zone)[1])


def summary(connection: sa.Connection, args: SummaryArgs, zone: ZoneInfo) -> SummaryResult:
    """The rows of a dimension in a model, as they were summed up last, or of some days reckoned now."""
    start, end = bounds(args.since, args.until, zone)
    if start is None and end is None:
        rows = reads.summary(connection, args.dimension, args.model)
        found = {key: value for key, value in reads.revenue_by_model(connection).items() if key[0] == args.dimension}
    else:
        rows, found = _of_days(connection, args, start, end)
    money = sum(int(row["revenue_micro_usd"]) for row in rows)
    net, spend = (sum(int(row[f"{name}_micro_usd"]) for row in rows) for name in ("net_revenue", "spend"))
    purchases = sum(int(row["purchases"]) for row in rows)
    cpa = cpa_micro_usd("", spend, purchases)
    return SummaryResult(
        dimension=args.dimension, model=args.model, rows=[_row(row) for row in rows], revenue_usd=dollars(money),
        net_revenue_usd=dollars(net), spend_usd=dollars(spend), purchases=purchases, buyers=reads.buyers(connection, start, end),
        cpa_usd=None if cpa is None else dollars(cpa), roas=roas(net, spend),
        disagree=[_disagreement(one) for one in strong(spreads(found), money)],
    )  # fmt: skip


def _of_days(
    connection: sa.Connection, args: SummaryArgs, start: datetime | None, end: datetime | None
) -> tuple[list[dict[str, Any]], dict[tuple[str, str], dict[str, int]]]:
    costs = reads.cost_by_post(connection, start, end)
    posts = post_reads.posts_by_id(connection, [one for one in costs if one is not None])
    spend: dict[Any, int] = {}
    for post_id, cost in costs.items():
        post = None if post_id is None else posts.get(post_id)
        spend[post] = spend.get(post, 0) + cost
    held: Spend = spend
    clicks = reads.clicks_by_traits(connection, start, end)
    rows = list(dimension_rows(read_credits(connection, start, end), args.dimension, clicks, held))
    found: dict[tuple[str, str], dict[str, int]] = {}
    for row in rows:
        found.setdefault((row["dimension"], row["dimension_value"]), {})[row["model"]] = row["revenue_micro_usd"]
    mine = [row for row in rows if row["model"] == args.model]
    return sorted(mine, key=lambda row: (-row["revenue_micro_usd"], row["dimension_value"])), found


def _row(row: Mapping[str, Any]) -> SummaryRow:
    low, high, cpa = (row[f"{name}_micro_usd"] for name in ("revenue_low", "revenue_high", "cpa"))
    return SummaryRow(
        value=row["dimension_value"], clicks=row["clicks"], signups=row["credited_signups"], trials=row["credited_trials"],
        purchases=row["credited_purchases"], purchases_low=row["purchases_low"], purchases_high=row["purchases_high"],
        renewals=row["renewals"], refunds=row["refunds"], churns=row["churns"], revenue_usd=dollars(row["revenue_micro_usd"]),
        revenue_low_usd=None if low is None else dollars(low), revenue_high_usd=None if high is None else dollars(high),
        net_revenue_usd=dollars(row["net_revenue_micro_usd"]), spend_usd=dollars(row["spend_micro_usd"]),
        cpa_usd=None if cpa is None else dollars(cpa),
        roas=row["roas"], buyers=row["buyers"], too_few=is_few(row["buyers"]), removal_effect=row["removal_effect"],
    )  # fmt: skip


def _disagreement(one: Spread) -> Disagreement:
    return Disagreement(
        dimension=one.dimension, value=one.value, low_usd=dollars(one.low_micro_usd), low_model=one.low_model,
        high_usd=dollars(one.high_micro_usd), high_model=one.high_model,
    )  # fmt: skip


@dataclass(frozen=True)
class Reach:
    """What is known of people nobody knows: views by whoever counts them, visits by post (None: nobody counts page views)."""

    views: Views
    visits: Mapping[str, int] | None


def page_views_wanted(start: datetime | None, end: datetime) -> dict[str, Any]:
    """The question to product analytics: who came to a page, by the campaign its address names."""
    asked = {"kind": "trends", "event": "pageview", "interval": "month", "math": "dau", "breakdown": "utm_campaign"}
    return asked | {"date_from": iso(start or end - LOOKED_BACK), "date_to": iso(end)}


def visits_of(answer: Any) -> dict[str, int] | None:
    """People who came to a page, by the post their address names; from a trend of page views by campaign, if there is one."""
    if not isinstance(answer, dict) or "series" not in answer:
        return None
    return {str(one["breakdown"]): round(one["total"]) for one in answer["series"] if one.get("breakdown")}


def chain(
    connection: sa.Connection, reach: Reach, post_id: str | None, between: tuple[datetime | None, datetime | None], most: int
) -> ChainResult:
    """The chain's counts in total and per post."""
    seen, steps = reach.views.by_post(connection, *between), reads.chain_by_post(connection, *between)
    if post_id is not None:
        seen = {key: value for key, value in seen.items() if key == post_id}
        steps = {key: value for key, value in steps.items() if key == post_id}
    posts = {*seen, *(key for key in steps if key is not None)}
    by_post = {one: _counts(one, steps.get(one, {}), seen, reach.visits) for one in posts}
    total: dict[str, int | None] = {}
    for name, kinds in CHAIN.items():
        total[name] = sum(counts.get(kind, 0) for counts in steps.values() for kind in kinds)
    total |= {"published": len(seen), "impression": sum(seen.values())}
    total["visit"] = None if reach.visits is None else sum(reach.visits.get(one, 0) for one in posts)
    best = sorted(by_post, key=lambda one: (-(by_post[one]["purchase"] or 0), -(by_post[one]["click"] or 0), one))[:most]
    notes = [CREDITED_BY, ONLY_NAMED]
    notes += [] if reach.visits is not None else ["visits: nobody counts page views (PostHog is not set up, none were imported)"]
    return ChainResult(steps=_steps(total), posts=[PostChain(post_id=one, counts=by_post[one]) for one in best], notes=notes)


def _counts(
    post_id: str, steps: Mapping[str, int], seen: Mapping[str, int], visits: Mapping[str, int] | None
) -> dict[str, int | None]:
    found: dict[str, int | None] = {name: sum(steps.get(kind, 0) for kind in kinds) for name, kinds in CHAIN.items()}
    found |= {"published": int(post_id in seen), "impression": seen.get(post_id), "visit": None}
    return found if visits is None else found | {"visit": visits.get(post_id, 0)}


def _steps(total: Mapping[str, int | None]) -> list[ChainStep]:
    """Each step's share of the one before it that is counted; a renewal and a churn are both shares of the purchases."""
    rows, before = list[ChainStep](), None
    for name in CHAIN:
        count = total[name]
        whole = total["purchase"] if name == "churn" else before
        kept = None if count is None or not whole or name in ("published", "impression") else count / whole
        rows.append(ChainStep(step=name, count=count, kept=kept))
        before = before if count is None else count
    return rows
