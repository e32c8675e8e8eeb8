"""Credits for reports: sums by dimension, posts by profit, days by step, and the chain behind one sale."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.attribution.models import (
    CLICK_KINDS,
    DIMENSIONS,
    MODEL,
    MONEY_KINDS,
    RULES,
    Conversion,
    PostProfit,
)
from revenue_machine.domains.attribution.summing import Traits
from revenue_machine.domains.attribution.tables import (
    ATTRIBUTION_CREDITS,
    ATTRIBUTION_EVENTS,
    ATTRIBUTION_MARKS,
    ATTRIBUTION_SUMMARY,
)
from revenue_machine.engine.tables import LEDGER
from revenue_machine.kit.ids import make_id

# What making, publishing and advertising posts costs; connects buy a place in front of one client.
COST_KINDS = ("ai", "publishing", "ads")
DEDUCTION_KINDS = ("store_commission", "payment_fee", "tax")
INCOME_KINDS = ("revenue", "refund")
_E, _S = ATTRIBUTION_EVENTS.c, ATTRIBUTION_SUMMARY.c
_K = ATTRIBUTION_CREDITS.c
_CREDIT_COLUMNS = (
    _K.conversion_id, _K.person_id, _K.event_type, *(_K[name] for name in DIMENSIONS), *(_K[f"{one}_share"] for one in RULES),
    *(_K[f"{one}_revenue_micro_usd"] for one in RULES), *(_K[f"{one}_net_micro_usd"] for one in RULES),
)  # fmt: skip
_CREDITS = sa.select(*_CREDIT_COLUMNS).order_by(_K.conversion_id, _K.place, _K.id)
# Built once: every signup asks them.
_MARK = sa.select(ATTRIBUTION_MARKS.c.place).where(ATTRIBUTION_MARKS.c.name == sa.bindparam("mark"))
_BY_KEY = sa.select(ATTRIBUTION_EVENTS).where(_E.external_event_id == sa.bindparam("step_key"))


def mark(connection: sa.Connection, name: str) -> int:
    """How far clicks were read: an arrival number, 0 before the first look."""
    return int(connection.execute(_MARK, {"mark": name}).scalar() or 0)


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


def steps_between(connection: sa.Connection, kinds: Sequence[str], start: datetime, end: datetime) -> Iterator[Mapping[str, Any]]:
    """What people did in [start, end], with the marks of what brought them, by time and id."""
    query = sa.select(ATTRIBUTION_EVENTS).where(_E.event_type.in_(kinds), _E.occurred_at >= start, _E.occurred_at <= end)
    yield from (dict(row) for row in connection.execute(query.order_by(_E.occurred_at, _E.id)).mappings())


def users_of_visitors(connection: sa.Connection) -> dict[str, str]:
    """The user each visitor turned out to be: the first one that signed up."""
    query = sa.select(_E.visitor_id, _E.user_id).where(_E.visitor_id.is_not(None), _E.user_id.is_not(None))
    found: dict[str, str] = {}
    for visitor_id, user_id in connection.execute(query.order_by(_E.occurred_at, _E.id)):
        found.setdefault(visitor_id, user_id)
    return found


def money_between(connection: sa.Connection, dimension: str, start: datetime, end: datetime) -> dict[str, tuple[int, int, int]]:
    """(revenue, refunds, deductions) in micro-dollars per value of a dimension, of the sales in [start, end]; signs as booked."""
    column = ATTRIBUTION_EVENTS.c[dimension]
    taken = _deductions()
    is_refund = _E.event_type == "refund"
    query = sa.select(
        column,
        sa.func.sum(sa.case((is_refund, 0), else_=_E.revenue_micro_usd)),
        sa.func.sum(sa.case((is_refund, _E.revenue_micro_usd), else_=0)),
        sa.func.sum(sa.func.coalesce(taken.c.amount, 0)),
    ).outerjoin(taken, taken.c.cause_id == _E.payment_id)
    query = query.where(_E.occurred_at >= start, _E.occurred_at <= end).group_by(column).order_by(column)
    return {str(row[0]): (int(row[1]), int(row[2]), int(row[3])) for row in connection.execute(query)}


def income_between(connection: sa.Connection, start: datetime, end: datetime) -> int:
    """The ledger's revenue less refunds in [start, end], micro-dollars."""
    query = sa.select(sa.func.coalesce(sa.func.sum(LEDGER.c.amount_micro_usd), 0)).where(LEDGER.c.kind.in_(INCOME_KINDS))
    return int(connection.execute(query.where(LEDGER.c.occurred_at >= start, LEDGER.c.occurred_at <= end)).scalar_one())


def _deductions() -> sa.Subquery:
    return (
        sa.select(LEDGER.c.cause_id, sa.func.sum(LEDGER.c.amount_micro_usd).label("amount"))
        .where(LEDGER.c.kind.in_(DEDUCTION_KINDS))
        .group_by(LEDGER.c.cause_id)
        .subquery()
    )


def cost_by_post(connection: sa.Connection, start: datetime | None = None, end: datetime | None = None) -> dict[str | None, int]:
    """What each post cost in [start, end) (positive micro-dollars); under None what the ledger charges to no item."""
    query = sa.select(LEDGER.c.item_id, sa.func.sum(LEDGER.c.amount_micro_usd)).where(LEDGER.c.kind.in_(COST_KINDS))
    query = query if start is None else query.where(LEDGER.c.occurred_at >= start)
    query = query if end is None else query.where(LEDGER.c.occurred_at < end)
    return {row[0]: -int(row[1]) for row in connection.execute(query.group_by(LEDGER.c.item_id).order_by(LEDGER.c.item_id))}


def summary(connection: sa.Connection, dimension: str, model: str = MODEL) -> list[dict[str, Any]]:
    """The summary rows of a dimension in a model: most revenue first, then by value."""
    query = sa.select(ATTRIBUTION_SUMMARY).where(ATTRIBUTION_SUMMARY.c.dimension == dimension, ATTRIBUTION_SUMMARY.c.model == model)
    order = (ATTRIBUTION_SUMMARY.c.revenue_micro_usd.desc(), ATTRIBUTION_SUMMARY.c.dimension_value, ATTRIBUTION_SUMMARY.c.id)
    return [dict(row) for row in connection.execute(query.order_by(*order)).mappings()]


def summary_as_it_stands(connection: sa.Connection) -> dict[str, dict[str, Any]]:
    """Every row by id, without what the database derives and without the time."""
    columns = [one for one in ATTRIBUTION_SUMMARY.c if one.computed is None and one.name != "updated_at"]
    return {row["id"]: dict(row) for row in connection.execute(sa.select(*columns)).mappings()}


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


def top_posts(connection: sa.Connection, limit: int | None = 5, only: Collection[str] | None = None) -> list[PostProfit]:
    """Posts by profit, best first, then by id; only posts that were clicked or sold, and of those only some when they are named."""
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
    if only is not None:
        query = query.where(_E.post_id.in_(sorted(only)))
    costs = cost_by_post(connection)
    found = [_profit(row, costs) for row in connection.execute(query)]
    return sorted(found, key=lambda one: (-one.profit_micro_usd, one.post_id))[:limit]


def _profit(row: Any, costs: Mapping[str | None, int]) -> PostProfit:
    revenue = int(row[8])
    return PostProfit(
        post_id=row[0], platform=row[1], niche=row[2], hook_category=row[3], clicks=int(row[4]), signups=int(row[5]),
        trials=int(row[6]), purchases=int(row[7]), revenue_micro_usd=revenue, net_revenue_micro_usd=revenue + int(row[9]),
        cost_micro_usd=costs.get(row[0], 0),
    )  # fmt: skip


def profits_of(connection: sa.Connection, post_ids: Sequence[str]) -> list[PostProfit]:
    """What these posts earned and cost in all, by id."""
    return sorted(top_posts(connection, None, set(post_ids)), key=lambda one: one.post_id)


def step_named(connection: sa.Connection, name: str) -> dict[str, Any] | None:
    """A step by its id, its key, its ledger or payment id, or the number its vendor gave the sale."""
    keys = [name, f"ledger/{name}"]
    for kind in ("revenue", "refund"):
        vendors = ("revenuecat", "stripe", "superwall", "import")
        keys += [f"ledger/{make_id('led', kind, name)}", *(f"ledger/{make_id('led', kind, f'{one}/{name}')}" for one in vendors)]
    mine = sa.or_(_E.id == name, _E.payment_id == name, _E.external_event_id.in_(keys))
    row = connection.execute(sa.select(ATTRIBUTION_EVENTS).where(mine).order_by(_E.occurred_at, _E.id)).mappings().first()
    return dict(row) if row else None


def sale_names(connection: sa.Connection, most: int = 2_000) -> list[str]:
    """What sales may be asked for by: ledger, payment and event ids, the newest sales first."""
    query = sa.select(_E.external_event_id, _E.payment_id, _E.id).where(_E.event_type.in_(MONEY_KINDS))
    rows = connection.execute(query.order_by(_E.occurred_at.desc(), _E.id).limit(most))
    return [name.removeprefix("ledger/") for row in rows for name in row if name is not None]


def newest_sale(connection: sa.Connection) -> str | None:
    """The event of the newest purchase."""
    query = sa.select(_E.id).where(_E.event_type == "purchase").order_by(_E.occurred_at.desc(), _E.id).limit(1)
    found: str | None = connection.execute(query).scalar()
    return found


def kind_of(connection: sa.Connection, step_id: str) -> str | None:
    """What kind of step it is."""
    found: str | None = connection.execute(sa.select(_E.event_type).where(_E.id == step_id)).scalar()
    return found


def bookings_of(connection: sa.Connection, payment_id: str | None) -> list[dict[str, Any]]:
    """The ledger's entries of a payment, by kind and id."""
    if payment_id is None:
        return []
    query = sa.select(LEDGER).where(LEDGER.c.cause_id == payment_id).order_by(LEDGER.c.kind, LEDGER.c.id)
    return [dict(row) for row in connection.execute(query).mappings()]


def refunds_of(connection: sa.Connection, payment_id: str | None) -> list[dict[str, Any]]:
    """The ledger's entries of what was paid back of a payment, by time and id."""
    if payment_id is None:
        return []
    back = sa.select(_E.payment_id).where(_E.refunds_payment_id == payment_id)
    query = sa.select(LEDGER).where(LEDGER.c.cause_id.in_(back), LEDGER.c.kind == "refund")
    return [dict(row) for row in connection.execute(query.order_by(LEDGER.c.occurred_at, LEDGER.c.id)).mappings()]


def buyers(connection: sa.Connection, start: datetime | None = None, end: datetime | None = None) -> int:
    """How many people bought in [start, end); a sale of nobody known is a person of its own."""
    credits_ = ATTRIBUTION_CREDITS.c
    who = sa.func.coalesce(credits_.person_id, credits_.conversion_id)
    query = sa.select(sa.func.count(who.distinct())).where(credits_.event_type == "purchase")
    query = query if start is None else query.where(credits_.converted_at >= start)
    query = query if end is None else query.where(credits_.converted_at < end)
    return int(connection.execute(query).scalar_one())


def revenue_by_model(connection: sa.Connection) -> dict[tuple[str, str], dict[str, int]]:
    """Micro-dollars by model of every (dimension, value), dimensions and values by name."""
    columns = (_S.dimension, _S.dimension_value, _S.model, _S.revenue_micro_usd)
    found: dict[tuple[str, str], dict[str, int]] = {}
    for row in connection.execute(sa.select(*columns).order_by(*columns[:3], _S.id)):
        found.setdefault((row[0], row[1]), {})[row[2]] = int(row[3])
    return found


def chain_by_post(connection: sa.Connection, start: datetime | None, end: datetime | None) -> dict[str | None, dict[str, int]]:
    """Clicks, signups, trials, purchases, renewals and churns in [start, end) by the post they are credited to (None: no post)."""
    query = sa.select(_E.post_id, _E.event_type, sa.func.count())
    query = query if start is None else query.where(_E.occurred_at >= start)
    query = query if end is None else query.where(_E.occurred_at < end)
    found: dict[str | None, dict[str, int]] = {}
    for post_id, kind, count in connection.execute(query.group_by(_E.post_id, _E.event_type).order_by(_E.post_id, _E.event_type)):
        found.setdefault(post_id, {})[kind] = int(count)
    return found


def credits_between(connection: sa.Connection, start: datetime | None = None, end: datetime | None = None) -> list[Sequence[Any]]:
    """Credits of the steps in [start, end), each row as `summing.Credits` takes it."""
    query = _CREDITS
    query = query if start is None else query.where(_K.converted_at >= start)
    query = query if end is None else query.where(_K.converted_at < end)
    return [tuple(row) for row in connection.execute(query)]


def credits_of(connection: sa.Connection, step_id: str) -> list[dict[str, Any]]:
    """The touches of one step with what each model gives them, oldest first."""
    query = sa.select(ATTRIBUTION_CREDITS).where(_K.conversion_id == step_id).order_by(_K.place, _K.id)
    return [dict(row) for row in connection.execute(query).mappings()]


def idle_visitors(connection: sa.Connection) -> tuple[list[tuple[str, Traits]], dict[Traits, int]]:
    """Clicks that stand in nobody's journey: those of visitors with several, by visitor and time, and how many clicked once."""
    touched = sa.select(sa.literal(1)).where(_K.touch_id == _E.id)
    clicks = sa.select(_E.visitor_id, _E.id).where(_E.event_type.in_(CLICK_KINDS), _E.visitor_id.is_not(None), ~touched.exists())
    own = clicks.subquery()
    once = sa.select(own.c.visitor_id, sa.func.min(own.c.id).label("id"), sa.func.count().label("clicks"))
    counted = once.group_by(own.c.visitor_id).subquery()
    traits = [_E[name] for name in DIMENSIONS]
    singles = sa.select(*traits, sa.func.count()).join(counted, counted.c.id == _E.id).where(counted.c.clicks == 1)
    several = sa.select(_E.visitor_id, *traits).join(counted, counted.c.visitor_id == _E.visitor_id)
    several = several.where(counted.c.clicks > 1, _E.event_type.in_(CLICK_KINDS))
    rows = connection.execute(several.order_by(_E.visitor_id, _E.occurred_at, _E.id))
    found = connection.execute(singles.group_by(*traits).order_by(*traits))
    return [(row[0], tuple(row[1:])) for row in rows], {tuple(row[:-1]): int(row[-1]) for row in found}


def clicks_by_traits(connection: sa.Connection, start: datetime | None = None, end: datetime | None = None) -> dict[Traits, int]:
    """Counted clicks in [start, end) by the values of all eight dimensions."""
    traits = [_E[name] for name in DIMENSIONS]
    query = sa.select(*traits, sa.func.count()).where(_E.event_type == "click")
    query = query if start is None else query.where(_E.occurred_at >= start)
    query = query if end is None else query.where(_E.occurred_at < end)
    return {tuple(row[:-1]): int(row[-1]) for row in connection.execute(query.group_by(*traits).order_by(*traits))}
