"""Credits for reports: sums by dimension, posts by profit, days by step, and the chain behind one sale."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.attribution.models import MODEL, ChainLink, Conversion, PostProfit
from revenue_machine.domains.attribution.tables import ATTRIBUTION_EVENTS, ATTRIBUTION_MARKS, ATTRIBUTION_SUMMARY
from revenue_machine.engine.tables import LEDGER

COST_KINDS = ("ai", "publishing", "ads", "connects")
INCOME_KINDS = ("revenue", "refund")
CLICK_KINDS = ("click", "email_click")
DEDUCTION_KINDS = ("store_commission", "payment_fee", "tax")
_E = ATTRIBUTION_EVENTS.c
# Built once: every signup asks them.
_MARK = sa.select(ATTRIBUTION_MARKS.c.reached_at).where(ATTRIBUTION_MARKS.c.name == sa.bindparam("mark"))
_BY_KEY = sa.select(ATTRIBUTION_EVENTS).where(_E.external_event_id == sa.bindparam("step_key"))


def mark(connection: sa.Connection, name: str) -> datetime | None:
    """How far clicks were read."""
    found: datetime | None = connection.execute(_MARK, {"mark": name}).scalar()
    return found


def click_event(connection: sa.Connection, click_id: str) -> dict[str, Any] | None:
    """The event of a counted click."""
    row = connection.execute(_BY_KEY, {"step_key": f"click/{click_id}"}).mappings().first()
    return dict(row) if row else None


def last_click_of(connection: sa.Connection, visitor_id: str, until: datetime) -> dict[str, Any] | None:
    """A visitor's last counted click up to a time."""
    query = sa.select(ATTRIBUTION_EVENTS).where(
        _E.event_type.in_(CLICK_KINDS), _E.visitor_id == visitor_id, _E.occurred_at <= until
    )
    row = connection.execute(query.order_by(_E.occurred_at.desc(), _E.id.desc())).mappings().first()
    return dict(row) if row else None


def signup_of(connection: sa.Connection, user_id: str) -> dict[str, Any] | None:
    """How a person came, as their signup says."""
    row = connection.execute(_BY_KEY, {"step_key": f"signup/{user_id}"}).mappings().first()
    return dict(row) if row else None


def steps_of_user(connection: sa.Connection, user_id: str) -> list[dict[str, Any]]:
    """Everything a product's user did that is known here, oldest first."""
    query = sa.select(ATTRIBUTION_EVENTS).where(_E.user_id == user_id).order_by(_E.occurred_at, _E.id)
    return [dict(row) for row in connection.execute(query).mappings()]


def clicks_of_user(connection: sa.Connection, user_id: str) -> list[dict[str, Any]]:
    """The counted clicks of the visitors a product's user has been, oldest first."""
    visitors = sa.select(_E.visitor_id).where(_E.user_id == user_id, _E.visitor_id.is_not(None))
    query = sa.select(ATTRIBUTION_EVENTS).where(_E.event_type.in_(CLICK_KINDS), _E.visitor_id.in_(visitors))
    return [dict(row) for row in connection.execute(query.order_by(_E.occurred_at, _E.id)).mappings()]


def unclaimed_money(connection: sa.Connection) -> list[Conversion]:
    """Income of the ledger that no attribution event speaks of yet, by time and id."""
    claimed = sa.select(_E.external_event_id).where(_E.external_event_id == sa.literal("ledger/") + LEDGER.c.id)
    query = sa.select(LEDGER).where(LEDGER.c.kind.in_(INCOME_KINDS), ~claimed.exists())
    return [
        Conversion(
            key=f"ledger/{row['id']}", event_type="refund" if row["kind"] == "refund" else "purchase",
            occurred_at=row["occurred_at"], user_id=None, amount_micro_usd=row["amount_micro_usd"],
            product=row["product"], payment_id=row["cause_id"],
        )
        for row in connection.execute(query.order_by(LEDGER.c.occurred_at, LEDGER.c.id)).mappings()
    ]  # fmt: skip


def counts_between(connection: sa.Connection, start: datetime, end: datetime) -> dict[str, int]:
    """How many steps of each kind were taken in [start, end)."""
    query = sa.select(_E.event_type, sa.func.count()).where(_E.occurred_at >= start, _E.occurred_at < end)
    return {row[0]: int(row[1]) for row in connection.execute(query.group_by(_E.event_type).order_by(_E.event_type))}


def tallies(connection: sa.Connection, dimension: str) -> list[tuple[str, str, int, int]]:
    """(value, event type, count, gross micro-dollars) of a dimension, by value and type."""
    column = ATTRIBUTION_EVENTS.c[dimension]
    query = sa.select(column, _E.event_type, sa.func.count(), sa.func.sum(_E.revenue_micro_usd))
    query = query.where(_E.model == MODEL).group_by(column, _E.event_type).order_by(column, _E.event_type)
    return [(row[0], row[1], int(row[2]), int(row[3])) for row in connection.execute(query)]


def deductions_by(connection: sa.Connection, dimension: str) -> dict[str, int]:
    """Commission, fees and tax (negative micro-dollars) of the sales of each value of a dimension."""
    column = ATTRIBUTION_EVENTS.c[dimension]
    taken = _deductions()
    query = sa.select(column, sa.func.sum(taken.c.amount)).join(taken, taken.c.cause_id == _E.payment_id)
    query = query.where(_E.payment_id.is_not(None)).group_by(column).order_by(column)
    return {row[0]: int(row[1]) for row in connection.execute(query)}


def _deductions() -> sa.Subquery:
    return (
        sa.select(LEDGER.c.cause_id, sa.func.sum(LEDGER.c.amount_micro_usd).label("amount"))
        .where(LEDGER.c.kind.in_(DEDUCTION_KINDS))
        .group_by(LEDGER.c.cause_id)
        .subquery()
    )


def cost_by_post(connection: sa.Connection) -> dict[str, int]:
    """What each post cost (positive micro-dollars), where the ledger knows the post."""
    query = sa.select(LEDGER.c.item_id, sa.func.sum(LEDGER.c.amount_micro_usd)).where(
        LEDGER.c.kind.in_(COST_KINDS), LEDGER.c.item_id.is_not(None)
    )  # fmt: skip
    return {row[0]: -int(row[1]) for row in connection.execute(query.group_by(LEDGER.c.item_id).order_by(LEDGER.c.item_id))}


def summary(connection: sa.Connection, dimension: str) -> list[dict[str, Any]]:
    """The summary rows of a dimension: most revenue first, then by value."""
    query = sa.select(ATTRIBUTION_SUMMARY).where(ATTRIBUTION_SUMMARY.c.dimension == dimension, ATTRIBUTION_SUMMARY.c.model == MODEL)
    order = (ATTRIBUTION_SUMMARY.c.revenue_micro_usd.desc(), ATTRIBUTION_SUMMARY.c.dimension_value, ATTRIBUTION_SUMMARY.c.id)
    return [dict(row) for row in connection.execute(query.order_by(*order)).mappings()]


def revenue_by_dimension(connection: sa.Connection, dimension: str) -> dict[str, int]:
    """Gross micro-dollars per value of a dimension; `unknown` is a value, so the sum is the ledger's."""
    return {row["dimension_value"]: int(row["revenue_micro_usd"]) for row in summary(connection, dimension)}


def attributed_micro_usd(connection: sa.Connection) -> int:
    """Sum of all credited money; equals the ledger's revenue less refunds."""
    return int(connection.execute(sa.select(sa.func.coalesce(sa.func.sum(_E.revenue_micro_usd), 0))).scalar_one())


def ledger_income_micro_usd(connection: sa.Connection) -> int:
    """The ledger's revenue less refunds."""
    query = sa.select(sa.func.coalesce(sa.func.sum(LEDGER.c.amount_micro_usd), 0)).where(LEDGER.c.kind.in_(INCOME_KINDS))
    return int(connection.execute(query).scalar_one())


def top_posts(connection: sa.Connection, limit: int = 5) -> list[PostProfit]:
    """Posts by profit, best first, then by id; only posts that were clicked or sold."""
    taken = _deductions()
    kinds = [sa.func.sum(sa.case((_E.event_type == kind, 1), else_=0)) for kind in ("click", "signup", "trial", "purchase")]
    query = (
        sa.select(
            _E.post_id, sa.func.min(_E.platform), sa.func.min(_E.niche), sa.func.min(_E.hook_category), *kinds,
            sa.func.sum(_E.revenue_micro_usd), sa.func.sum(sa.func.coalesce(taken.c.amount, 0)),
        )
        .outerjoin(taken, taken.c.cause_id == _E.payment_id)
        .where(_E.post_id.is_not(None))
        .group_by(_E.post_id)
    )  # fmt: skip
    costs = cost_by_post(connection)
    found = [_profit(row, costs) for row in connection.execute(query)]
    return sorted(found, key=lambda one: (-one.profit_micro_usd, one.post_id))[:limit]


def _profit(row: Any, costs: Mapping[str, int]) -> PostProfit:
    revenue = int(row[8])
    return PostProfit(
        post_id=row[0], platform=row[1], niche=row[2], hook_category=row[3], clicks=int(row[4]), signups=int(row[5]),
        trials=int(row[6]), purchases=int(row[7]), revenue_micro_usd=revenue, net_revenue_micro_usd=revenue + int(row[9]),
        cost_micro_usd=costs.get(row[0], 0),
    )  # fmt: skip


def explain_sale(connection: sa.Connection, ledger_id: str) -> list[ChainLink]:
    """The rows behind one sale, from the click to the money; empty for an unknown entry."""
    sale = connection.execute(_BY_KEY, {"step_key": f"ledger/{ledger_id}"}).mappings().first()
    if sale is None:
        return []
    return [*_steps_of(connection, dict(sale)), *_money_of(connection, dict(sale))]


def _steps_of(connection: sa.Connection, sale: Mapping[str, Any]) -> Iterator[ChainLink]:
    mine = [_E.id == sale["id"]]
    if sale["user_id"] is not None:
        mine.append(sa.and_(_E.user_id == sale["user_id"], _E.occurred_at <= sale["occurred_at"]))
    if sale["click_id"] is not None:
        mine.append(_E.external_event_id == f"click/{sale['click_id']}")
    query = sa.select(ATTRIBUTION_EVENTS).where(sa.or_(*mine)).order_by(_E.occurred_at, _E.id)
    for row in connection.execute(query).mappings():
        facts = {name: row[name] for name in ("post_id", "platform", "niche", "utm_source", "source_type", "product")}
        facts["revenue_micro_usd"] = int(row["revenue_micro_usd"])
        yield ChainLink(row["event_type"], ATTRIBUTION_EVENTS.name, row["id"], row["occurred_at"], facts)


def _money_of(connection: sa.Connection, sale: Mapping[str, Any]) -> Sequence[ChainLink]:
    query = sa.select(LEDGER).where(LEDGER.c.cause_id == sale["payment_id"]).order_by(LEDGER.c.kind, LEDGER.c.id)
    return [
        ChainLink(row["kind"], LEDGER.name, row["id"], row["occurred_at"], {"amount_micro_usd": int(row["amount_micro_usd"])})
        for row in connection.execute(query).mappings()
    ]  # fmt: skip
