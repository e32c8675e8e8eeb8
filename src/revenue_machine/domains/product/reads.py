"""What stands of product's work: delegations, and the experiments on products."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.product.tables import DELEGATIONS

# --- delegations -------------------------------------------------------------------------------------------------------
_D = DELEGATIONS.c
_AT_WORK = _D.status.in_(("starting", "running"))
# Built once: every turn asks it.
_NEXT_POLL = sa.select(sa.func.min(_D.poll_at))
_DELEGATION = sa.select(DELEGATIONS).where(_D.id == sa.bindparam("delegation_id"))
DelegationRow = dict[str, Any]


def delegation(connection: sa.Connection, delegation_id: str) -> DelegationRow | None:
    """One delegation as its row stands, or None."""
    row = connection.execute(_DELEGATION, {"delegation_id": delegation_id}).mappings().first()
    return dict(row) if row else None


def delegations(
    connection: sa.Connection, *, project: str | None = None, statuses: Sequence[str] = (), limit: int | None = None
) -> list[DelegationRow]:
    """Delegations, newest first."""
    query = sa.select(DELEGATIONS).order_by(_D.created_at.desc(), _D.id)
    if project is not None:
        query = query.where(_D.project == project)
    if statuses:
        query = query.where(_D.status.in_(statuses))
    return [dict(row) for row in connection.execute(query if limit is None else query.limit(limit)).mappings()]


def delegation_counts(connection: sa.Connection) -> dict[str, int]:
    """How many delegations stand in each state, by its name."""
    query = sa.select(_D.status, sa.func.count()).group_by(_D.status).order_by(_D.status)
    return {row[0]: int(row[1]) for row in connection.execute(query)}


def delegation_at_work(connection: sa.Connection, project: str) -> DelegationRow | None:
    """The delegation whose run is starting or running in a project, or None."""
    row = connection.execute(sa.select(DELEGATIONS).where(_AT_WORK, _D.project == project)).mappings().first()
    return dict(row) if row else None


def next_poll_at(connection: sa.Connection) -> datetime | None:
    """When the next delegation wants to be looked at."""
    found: datetime | None = connection.execute(_NEXT_POLL).scalar()
    return found


def delegations_to_look_at(connection: sa.Connection, now: datetime | None) -> list[DelegationRow]:
    """Delegations whose look is due, or with None every one that is to be looked at; oldest look first."""
    query = sa.select(DELEGATIONS).where(_D.poll_at.is_not(None)).order_by(_D.poll_at, _D.id)
    return [dict(row) for row in connection.execute(query if now is None else query.where(_D.poll_at <= now)).mappings()]


def end_states(connection: sa.Connection, project: str) -> list[dict[str, Any]]:
    """What each finished delegation of a project left in product.json, oldest first."""
    query = sa.select(_D.end_state).where(_D.project == project, _D.status == "done").order_by(_D.ended_at, _D.id)
    return [found for found in connection.execute(query).scalars() if found]


def delegation_words(connection: sa.Connection) -> list[tuple[str, str | None, str]]:
    """(id, question, every text that may quote somebody) of all delegations."""
    query = sa.select(_D.id, _D.approval_id, _D.title, _D.task, _D.log_tail, _D.reason).order_by(_D.id)
    return [(row[0], row[1], "\n".join(text or "" for text in row[2:])) for row in connection.execute(query)]


def delegations_started_since(connection: sa.Connection, since: datetime) -> int:
    """How many runs began since an instant."""
    return int(connection.execute(sa.select(sa.func.count()).select_from(DELEGATIONS).where(_D.started_at >= since)).scalar_one())


def delegations_ended_between(connection: sa.Connection, start: datetime, end: datetime) -> list[DelegationRow]:
    """Delegations that ended in [start, end), in that order."""
    query = sa.select(DELEGATIONS).where(_D.ended_at >= start, _D.ended_at < end).order_by(_D.ended_at, _D.id)
    return [dict(row) for row in connection.execute(query).mappings()]
