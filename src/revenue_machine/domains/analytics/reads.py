"""Events and persons for funnels, reports and pages, always without what traffic other than people's made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from revenue_machine.domains.analytics.merges import SIGNALS, roots
from revenue_machine.domains.analytics.moments import instant_of
from revenue_machine.domains.analytics.tables import IDENTITY_MERGES, PRODUCT_EVENTS
from revenue_machine.kit.clock import iso

__all__ = ["EventRow", "instant_of"]
PIECE = 500
_P, _M = PRODUCT_EVENTS.c, IDENTITY_MERGES.c


class EventRow(NamedTuple):
    """One event as it is counted; `value` is the JSON text of the property asked for, None without it."""

    event: str
    distinct_id: str
    at_us: int
    traffic: str
    value: str | None


class Span(NamedTuple):
    """Microseconds since 1970, both included."""

    from_us: int
    to_us: int


def known_events(connection: sa.Connection, names: Sequence[str]) -> set[str]:
    """Those of the names that any kept event has."""
    found = set()
    for name in dict.fromkeys(names):
        if connection.execute(sa.select(_P.id).where(_P.event == name).limit(1)).first() is not None:
            found.add(name)
    return found


def event_names(connection: sa.Connection, limit: int = 50) -> list[tuple[str, int]]:
    """The kinds of events there are and how many of each, the commonest first."""
    count = sa.func.count()
    query = sa.select(_P.event, count).group_by(_P.event).order_by(count.desc(), _P.event).limit(limit)
    return [(row[0], int(row[1])) for row in connection.execute(query)]


def bounds(connection: sa.Connection, names: Sequence[str]) -> Span | None:
    """From the first to the last event of these kinds, None without any."""
    found: list[int] = []
    for name in names:
        for edge in (sa.func.min(_P.at_us), sa.func.max(_P.at_us)):
            value = connection.execute(sa.select(edge).where(_P.event == name)).scalar()
            found += [] if value is None else [int(value)]
    return Span(min(found), max(found)) if found else None


def events(connection: sa.Connection, names: Sequence[str], span: Span, name: str | None = None) -> Iterator[Sequence[Any]]:
    """Events of these kinds in the span, with the value of one property, by kind, time and id; columns as `EventRow` has them."""
    value: sa.ColumnElement[Any] = sa.null() if name is None else _json_text(connection, name)
    query = sa.select(_P.event, _P.distinct_id, _P.at_us, _P.traffic, value.label("value")).where(
        _P.event.in_(names), _P.at_us >= span.from_us, _P.at_us <= span.to_us
    )  # fmt: skip
    query = query if name is None else query.order_by(_P.event, _P.at_us, _P.id)
    for rows in connection.execution_options(yield_per=PIECE * 20).execute(query).partitions():
        yield from rows


def single_events(connection: sa.Connection, names: Sequence[str], span: Span, limit: int) -> list[dict[str, Any]]:
    """People's events with all they carry, by time and id."""
    query = sa.select(PRODUCT_EVENTS).where(
        _P.event.in_(names), _P.at_us >= span.from_us, _P.at_us <= span.to_us, _P.traffic == "person"
    )  # fmt: skip
    return [dict(row) for row in connection.execute(query.order_by(_P.at_us, _P.id).limit(limit)).mappings()]


def every_event(connection: sa.Connection, after_id: str, limit: int) -> list[tuple[str, str, dict[str, Any], str]]:
    """(id, distinct id, properties, traffic) of the next events by id."""
    query = sa.select(_P.id, _P.distinct_id, _P.properties, _P.traffic).where(_P.id > after_id).order_by(_P.id).limit(limit)
    return [(row[0], row[1], row[2], row[3]) for row in connection.execute(query)]


def traffic_counts(connection: sa.Connection) -> dict[str, int]:
    """How many events each kind of traffic made."""
    query = sa.select(_P.traffic, sa.func.count()).group_by(_P.traffic).order_by(_P.traffic)
    return {row[0]: int(row[1]) for row in connection.execute(query)}


def identity_events(connection: sa.Connection) -> Iterator[tuple[str, str, str, int, Any]]:
    """(id, event, distinct id, microseconds, properties) of whatever says who is who, by time and id."""
    query = sa.select(_P.id, _P.event, _P.distinct_id, _P.at_us, _P.properties)
    query = query.where(_P.event.in_(SIGNALS), _P.traffic == "person").order_by(_P.at_us, _P.id)
    for row in connection.execute(query):
        yield row[0], row[1], row[2], int(row[3]), row[4]


def merges(connection: sa.Connection) -> list[dict[str, Any]]:
    """Every merge and every refused one, in the order they were said."""
    query = sa.select(IDENTITY_MERGES).order_by(_M.occurred_at, _M.evidence, _M.id)
    return [dict(row) for row in connection.execute(query).mappings()]


def merges_of(connection: sa.Connection, ids: Sequence[str]) -> list[dict[str, Any]]:
    """The merges that name one of the ids, as rows to show."""
    wanted = set(ids)
    shown = ("id", "from_id", "into_id", "kind", "evidence", "outcome", "reason", "undone_why")
    return [
        {**{name: row[name] for name in shown}, "occurred_at": iso(row["occurred_at"]), "undone": row["undone_at"] is not None}
        for row in merges(connection)
        if row["from_id"] in wanted or row["into_id"] in wanted
    ]


def person_of(connection: sa.Connection) -> dict[str, str]:
    """Every merged id with the one its person is counted under; ids that are not in it count as themselves."""
    query = sa.select(_M.from_id, _M.into_id).where(_M.outcome == "merged", _M.undone_at.is_(None))
    return roots((row[0], row[1]) for row in connection.execute(query.order_by(_M.occurred_at, _M.evidence, _M.id)))


def family(connection: sa.Connection, ids: Sequence[str]) -> list[str]:
    """All ids of the persons behind some ids."""
    person = person_of(connection)
    wanted = {person.get(one, one) for one in ids}
    return sorted(wanted | set(ids) | {name for name, root in person.items() if root in wanted})


def event_counts(connection: sa.Connection, ids: Sequence[str]) -> dict[str, int]:
    """How many events each of the ids has; those without any are left out."""
    found: dict[str, int] = {}
    for start in range(0, len(ids), PIECE):
        query = sa.select(_P.distinct_id, sa.func.count()).where(_P.distinct_id.in_(ids[start : start + PIECE]))
        found.update((row[0], int(row[1])) for row in connection.execute(query.group_by(_P.distinct_id)))
    return dict(sorted(found.items()))


def newest_event_at(connection: sa.Connection) -> datetime | None:
    """When the newest kept event happened."""
    found: datetime | None = connection.execute(sa.select(sa.func.max(_P.occurred_at))).scalar()
    return found


def _json_text(connection: sa.Connection, name: str) -> sa.ColumnElement[Any]:
    """A property as JSON text, alike on both databases: `"x"`, `3`, `true`."""
    if connection.dialect.name == "postgresql":
        return sa.cast(_P.properties.op("->")(sa.literal(name, sa.Text)), sa.Text)
    return sa.type_coerce(_P.properties, sa.Text).op("->")(sa.literal(f'$."{name}"', sa.Text))
