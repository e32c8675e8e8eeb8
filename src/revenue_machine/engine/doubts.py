"""Effects nobody can vouch for: which intents are in doubt, and what the domains know to do about them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

import sqlalchemy as sa

from revenue_machine.engine.audit import Audit
from revenue_machine.engine.call import Call
from revenue_machine.engine.container import Container
from revenue_machine.engine.database import Database
from revenue_machine.engine.gates import Chokepoint
from revenue_machine.engine.ledger import Entry, Ledger
from revenue_machine.engine.tables import INTENTS
from revenue_machine.engine.workers import Worker
from revenue_machine.kit.errors import Conflict, Failure

F = TypeVar("F", bound=Callable[..., bool])
IN_DOUBT = ("sent", "unknown")
# Built once: every turn asks it.
_IN_DOUBT = sa.select(INTENTS).where(INTENTS.c.state.in_(IN_DOUBT)).order_by(INTENTS.c.created_at, INTENTS.c.id)


@dataclass(frozen=True)
class Doubt:
    """An intent that was sent and has neither an answer nor a refusal, and whose sender is gone."""

    intent_id: str
    key: str
    service: str
    operation: str
    topic: str
    run_id: str
    state: str
    attempt: int
    worst_case_micro_usd: int | None
    created_at: datetime

    @property
    def business_key(self) -> str:
        """The key its topic gave it."""
        return self.key.removeprefix(f"{self.service}.{self.operation}/")


@dataclass(frozen=True)
class Settler:
    """One domain's way to settle doubts of some effects; named by its domain and function."""

    name: str
    effects: tuple[str, ...]
    function: Callable[..., bool]


def settles(*effects: str) -> Callable[[F], F]:
    """Declare in `domains/<d>/reconcile.py` how a doubt about `service.operation` is settled.

    The function gets the `Doubt` and whatever it asks for by type, and answers whether the doubt is gone.
    """

    def declare(function: F) -> F:
        function.__settles__ = effects  # type: ignore[attr-defined]
        return function

    return declare


class Doubts:
    """Finds doubts, hands each to the domain that knows about it, and reports what stays."""

    def __init__(
        self,
        *,
        database: Database,
        worker: Worker,
        chokepoint: Chokepoint,
        ledger: Ledger,
        audit: Audit,
        settlers: Sequence[Settler],
        container: Container,
    ) -> None:
        self._database, self._worker, self._chokepoint, self._ledger, self._audit = database, worker, chokepoint, ledger, audit
        self._by_effect = {effect: one for one in settlers for effect in one.effects}
        self._container = container

    def open(self) -> list[Doubt]:
        """Every doubt, oldest first; what a live worker is sending right now is none."""
        with self._database.reading() as connection:
            rows = connection.execute(_IN_DOUBT).mappings().all()
        names = (
            "key", "service", "operation", "topic", "run_id", "state", "attempt", "worst_case_micro_usd", "created_at",
        )  # fmt: skip
        return [
            Doubt(intent_id=row["id"], **{name: row[name] for name in names})
            for row in rows
            if not (row["state"] == "sent" and self._is_in_flight(row["key"], row["owner"]))
        ]

    def settle(self, doubt: Doubt, call: Call) -> bool:
        """Let the domain that knows this effect settle it; False when none does or it could not."""
        settler = self._by_effect.get(f"{doubt.service}.{doubt.operation}")
        if settler is None:
            return False
        inner = self._container.child(doubt, replace(call, topic=doubt.topic, key=f"{call.key}/{doubt.intent_id}"))
        try:
            return bool(inner.fill(settler.function))
        except Failure as failure:
            with self._database.writing() as connection:
                self._audit.note(
                    connection, call.actor, f"reconcile.{settler.name}", doubt.key, failure.code, detail=failure.message
                )
            return False

    def book_and_close(self, doubt: Doubt, entry: Entry | None, *, actor: str, why: str) -> bool:
        """Post what the doubt costs, give its hold back and let its topic try again; False when it was settled meanwhile."""
        with self._worker.alone_on(doubt.key), self._database.writing() as connection:
            closed = connection.execute(
                INTENTS.update()
                .where(INTENTS.c.key == doubt.key, INTENTS.c.state == doubt.state, INTENTS.c.attempt == doubt.attempt)
                .values(state="refused", error=why)
            )
            if closed.rowcount == 0:
                return False
            if entry is not None:
                self._ledger.book(connection, entry)
            self._chokepoint.settle(connection, doubt.key)
            self._audit.note(connection, actor, f"effect.{doubt.operation}", doubt.key, "refused", detail=why)
        return True

    def _is_in_flight(self, key: str, owner: str) -> bool:
        """Whether the sender still lives: in another process, or as another thread of this one."""
        if self._worker.is_busy_elsewhere(owner):
            return True
        try:
            with self._worker.alone_on(key):
                return False
        except Conflict:
            return True
