"""The page Attribution: what earned by which model, where the models disagree, and the newest sale explained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from revenue_machine.domains.attribution import overview, reads
from revenue_machine.domains.attribution.asked import ExplainArgs, ExplainResult
from revenue_machine.domains.attribution.explaining import explain
from revenue_machine.domains.attribution.intervals import FEW_BUYERS, is_few
from revenue_machine.domains.attribution.models import DIMENSIONS, MODEL, MODELS
from revenue_machine.engine.database import Database
from revenue_machine.engine.page import Figure, Figures, Moment, Notice, Notices, Section, Table, Timeline, Tone, View, page
from revenue_machine.kit.money import micro, show
from revenue_machine.kit.settings import Settings

MOST_VALUES = 12
MOST_POSTS = 10
MOST_DISPUTES = 5
_POSTS = ("Post", "Where", "Clicks", "Signups", "Sales", "Revenue", "Net", "Cost", "Profit")
_VALUES = ("Value", "90 % range", "Buyers", *(model.replace("_", " ") for model in MODELS))


@page("/attribution", title="Attribution", order=60)
def attribution(database: Database, settings: Settings) -> View:
    """Every dimension by every model, the posts by profit, and the newest sale."""
    with database.reading() as connection:
        by_model = reads.revenue_by_model(connection)
        money, bought = reads.attributed_micro_usd(connection), reads.buyers(connection)
        sale = reads.newest_sale(connection)
        told = None if sale is None else explain(connection, ExplainArgs(sale=sale))
        sections: tuple[Section, ...] = (
            _disputes(by_model, money),
            Figures((
                Figure("Credited", show(money), "what the ledger took in, less refunds"),
                Figure("Buyers", str(bought), f"too few to rank by, {FEW_BUYERS} needed" if is_few(bought) else ""),
                Figure("Model", "last non-direct", "last touch of 30 days that names somebody; the tables show all eight"),
            )),
            *(_dimension(connection, one, by_model) for one in DIMENSIONS),
            _posts(connection),
            *(() if told is None else (_sale(told, settings.zone),)),
        )  # fmt: skip
    return View("Attribution", f"{show(money)} by what brought it; whatever nobody knows is a row of its own.", sections)


def _disputes(by_model: Mapping[tuple[str, str], Mapping[str, int]], money: int) -> Notices:
    found = overview.strong(overview.spreads(by_model), money)[:MOST_DISPUTES]
    items = tuple(
        Notice(
            f"{one.dimension.replace('_', ' ')} {one.value}: {show(one.low_micro_usd)} to {show(one.high_micro_usd)}", Tone.WAITING,
            f"least by {one.low_model.replace('_', ' ')}, most by {one.high_model.replace('_', ' ')}",
        )
        for one in found
    )  # fmt: skip
    return Notices("The models disagree", items, "No two models differ by more than a fifth of the money anywhere.")


def _dimension(connection: sa.Connection, dimension: str, by_model: Mapping[tuple[str, str], Mapping[str, int]]) -> Table:
    rows = [row for row in reads.summary(connection, dimension) if any(by_model[(dimension, row["dimension_value"])].values())]
    shown = tuple(_value(row, by_model[(dimension, row["dimension_value"])]) for row in rows[:MOST_VALUES])
    return Table(f"By {dimension.replace('_', ' ')}", _VALUES, shown, "Nothing was sold yet.", _VALUES[1:])


def _value(row: Mapping[str, Any], money: Mapping[str, int]) -> tuple[str, ...]:
    sure = f"{show(row['revenue_low_micro_usd'])} to {show(row['revenue_high_micro_usd'])}"
    buyers = f"{row['buyers']} (too few)" if is_few(row["buyers"]) else str(row["buyers"])
    return (row["dimension_value"], sure, buyers, *(show(money.get(model, 0)) for model in MODELS))


def _posts(connection: sa.Connection) -> Table:
    rows = tuple(
        (
            one.post_id, f"{one.platform}, {one.niche}", str(one.clicks), str(one.signups), str(one.purchases),
            show(one.revenue_micro_usd), show(one.net_revenue_micro_usd), show(one.cost_micro_usd), show(one.profit_micro_usd),
        )
        for one in reads.top_posts(connection, MOST_POSTS)
    )  # fmt: skip
    return Table("Posts by profit", _POSTS, rows, "No post was clicked yet.", _POSTS[2:])


def _sale(told: ExplainResult, zone: ZoneInfo) -> Timeline:
    moments = [
        Moment(
            "" if one.at is None else f"{one.at.astimezone(zone):%d %b %H:%M}", f"{one.what} ({one.value})",
            f"{one.shares[MODEL]:.0%} of the credit", details=_weights(one.shares),
        )
        for one in told.journey
    ]  # fmt: skip
    moments += [
        Moment(f"{one.at.astimezone(zone):%d %b %H:%M}", one.kind.replace("_", " "), show(micro(one.amount_usd)), Tone.GOOD)
        for one in (*told.bookings, *told.refunds)
    ]
    return Timeline("The newest sale", tuple(moments), f"{told.id}; any other: revenue call attribution.explain")


def _weights(shares: Mapping[str, float]) -> tuple[str, ...]:
    return tuple(f"{model.replace('_', ' ')} {share:.0%}" for model, share in shares.items())
