"""Writes events and what is known of who is who."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.analytics.tables import IDENTITY_MERGES, PRODUCT_EVENTS
from revenue_machine.engine.bulk import insert_new, roomy
from revenue_machine.engine.database import Database


def keep_events(connection: sa.Connection, portions: Iterable[Sequence[Mapping[str, Any]]]) -> None:
    """Insert events, portion by portion; those known by their id stay as they are."""
    with roomy(connection):
        for rows in portions:
            insert_new(connection, PRODUCT_EVENTS, rows, ("id",))


def event_count(connection: sa.Connection) -> int:
    """How many events are kept."""
    return int(connection.execute(sa.select(sa.func.count()).select_from(PRODUCT_EVENTS)).scalar_one())


def forget_import(connection: sa.Connection, import_id: str) -> int:
    """Remove the events a file brought; how many."""
    return int(connection.execute(PRODUCT_EVENTS.delete().where(PRODUCT_EVENTS.c.import_id == import_id)).rowcount)


def judge_traffic(connection: sa.Connection, judged: Sequence[tuple[str, str]], rule: int) -> None:
    """Say anew whose events these are: (id, traffic) each."""
    if judged:
        mine = PRODUCT_EVENTS.c.id == sa.bindparam("of_id")
        statement = PRODUCT_EVENTS.update().where(mine).values(traffic=sa.bindparam("is_now"), traffic_rule=rule)
        connection.execute(statement, [{"of_id": one, "is_now": traffic} for one, traffic in judged])


def keep_merges(connection: sa.Connection, database: Database, rows: Sequence[Mapping[str, Any]]) -> None:
    """The merges as the events say now; an undone one stays undone."""
    database.put(connection, IDENTITY_MERGES, rows, ["id"], ["outcome", "reason"])


def drop_merges(connection: sa.Connection, ids: Sequence[str]) -> None:
    """Forget merges whose event is gone."""
    if ids:
        connection.execute(IDENTITY_MERGES.delete().where(IDENTITY_MERGES.c.id.in_(ids)))


def undo_merge(connection: sa.Connection, merge_id: str, now: datetime, why: str) -> bool:
    """Take a merge back; False when it was before."""
    mine = (IDENTITY_MERGES.c.id == merge_id, IDENTITY_MERGES.c.undone_at.is_(None))
    return connection.execute(IDENTITY_MERGES.update().where(*mine).values(undone_at=now, undone_why=why)).rowcount > 0


def forget_person(connection: sa.Connection, distinct_ids: Sequence[str], nobody: str) -> int:
    """Give a person's events to nobody and empty what they carry; rows touched."""
    if not distinct_ids:
        return 0
    events = PRODUCT_EVENTS.update().where(PRODUCT_EVENTS.c.distinct_id.in_(distinct_ids))
    touched = connection.execute(events.values(distinct_id=nobody, properties={})).rowcount
    merges = sa.or_(IDENTITY_MERGES.c.from_id.in_(distinct_ids), IDENTITY_MERGES.c.into_id.in_(distinct_ids))
    return int(touched) + int(connection.execute(IDENTITY_MERGES.delete().where(merges)).rowcount)
