"""What a sale leaves, which experiments on products there are, and when the loop has to look again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.owner.models import Product
from revenue_machine.domains.product.loop_models import OPEN
from revenue_machine.domains.product.tables import PRODUCT_EXPERIMENTS, PRODUCT_LEAKS
from revenue_machine.domains.revenue.reads import DEDUCTION_KINDS, INCOME_KINDS
from revenue_machine.engine.tables import LEDGER
from revenue_machine.kit.money import show

# Fewer sales than this say nothing about what fees and refunds take.
FEWEST_SALES = 5
PRICED_OVER = timedelta(days=90)
_E, _L = PRODUCT_EXPERIMENTS.c, PRODUCT_LEAKS.c
_NEXT_DUE = sa.select(sa.func.min(_E.due_at)).where(_E.finished_at.is_(None))


@dataclass(frozen=True)
class Price:
    """What a first payment leaves of its price, and where that is known from; None without a product."""

    net_micro_usd: int | None
    words: str


def price_of(connection: sa.Connection, product: Product | None, until: datetime) -> Price:
    """A sale of a product after refunds, fees and tax, by the ledger of 90 days; its list price before five sales."""
    if product is None:
        return Price(None, "no price: the events belong to no product")
    query = (
        sa.select(LEDGER.c.kind, sa.func.sum(LEDGER.c.amount_micro_usd), sa.func.count())
        .where(
            LEDGER.c.product == product.key, LEDGER.c.kind.in_((*INCOME_KINDS, *DEDUCTION_KINDS)),
            LEDGER.c.occurred_at > until - PRICED_OVER, LEDGER.c.occurred_at <= until,
        )
        .group_by(LEDGER.c.kind)
    )  # fmt: skip
    sums = {row[0]: (int(row[1]), int(row[2])) for row in connection.execute(query)}
    gross, sales = sums.get("revenue", (0, 0))
    if sales < FEWEST_SALES or gross <= 0:
        if not product.offers:
            return Price(None, "no price: the owner's file names no offer")
        listed = product.offers[0].price_micro_usd
        return Price(listed, f"{show(listed)} a sale by the price list; {sales} sales are too few to know what fees take off")
    net = max(0, sum(amount for amount, _ in sums.values()) // sales)
    return Price(net, f"{show(net)} a sale after refunds, fees and tax, of {show(gross // sales)} over {sales} sales of 90 days")


def experiment(connection: sa.Connection, experiment_id: str) -> dict[str, Any] | None:
    """One experiment's row."""
    row = connection.execute(sa.select(PRODUCT_EXPERIMENTS).where(_E.id == experiment_id)).mappings().first()
    return None if row is None else dict(row)


def unfinished(connection: sa.Connection) -> list[dict[str, Any]]:
    """Everything the loop still has something to do with, oldest first."""
    query = sa.select(PRODUCT_EXPERIMENTS).where(_E.finished_at.is_(None)).order_by(_E.created_at, _E.id)
    return [dict(row) for row in connection.execute(query).mappings()]


def of_delegation(connection: sa.Connection, delegation_id: str, experiment_id: str | None) -> dict[str, Any] | None:
    """The experiment a delegation belongs to, by either id; the row may not have learned of the delegation yet."""
    mine = sa.or_(_E.delegation_id == delegation_id, _E.follow_up_id == delegation_id, _E.id == (experiment_id or ""))
    row = connection.execute(sa.select(PRODUCT_EXPERIMENTS).where(mine).order_by(_E.id)).mappings().first()
    return None if row is None else dict(row)


def tried_since(connection: sa.Connection, project: str, since: datetime) -> list[dict[str, Any]]:
    """Experiments of a project that ended since then, newest first."""
    query = sa.select(PRODUCT_EXPERIMENTS).where(_E.project == project, _E.ended_at >= since)
    return [dict(row) for row in connection.execute(query.order_by(_E.ended_at.desc(), _E.id)).mappings()]


def experiments(
    connection: sa.Connection, which: str = "all", project: str | None = None, limit: int = 50
) -> tuple[int, list[dict[str, Any]]]:
    """(how many fit, the newest of them)."""
    query = sa.select(PRODUCT_EXPERIMENTS)
    if which != "all":
        query = query.where(_E.status.in_(OPEN) if which == "open" else _E.status.not_in(OPEN))
    if project is not None:
        query = query.where(_E.project == project)
    total = int(connection.execute(sa.select(sa.func.count()).select_from(query.subquery())).scalar_one())
    rows = connection.execute(query.order_by(_E.created_at.desc(), _E.id).limit(limit)).mappings()
    return total, [dict(row) for row in rows]


def next_due_at(connection: sa.Connection) -> datetime | None:
    """When the next experiment wants a look."""
    found: datetime | None = connection.execute(_NEXT_DUE).scalar()
    return found


def last_search(connection: sa.Connection) -> dict[str, Any] | None:
    """The newest search for leaks."""
    row = connection.execute(sa.select(PRODUCT_LEAKS).order_by(_L.looked_at.desc(), _L.id).limit(1)).mappings().first()
    return None if row is None else dict(row)


def finished_since(connection: sa.Connection, since: datetime) -> bool:
    """Whether an experiment came to its end after an instant."""
    return connection.execute(sa.select(_E.id).where(_E.finished_at > since).limit(1)).first() is not None


def busy_projects(rows: Sequence[dict[str, Any]]) -> set[str]:
    """Projects in which a change, its roll-out or its removal is under way."""
    return {str(row["project"]) for row in rows}
