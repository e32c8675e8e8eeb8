"""Webhooks: stored before they are acknowledged, each once, handled after, replayable when that fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import sqlalchemy as sa

from revenue_machine.engine.audit import Audit
from revenue_machine.engine.container import Container
from revenue_machine.engine.database import Database
from revenue_machine.engine.tables import HOOK_INBOX
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.errors import NotFound
from revenue_machine.kit.hooks import HookEvent, hook_json

F = TypeVar("F", bound=Callable[..., None])
MAX_ATTEMPTS = 3
# Built once: every turn asks the one, every webhook runs the other.
_CLAIM = (
    HOOK_INBOX.update()
    .where(HOOK_INBOX.c.id == sa.bindparam("hook_id"), HOOK_INBOX.c.status == "received")
    .values(status="handled", handled_at=sa.bindparam("now"), attempts=HOOK_INBOX.c.attempts + 1)
)
_RECEIVED = sa.select(HOOK_INBOX).where(HOOK_INBOX.c.status == "received").order_by(HOOK_INBOX.c.id)


@dataclass(frozen=True)
class StoredHook:
    """A verified webhook as it lies in the inbox; `payload` is its body as JSON."""

    id: int
    service: str
    external_id: str
    kind: str
    subject: str | None
    is_sandbox: bool
    occurred_at: datetime
    payload: dict[str, Any]


def on_hook(service: str, *kinds: str) -> Callable[[F], F]:
    """Declare what a webhook means in `domains/<d>/webhooks.py`; without kinds, every kind of the service."""

    def declare(function: F) -> F:
        function.__hook__ = (service, kinds)  # type: ignore[attr-defined]
        return function

    return declare


@dataclass(frozen=True)
class HookReader:
    """One handler, named by its domain and function."""

    name: str
    service: str
    kinds: tuple[str, ...]
    function: Callable[..., None]


class Inbox:
    """Stores and drains webhooks; the store is the only thing between a vendor and its 200."""

    def __init__(self, database: Database, clock: Clock, audit: Audit, readers: list[HookReader], container: Container) -> None:
        self._database, self._clock, self._audit, self._container = database, clock, audit, container
        self._readers = sorted(readers, key=lambda one: one.name)

    def store(self, service: str, event: HookEvent, body: bytes) -> bool:
        """Keep a verified webhook; False when this one is known already (then nothing changes)."""
        row = {
            "service": service, "external_id": event.external_id, "kind": event.kind, "subject": event.subject,
            "body": body.decode("utf-8"), "is_sandbox": event.is_sandbox, "occurred_at": event.occurred_at,
            "received_at": self._clock.now(), "status": "received", "attempts": 0,
        }  # fmt: skip
        with self._database.writing() as connection:
            fresh = self._database.put(connection, HOOK_INBOX, row, ["service", "external_id"]) > 0
            if fresh:
                self._audit.note(connection, service, "webhook.received", event.external_id, event.kind)
            else:
                self._audit.note(connection, service, "webhook.repeated", event.external_id, event.kind)
        return fresh

    def drain(self) -> int:
        """Handle what was received, in the order it came; returns how many were handled."""
        with self._database.reading() as connection:
            rows = connection.execute(_RECEIVED).mappings().all()
        return sum(self._handle(dict(row)) for row in rows)

    def dead_letters(self) -> list[int]:
        """Webhooks that were given up, oldest first."""
        query = sa.select(HOOK_INBOX.c.id).where(HOOK_INBOX.c.status == "dead").order_by(HOOK_INBOX.c.id)
        with self._database.reading() as connection:
            return list(connection.execute(query).scalars())

    def replay(self, hook_id: int) -> None:
        """Put a dead letter back in line. Raises: not_found when no dead letter has that number."""
        dead = sa.and_(HOOK_INBOX.c.id == hook_id, HOOK_INBOX.c.status == "dead")
        with self._database.writing() as connection:
            if not connection.execute(HOOK_INBOX.update().where(dead).values(status="received", attempts=0)).rowcount:
                raise NotFound(f"there is no dead webhook {hook_id}", field="hook_id")

    def _handle(self, row: dict[str, Any]) -> int:
        try:
            with self._database.writing() as connection:
                self._claim(connection, row["id"])
                self._read(connection, row)
        except _TakenElsewhere:
            return 0
        except Exception as error:  # noqa: BLE001 - one webhook nobody can read must not stop the ones behind it
            self._give_up(row, error)
            return 0
        return 1

    def _claim(self, connection: sa.Connection, hook_id: int) -> None:
        if connection.execute(_CLAIM, {"hook_id": hook_id, "now": self._clock.now()}).rowcount == 0:
            raise _TakenElsewhere

    def _read(self, connection: sa.Connection, row: dict[str, Any]) -> None:
        hook = StoredHook(
            row["id"], row["service"], row["external_id"], row["kind"], row["subject"], row["is_sandbox"], row["occurred_at"],
            hook_json(row["body"].encode()),
        )  # fmt: skip
        for reader in self._readers:
            if reader.service == hook.service and (not reader.kinds or hook.kind in reader.kinds):
                inner = self._container.child(hook)
                inner.put(connection, sa.Connection)
                inner.fill(reader.function)

    def _give_up(self, row: dict[str, Any], error: Exception) -> None:
        """Nothing of the attempt stays but its reason; after the last one it is a dead letter somebody can see."""
        attempts = row["attempts"] + 1
        with self._database.writing() as connection:
            # Another worker may have handled it meanwhile; that stands.
            connection.execute(
                HOOK_INBOX.update()
                .where(HOOK_INBOX.c.id == row["id"], HOOK_INBOX.c.status == "received")
                .values(
                    status="dead" if attempts >= MAX_ATTEMPTS else "received",
                    attempts=attempts,
                    error=f"{type(error).__name__}: {error}",
                )
            )
            self._audit.note(connection, row["service"], "webhook.failed", row["external_id"], type(error).__name__)


class _TakenElsewhere(Exception):
    """Another worker has this webhook."""
