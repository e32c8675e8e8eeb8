"""What stands of App Store experiments and of the store's daily figures."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.product.aso_rules import ENDS, OPEN
from revenue_machine.domains.product.tables import ASO_DAYS, ASO_EXPERIMENTS, ASO_REPORTS

_A, _D = ASO_EXPERIMENTS.c, ASO_DAYS.c
Row = dict[str, Any]
_TO_DO = sa.select(ASO_EXPERIMENTS).where(_A.remembered_at.is_(None)).order_by(_A.created_at, _A.id)


def experiment(connection: sa.Connection, aso_id: str) -> Row | None:
    """One experiment, or None."""
    row = connection.execute(sa.select(ASO_EXPERIMENTS).where(_A.id == aso_id)).mappings().first()
    return dict(row) if row else None


def by_decision(connection: sa.Connection, decision_key: str) -> Row | None:
    """The experiment of a decision."""
    row = connection.execute(sa.select(ASO_EXPERIMENTS).where(_A.decision_key == decision_key)).mappings().first()
    return dict(row) if row else None


def by_approval(connection: sa.Connection, approval_id: str) -> Row | None:
    """The experiment a question is about."""
    row = connection.execute(sa.select(ASO_EXPERIMENTS).where(_A.approval_id == approval_id)).mappings().first()
    return dict(row) if row else None


def to_do(connection: sa.Connection) -> list[Row]:
    """Experiments something is left to do about, oldest first: open ones, and ended ones nobody wrote down yet."""
    return [dict(row) for row in connection.execute(_TO_DO).mappings()]


def experiments(connection: sa.Connection, which: str, app: str | None = None) -> list[Row]:
    """Experiments, newest first; `which` is open, closed or all."""
    query = sa.select(ASO_EXPERIMENTS).order_by(_A.created_at.desc(), _A.id)
    if which != "all":
        query = query.where(_A.status.in_(ENDS) if which == "closed" else _A.status.in_((*OPEN, "proposed")))
    if app is not None:
        query = query.where(_A.app == app)
    return [dict(row) for row in connection.execute(query).mappings()]


def ended_between(connection: sa.Connection, start: datetime, end: datetime) -> list[Row]:
    """Experiments that ended in [start, end), in that order."""
    query = sa.select(ASO_EXPERIMENTS).where(_A.ended_at >= start, _A.ended_at < end).order_by(_A.ended_at, _A.id)
    return [dict(row) for row in connection.execute(query).mappings()]


def rounds(connection: sa.Connection, app: str, experiment_type: str) -> list[Row]:
    """Every experiment of that kind on an app, oldest first."""
    query = sa.select(ASO_EXPERIMENTS).where(_A.app == app, _A.experiment_type == experiment_type)
    return [dict(row) for row in connection.execute(query.order_by(_A.created_at, _A.id)).mappings()]


def series(connection: sa.Connection, metric: str, start: date, end: date) -> dict[str, dict[date, float]]:
    """A figure per app and measured day of [start, end]; a conversion only where somebody viewed the page."""
    query = sa.select(ASO_DAYS).where(_D.on_date >= start, _D.on_date <= end).order_by(_D.app, _D.on_date, _D.id)
    found: dict[str, dict[date, float]] = {}
    for row in connection.execute(query).mappings():
        value = _conversion(row) if metric == "product_page_conversion" else row[metric]
        if value is not None:
            found.setdefault(row["app"], {})[row["on_date"]] = float(value)
    return found


def _conversion(row: Any) -> float | None:
    views, loads = row["page_views"], row["downloads"]
    return loads / views if views and loads is not None else None


def touched_between(connection: sa.Connection, start: date, end: date) -> set[str]:
    """Apps whose page was changed or tested at any time of [start, end]: no controls for anybody."""
    query = sa.select(_A.app, _A.live_on, _A.started_at, _A.ended_at).where(
        sa.or_(_A.live_on.is_not(None), _A.started_at.is_not(None))
    )
    found = set()
    for app, live_on, started_at, ended_at in connection.execute(query.order_by(_A.id)):
        first = live_on or started_at.date()
        # A change of words stays; a test of the page is over when it ended.
        last = live_on or (ended_at.date() if ended_at else end)
        if first <= end and last >= start:
            found.add(str(app))
    return found


def reports_read(connection: sa.Connection, report_ids: Sequence[str]) -> set[str]:
    """Those report files that were read before."""
    query = sa.select(ASO_REPORTS.c.id).where(ASO_REPORTS.c.id.in_(report_ids)).order_by(ASO_REPORTS.c.id)
    return set(connection.execute(query).scalars())
