"""Paywall tests as rows and views: for the loop, the topics, pages and reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.paywall.models import Arm, LoopView
from revenue_machine.domains.paywall.tables import COUNTS, LOOPS, TOLD, VARIANTS
from revenue_machine.engine.tables import HOOK_INBOX

COUNTED = ("testing", "measuring")
_LAST = 1000
_L, _C, _T = LOOPS.c, COUNTS.c, TOLD.c
# Built once: the clock asks the first at every turn, every fact about a delegation the second.
_NEXT_DUE = sa.select(sa.func.min(_L.next_due_at))
_OF = sa.select(LOOPS).where(_L.id == sa.bindparam("loop_id"))


def next_due_at(connection: sa.Connection) -> datetime | None:
    """When the next loop goes on by itself."""
    found: datetime | None = connection.execute(_NEXT_DUE).scalar()
    return found


def loop(connection: sa.Connection, loop_id: str) -> dict[str, Any] | None:
    """The loop of an experiment, or None."""
    row = connection.execute(_OF, {"loop_id": loop_id}).mappings().first()
    return dict(row) if row else None


def due_loops(connection: sa.Connection, now: datetime) -> list[dict[str, Any]]:
    """Loops whose time has come, earliest first."""
    query = sa.select(LOOPS).where(_L.next_due_at.is_not(None), _L.next_due_at <= now)
    return _rows(connection, query.order_by(_L.next_due_at, _L.id))


def loops_of_app(connection: sa.Connection, application_id: str) -> list[dict[str, Any]]:
    """Every loop of an app, oldest first."""
    query = sa.select(LOOPS).where(_L.application_id == application_id)
    return _rows(connection, query.order_by(_L.created_at, _L.id))


def open_loops(connection: sa.Connection) -> list[dict[str, Any]]:
    """Every loop that is not over, oldest first."""
    return _rows(connection, sa.select(LOOPS).where(_L.state != "ended").order_by(_L.created_at, _L.id))


def newest_loops(connection: sa.Connection, limit: int) -> list[dict[str, Any]]:
    """The newest loops, whatever their state."""
    return _rows(connection, sa.select(LOOPS).order_by(_L.created_at.desc(), _L.id).limit(limit))


def variants(connection: sa.Connection, *, product: str | None = None, application_id: str | None = None) -> list[dict[str, Any]]:
    """Variants by experiment and rank."""
    query = sa.select(VARIANTS)
    query = query if product is None else query.where(VARIANTS.c.product == product)
    query = query if application_id is None else query.where(VARIANTS.c.application_id == application_id)
    # Both databases put unknown ranks elsewhere by themselves.
    rank = sa.func.coalesce(VARIANTS.c.rank, _LAST)
    return _rows(connection, query.order_by(VARIANTS.c.experiment_id, rank, VARIANTS.c.name, VARIANTS.c.id))


def counts(connection: sa.Connection, loop_id: str, phase: str) -> list[dict[str, Any]]:
    """Cumulative counts of a phase, oldest date first."""
    query = sa.select(COUNTS).where(_C.experiment_id == loop_id, _C.phase == phase)
    return _rows(connection, query.order_by(_C.on_date, _C.id))


def arms_of(row: Mapping[str, Any]) -> tuple[Arm, ...]:
    """The arms of a row of counts."""
    return tuple(Arm(**one) for one in row["arms"])


def told_micro_usd(connection: sa.Connection, application_id: str, start: datetime, end: datetime) -> int | None:
    """What webhooks told of an app's proceeds in [start, end), refunds taken off; None when they told of nothing."""
    mine = (_T.application_id == application_id, _T.is_sandbox == sa.false(), _T.occurred_at >= start, _T.occurred_at < end)
    row = connection.execute(sa.select(sa.func.count(), sa.func.sum(_T.proceeds_micro_usd)).where(*mine)).one()
    return int(row[1]) if row[0] else None


def newest_told(connection: sa.Connection, limit: int) -> tuple[int, list[dict[str, Any]]]:
    """(how many webhooks are kept, the newest)."""
    total = connection.execute(sa.select(sa.func.count()).select_from(TOLD)).scalar_one()
    query = sa.select(TOLD).order_by(_T.occurred_at.desc(), _T.id).limit(limit)
    return int(total), _rows(connection, query)


def hook_counts(connection: sa.Connection) -> dict[str, int]:
    """Stored webhooks of Superwall by what became of them."""
    mine = HOOK_INBOX.c.service == "superwall"
    query = sa.select(HOOK_INBOX.c.status, sa.func.count()).where(mine).group_by(HOOK_INBOX.c.status)
    return {str(status): int(count) for status, count in connection.execute(query)}


def view(row: Mapping[str, Any]) -> LoopView:
    """A loop as a person reads it."""
    low, high = row["interval_low"], row["interval_high"]
    return LoopView(
        experiment_id=row["id"], vendor_experiment_id=row["vendor_experiment_id"], product=row["product"], state=row["state"],
        control=row["control"], winner=row["winner"], split=row["split"], since=row["since"], measure_since=row["measure_since"],
        delegation_id=row["delegation_id"], outcome=row["outcome"], effect_relative=row["effect_relative"],
        interval=None if low is None or high is None else [low, high], words=row["words"] or "", trouble=row["trouble"],
        memory_id=row["memory_id"], ended_at=row["ended_at"],
    )  # fmt: skip


def last_date(rows: Sequence[Mapping[str, Any]]) -> date | None:
    """The newest date of counts."""
    return rows[-1]["on_date"] if rows else None


def _rows(connection: sa.Connection, query: sa.Select[Any]) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.execute(query).mappings()]
