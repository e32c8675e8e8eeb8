"""Facts one domain states and others react to: written in the emitter's transaction, handled once per handler."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import sqlalchemy as sa

from revenue_machine.engine.container import Container
from revenue_machine.engine.database import Database
from revenue_machine.engine.tables import EVENT_HANDLINGS, EVENTS
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.log import logger

F = TypeVar("F", bound=Callable[..., None])
_MARK = "low-water/"
# Built once: they run with every topic call.
_LOW_WATER = sa.select(sa.cast(sa.func.substr(EVENT_HANDLINGS.c.handler, len(_MARK) + 1), sa.BigInteger)).where(
    EVENT_HANDLINGS.c.event_id == 0
)
_BEHIND_THE_MARK = (
    sa.select(EVENTS)
    .where(
        EVENTS.c.id > sa.func.coalesce(_LOW_WATER.scalar_subquery(), 0),
        EVENTS.c.kind.in_(sa.bindparam("kinds", expanding=True)),
    )
    .order_by(EVENTS.c.id)
)
_HANDLED = sa.select(EVENT_HANDLINGS.c.event_id, EVENT_HANDLINGS.c.handler).where(
    EVENT_HANDLINGS.c.event_id >= sa.bindparam("first", type_=sa.BigInteger)
)


@dataclass(frozen=True)
class Event:
    """A fact: its kind, its natural key, ids and numbers only, and when it happened."""

    id: int
    kind: str
    key: str
    payload: Mapping[str, Any]
    occurred_at: datetime


def on(*kinds: str) -> Callable[[F], F]:
    """Declare a reaction in `domains/<d>/reactions.py`.

    It gets the event, the transaction (as `sa.Connection`) and whatever it asks for by type. It may only
    write to the database; what has to leave the house is written as a row that is due.
    """

    def declare(function: F) -> F:
        function.__reacts_to__ = kinds  # type: ignore[attr-defined]
        return function

    return declare


@dataclass(frozen=True)
class Reaction:
    """One handler, named by its domain and function."""

    name: str
    kinds: tuple[str, ...]
    function: Callable[..., None]


class Events:
    """Emits and drains."""

    def __init__(self, database: Database, clock: Clock, reactions: list[Reaction], container: Container) -> None:
        self._database, self._clock, self._container = database, clock, container
        self._by_kind: dict[str, list[Reaction]] = {}
        for reaction in sorted(reactions, key=lambda one: one.name):
            for kind in reaction.kinds:
                self._by_kind.setdefault(kind, []).append(reaction)

    def emit(
        self, connection: sa.Connection, kind: str, key: str, payload: Mapping[str, Any], occurred_at: datetime | None = None
    ) -> bool:
        """State a fact once; False when a fact with this key stands already."""
        self._database.lock(connection, "events")  # ids commit in order, so a low-water mark can be trusted
        now = self._clock.now()
        row = {"key": f"{kind}/{key}", "kind": kind, "payload": dict(payload), "occurred_at": occurred_at or now, "created_at": now}
        return self._database.put(connection, EVENTS, row, ["key"]) > 0

    def drain(self) -> int:
        """Let every handler see every fact it has not handled; also facts that handlers state. Returns the count.

        A handler that fails stops nobody else: it is tried again at the next drain.
        """
        handled, failed = 0, set[tuple[int, str]]()
        while batch := [(event, one) for event, one in self._open() if (event.id, one.name) not in failed]:
            for event, reaction in batch:
                try:
                    handled += self._handle(event, reaction)
                except Exception as error:  # noqa: BLE001 - one bad fact must neither stop the rest nor fail its emitter's call
                    failed.add((event.id, reaction.name))
                    logger().error("event.reaction_failed", event_id=event.id, handler=reaction.name, error=type(error).__name__)
        return handled

    def _open(self) -> list[tuple[Event, Reaction]]:
        if not self._by_kind:
            return []
        with self._database.reading() as connection:
            rows = connection.execute(_BEHIND_THE_MARK, {"kinds": sorted(self._by_kind)}).mappings()
            events = [Event(row["id"], row["kind"], row["key"], row["payload"], row["occurred_at"]) for row in rows]
            if not events:
                return []
            done = {(row.event_id, row.handler) for row in connection.execute(_HANDLED, {"first": events[0].id})}
        work = [(event, one) for event in events for one in self._by_kind[event.kind] if (event.id, one.name) not in done]
        if not work:
            self._raise_low_water(events[-1].id)
        return work

    def _raise_low_water(self, event_id: int) -> None:
        """All facts up to here are handled by everybody: the next drain starts behind them."""
        with self._database.writing() as connection:
            mark = {"event_id": 0, "handler": f"{_MARK}{event_id:020d}", "handled_at": self._clock.now()}
            connection.execute(EVENT_HANDLINGS.delete().where(EVENT_HANDLINGS.c.event_id == 0))
            self._database.put(connection, EVENT_HANDLINGS, mark, ["event_id", "handler"])

    def _handle(self, event: Event, reaction: Reaction) -> int:
        """Claim and handle in one transaction: a handler that fails leaves no trace and is tried again."""
        with self._database.writing() as connection:
            claim = {"event_id": event.id, "handler": reaction.name, "handled_at": self._clock.now()}
            if self._database.put(connection, EVENT_HANDLINGS, claim, ["event_id", "handler"]) == 0:
                return 0
            inner = self._container.child(event)
            inner.put(connection, sa.Connection)
            inner.fill(reaction.function)
        return 1
