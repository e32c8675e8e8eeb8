"""Experiments and their looks as rows, for topics, the report, the page and whoever runs a loop."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.experiments.book_rules import GRACE, LOOPS, STAYS
from revenue_machine.domains.experiments.tables import EXPERIMENTS, LOOKS

_E, _L = EXPERIMENTS.c, LOOKS.c
_BY_START = (_E.started_at, _E.id)
# Built once: the clock asks it at every turn.
_NEXT_END = sa.select(sa.func.min(_E.ends_at)).where(_E.status == "open")
_LOOKS_OF = (
    sa.select(LOOKS)
    .where(_L.experiment_id == sa.bindparam("experiment"), _L.phase == sa.bindparam("of_phase"))
    .order_by(_L.on_date, _L.id)
)


def experiment(connection: sa.Connection, experiment_id: str) -> dict[str, Any] | None:
    """The row of that id, or None."""
    row = connection.execute(sa.select(EXPERIMENTS).where(_E.id == experiment_id)).mappings().first()
    return dict(row) if row else None


def open_experiments(connection: sa.Connection) -> list[dict[str, Any]]:
    """Every experiment that is not closed, oldest first."""
    return _rows(connection, sa.select(EXPERIMENTS).where(_E.status != "closed").order_by(*_BY_START))


def open_of(connection: sa.Connection, kind: str, subject: str) -> dict[str, Any] | None:
    """The one experiment of a kind that is open on a subject, or None."""
    query = sa.select(EXPERIMENTS).where(_E.kind == kind, _E.subject == subject, _E.status != "closed")
    return next(iter(_rows(connection, query.order_by(*_BY_START))), None)


def alphas_of_loops(connection: sa.Connection) -> list[float]:
    """The shares of false alarms of what the machine has open: the phase's limit counts them, one family bounds their sum."""
    query = sa.select(_E.alpha).where(_E.kind.in_(LOOPS), _E.status != "closed").order_by(*_BY_START)
    return [float(alpha) for alpha in connection.execute(query).scalars()]


def closed_between(connection: sa.Connection, start: datetime, end: datetime) -> list[dict[str, Any]]:
    """Experiments closed in [start, end), in that order."""
    query = sa.select(EXPERIMENTS).where(_E.closed_at >= start, _E.closed_at < end)
    return _rows(connection, query.order_by(_E.closed_at, _E.id))


def held_out(connection: sa.Connection) -> list[dict[str, Any]]:
    """Closed experiments whose winner is still compared with people who never got it."""
    query = sa.select(EXPERIMENTS).where(_E.outcome.in_(STAYS), _E.shipped_at.is_not(None), _E.holdout_share > 0)
    return _rows(connection, query.order_by(*_BY_START))


def find(connection: sa.Connection, *, is_closed: bool | None, kind: str | None, subject: str | None) -> list[dict[str, Any]]:
    """Experiments that fit, newest first; None asks for nothing."""
    query = sa.select(EXPERIMENTS)
    query = query if is_closed is None else query.where((_E.status == "closed") == sa.literal(is_closed))
    for column, wanted in ((_E.kind, kind), (_E.subject, subject)):
        query = query if wanted is None else query.where(column == wanted)
    return _rows(connection, query.order_by(_E.started_at.desc(), _E.id))


def looks(connection: sa.Connection, experiment_id: str, phase: str) -> list[dict[str, Any]]:
    """Every look of a phase, oldest date first."""
    return [dict(row) for row in connection.execute(_LOOKS_OF, {"experiment": experiment_id, "of_phase": phase}).mappings()]


def newest_look(connection: sa.Connection, experiment_id: str, phase: str) -> dict[str, Any] | None:
    """The look of the newest date of a phase, or None."""
    found = looks(connection, experiment_id, phase)
    return found[-1] if found else None


def overdue(connection: sa.Connection, now: datetime) -> list[dict[str, Any]]:
    """Open experiments whose planned end, and the days of grace after it, have passed without a decision."""
    query = sa.select(EXPERIMENTS).where(_E.status == "open", _E.ends_at <= now - GRACE)
    return _rows(connection, query.order_by(_E.ends_at, _E.id))


def next_overdue_at(connection: sa.Connection) -> datetime | None:
    """When the next open experiment closes by rule."""
    found: datetime | None = connection.execute(_NEXT_END).scalar()
    return None if found is None else found + GRACE


def last_look_on(connection: sa.Connection, experiment_id: str) -> date | None:
    """The newest date anybody looked, whatever the phase."""
    query = sa.select(sa.func.max(_L.on_date)).where(_L.experiment_id == experiment_id)
    found: date | None = connection.execute(query).scalar()
    return found


def _rows(connection: sa.Connection, query: sa.Select[Any]) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.execute(query).mappings()]
