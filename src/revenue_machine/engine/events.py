"""Facts one domain states and others react to: written in the emitter's transaction, handled once per handler."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import sqlalchemy as sa

from revenue_machine.engine.container import Container
from revenue_machine.engine.database import Database
from revenue_machine.engine.tables import EVENT_FAILURES, EVENT_HANDLINGS, EVENTS
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.errors import Failure, NotFound
from revenue_machine.kit.log import logger

F = TypeVar("F", bound=Callable[..., None])
_MARK = "low-water/"
MAX_ATTEMPTS = 3
MOST_AT_ONCE = 50
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
_FORGET_MARK = EVENT_HANDLINGS.delete().where(EVENT_HANDLINGS.c.event_id == 0)
_HANDLED = sa.select(EVENT_HANDLINGS.c.event_id, EVENT_HANDLINGS.c.handler).where(
    EVENT_HANDLINGS.c.event_id >= sa.bindparam("first", type_=sa.BigInteger)
)
_MINE = sa.and_(
    EVENT_FAILURES.c.event_id == sa.bindparam("of_event", type_=sa.BigInteger),
    EVENT_FAILURES.c.handler == sa.bindparam("of_handler"),
)
_ONE_MORE = (
    EVENT_FAILURES.update()
    .where(_MINE)
    .values(
        attempts=EVENT_FAILURES.c.attempts + 1,
        error=sa.bindparam("reason"),
        failed_at=sa.bindparam("now", type_=EVENT_FAILURES.c.failed_at.type),
    )
    .returning(EVENT_FAILURES.c.attempts)
)
_GIVE_UP = EVENT_FAILURES.update().where(_MINE).values(status="dead")
_FORGET_FAILURE = EVENT_FAILURES.delete().where(_MINE)
_DEAD = (
    sa.select(EVENT_FAILURES.c.event_id, EVENT_FAILURES.c.handler)
    .where(EVENT_FAILURES.c.status == "dead")
    .order_by(EVENT_FAILURES.c.event_id, EVENT_FAILURES.c.handler)
)
_DEAD_EVENT = (
    sa.select(EVENTS)
    .join(EVENT_FAILURES, EVENT_FAILURES.c.event_id == EVENTS.c.id)
    .where(
        EVENT_FAILURES.c.status == "dead",
        EVENT_FAILURES.c.event_id == sa.bindparam("event_id", type_=sa.BigInteger),
        EVENT_FAILURES.c.handler == sa.bindparam("handler"),
    )
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


Work = tuple[Event, Reaction]


class Events:
    """Emits and drains."""

    def __init__(self, database: Database, clock: Clock, reactions: list[Reaction], container: Container) -> None:
        self._database, self._clock, self._container = database, clock, container
        # One commit for many where writers are alone anyway; elsewhere others would wait for the rows of a long transaction.
        self._most_at_once = MOST_AT_ONCE if database.dialect == "sqlite" else 1
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

        A handler that fails stops nobody else: it is tried again at the next drains, three times in all; then the fact is a
        dead letter for it until somebody asks for another try (`retry`).
        """
        handled, failed = 0, set[tuple[int, str]]()
        while batch := [(event, one) for event, one in self._open() if (event.id, one.name) not in failed]:
            for start in range(0, len(batch), self._most_at_once):
                end = start + self._most_at_once
                is_all = end >= len(batch) and not failed
                done, refused = self._handle_together(batch[start:end], is_all=is_all)
                handled += done
                for (event, reaction), error in refused:
                    failed.add((event.id, reaction.name))
                    logger().error("event.reaction_failed", event_id=event.id, handler=reaction.name, error=type(error).__name__)
                    if not (isinstance(error, Failure) and error.retryable):  # a database that does not answer is not its fault
                        self._count_failure(event, reaction, error)
        return handled

    def dead_letters(self) -> list[tuple[int, str]]:
        """(fact, handler) of what was given up, oldest first."""
        with self._database.reading() as connection:
            return [(row.event_id, row.handler) for row in connection.execute(_DEAD)]

    def dead_rows(self) -> list[dict[str, Any]]:
        """The same as webhooks that nobody could read are exported: the fact as `body`, its handler as `subject`."""
        query = sa.select(EVENTS, EVENT_FAILURES).join(EVENTS, EVENTS.c.id == EVENT_FAILURES.c.event_id)
        query = query.where(EVENT_FAILURES.c.status == "dead").order_by(EVENT_FAILURES.c.event_id, EVENT_FAILURES.c.handler)
        with self._database.reading() as connection:
            return [
                {
                    "id": row["event_id"], "service": "reaction", "external_id": row["key"], "kind": row["kind"],
                    "subject": row["handler"], "body": row["payload"], "occurred_at": row["occurred_at"],
                    "received_at": row["created_at"], "status": row["status"], "attempts": row["attempts"], "error": row["error"],
                }
                for row in connection.execute(query).mappings()
            ]  # fmt: skip

    def retry(self, event_id: int, handler: str) -> None:
        """Try a dead letter once more, now. Raises: not_found; whatever the handler raises (it stays a dead letter)."""
        with self._database.reading() as connection:
            row = connection.execute(_DEAD_EVENT, {"event_id": event_id, "handler": handler}).mappings().first()
        named = [one for one in self._by_kind.get(row["kind"], ()) if one.name == handler] if row is not None else []
        if row is None or not named:
            raise NotFound(f"no dead letter {event_id} waits for {handler}", field="ID")
        event = Event(row["id"], row["kind"], row["key"], row["payload"], row["occurred_at"])
        with self._database.writing() as connection:
            connection.execute(_FORGET_FAILURE, {"of_event": event_id, "of_handler": handler})
            self._react(connection, event, named[0])

    def _count_failure(self, event: Event, reaction: Reaction, error: Exception) -> None:
        """After the last attempt the fact counts as handled, so that the ones behind it are not read for ever."""
        now, mine = self._clock.now(), {"event_id": event.id, "handler": reaction.name}
        reason = f"{type(error).__name__}: {error}"
        with self._database.writing() as connection:
            row = {**mine, "status": "failed", "attempts": 0, "error": reason, "failed_at": now}
            self._database.put(connection, EVENT_FAILURES, row, ["event_id", "handler"])
            attempts = connection.execute(_ONE_MORE, {**_bound(mine), "reason": reason, "now": now}).scalar_one()
            if attempts >= MAX_ATTEMPTS:
                connection.execute(_GIVE_UP, _bound(mine))
                self._database.put(connection, EVENT_HANDLINGS, {**mine, "handled_at": now}, ["event_id", "handler"])

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
            with self._database.writing() as connection:
                self._raise_low_water(connection, events[-1].id)
        return work

    def _raise_low_water(self, connection: sa.Connection, event_id: int) -> None:
        """All facts up to here are handled by everybody: the next drain starts behind them."""
        self._database.lock(connection, "events/low-water")  # there is one mark, whoever raises it
        mark = {"event_id": 0, "handler": f"{_MARK}{event_id:020d}", "handled_at": self._clock.now()}
        connection.execute(_FORGET_MARK)
        self._database.put(connection, EVENT_HANDLINGS, mark, ["event_id", "handler"])

    def _handle_together(self, work: list[Work], *, is_all: bool) -> tuple[int, list[tuple[Work, Exception]]]:
        """(how many were handled, what failed and why): one transaction, in which each may fail alone and then leaves no trace."""
        handled, failed = 0, list[tuple[Work, Exception]]()
        try:
            with self._database.writing() as connection:
                for one in work:
                    try:
                        with self._database.part_of(connection):
                            handled += self._handle(connection, *one)
                    except Exception as error:  # noqa: BLE001 - one bad fact must neither stop the rest nor fail its emitter's call
                        failed.append((one, error))
                if is_all and not failed:
                    self._raise_low_water(connection, work[-1][0].id)
        except Failure as error:
            return 0, [(one, error) for one in work]
        return handled, failed

    def _handle(self, connection: sa.Connection, event: Event, reaction: Reaction) -> int:
        """Claim and handle; whoever claimed it before has handled it."""
        claim = {"event_id": event.id, "handler": reaction.name, "handled_at": self._clock.now()}
        if self._database.put(connection, EVENT_HANDLINGS, claim, ["event_id", "handler"]) == 0:
            return 0
        self._react(connection, event, reaction)
        return 1

    def _react(self, connection: sa.Connection, event: Event, reaction: Reaction) -> None:
        inner = self._container.child(event)
        inner.put(connection, sa.Connection)
        inner.fill(reaction.function)


def _bound(mine: Mapping[str, Any]) -> dict[str, Any]:
    return {"of_event": mine["event_id"], "of_handler": mine["handler"]}
