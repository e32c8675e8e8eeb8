"""Webhooks: stored before they are acknowledged, each once, handled after, replayable when that fails."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from revenue_machine.engine.audit import Audit
from revenue_machine.engine.container import Container
from revenue_machine.engine.database import Database
from revenue_machine.engine.group import MOST_ITEMS, GroupCommit
from revenue_machine.engine.tables import HOOK_INBOX
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.errors import NotFound
from revenue_machine.kit.hooks import HookEvent, hook_json

F = TypeVar("F", bound=Callable[..., None])
MAX_ATTEMPTS = 3
# Vendors repeat a webhook for three days; an id is known for good, the body of a handled one only so long.
BODY_KEPT_FOR = timedelta(days=90)
_PAGE = 200
# Built once: every turn asks the one, every webhook runs the other.
_CLAIM = (
    HOOK_INBOX.update()
    .where(HOOK_INBOX.c.id == sa.bindparam("hook_id"), HOOK_INBOX.c.status == "received")
    .values(status="handled", handled_at=sa.bindparam("now"), attempts=HOOK_INBOX.c.attempts + 1)
)
_RECEIVED = (
    sa.select(HOOK_INBOX)
    .where(HOOK_INBOX.c.status == "received", HOOK_INBOX.c.id > sa.bindparam("after"))
    .order_by(HOOK_INBOX.c.id)
    .limit(_PAGE)
)
_DEAD = (
    sa.select(*(HOOK_INBOX.c[name] for name in ("id", "service", "kind", "external_id", "received_at", "attempts", "error")))
    .where(HOOK_INBOX.c.status == "dead")
    .order_by(HOOK_INBOX.c.id)
)
_KEEP: dict[str, Any] = {
    dialect: insert(HOOK_INBOX)
    .on_conflict_do_nothing(index_elements=["service", "external_id"])
    .returning(HOOK_INBOX.c.service, HOOK_INBOX.c.external_id)
    for dialect, insert in (("sqlite", sqlite.insert), ("postgresql", postgresql.insert))
}


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


@dataclass(frozen=True)
class DeadHook:
    """A webhook that was given up, and why."""

    id: int
    service: str
    kind: str
    external_id: str
    received_at: datetime
    attempts: int
    error: str | None


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


@dataclass(frozen=True, slots=True)
class _Arrival:
    """A verified webhook at the door; `is_found` when we had to ask for it because it never came."""

    service: str
    event: HookEvent
    body: str
    is_found: bool = False


@dataclass(frozen=True, slots=True)
class _Refusal:
    """A webhook that proved nothing: only noted."""

    service: str
    code: str


class Inbox:
    """Stores and drains webhooks; the store is the only thing between a vendor and its 200.

    Webhooks that come together share a commit, their audit notes too.
    """

    def __init__(self, database: Database, clock: Clock, audit: Audit, readers: list[HookReader], container: Container) -> None:
        self._database, self._clock, self._audit, self._container = database, clock, audit, container
        self._readers = sorted(readers, key=lambda one: one.name)
        self._door: GroupCommit[_Arrival | _Refusal, bool] = GroupCommit(database, self._keep)

    def store(self, service: str, event: HookEvent, body: bytes) -> bool:
        """Keep a verified webhook; False when this one is known already (then nothing changes)."""
        return self._door.put(_Arrival(service, event, body.decode("utf-8")))

    async def store_soon(self, service: str, event: HookEvent, body: bytes) -> bool:
        """The same for a task of the web face."""
        return await self._door.put_soon(_Arrival(service, event, body.decode("utf-8")))

    def refuse(self, service: str, code: str) -> None:
        """Note that somebody knocked who could not prove who they are."""
        self._door.put(_Refusal(service, code))

    async def refuse_soon(self, service: str, code: str) -> None:
        """The same for a task of the web face."""
        await self._door.put_soon(_Refusal(service, code))

    def catch_up(self, service: str, found: Sequence[tuple[HookEvent, bytes]]) -> list[str]:
        """Keep what a vendor's own list says and no webhook brought; the ids that were missing."""
        arrivals = [_Arrival(service, event, body.decode("utf-8"), is_found=True) for event, body in found]
        missing: list[str] = []
        for start in range(0, len(arrivals), MOST_ITEMS):
            batch = arrivals[start : start + MOST_ITEMS]
            with self._database.writing() as connection:
                fresh = self._keep(connection, batch)
            missing += [one.event.external_id for one, is_new in zip(batch, fresh, strict=True) if is_new]
        return missing

    def _keep(self, connection: sa.Connection, batch: Sequence[_Arrival | _Refusal]) -> list[bool]:
        """One statement for the webhooks and one for the notes; whose id the database took is new."""
        now = self._clock.now()
        rows = [_row(one, now) for one in batch if isinstance(one, _Arrival)]
        taken = {(row[0], row[1]) for row in connection.execute(_KEEP[self._database.dialect], rows)} if rows else set()
        notes, fresh = [], []
        for one in batch:
            if isinstance(one, _Refusal):
                notes.append((one.service, "webhook.refused", one.service, one.code))
                fresh.append(False)
                continue
            key = (one.service, one.event.external_id)
            fresh.append(key in taken)
            taken.discard(key)
            if fresh[-1] or not one.is_found:
                word = "webhook.repeated" if not fresh[-1] else "webhook.found" if one.is_found else "webhook.received"
                notes.append((one.service, word, one.event.external_id, one.event.kind))
        self._audit.note_all(connection, notes)
        return fresh

    def drain(self) -> int:
        """Handle what was received, in the order it came; returns how many were handled."""
        handled, after = 0, 0
        while rows := self._received(after):
            handled += sum(self._handle(row) for row in rows)
            after = rows[-1]["id"]
        return handled

    def _received(self, after: int) -> list[dict[str, Any]]:
        with self._database.reading() as connection:
            return [dict(row) for row in connection.execute(_RECEIVED, {"after": after}).mappings()]

    def trim(self) -> int:
        """Empty the bodies of webhooks handled long ago; their ids stay, so that they are known for good."""
        old = sa.and_(
            HOOK_INBOX.c.status == "handled", HOOK_INBOX.c.received_at < self._clock.now() - BODY_KEPT_FOR, HOOK_INBOX.c.body != ""
        )
        with self._database.writing() as connection:
            return int(connection.execute(HOOK_INBOX.update().where(old).values(body="")).rowcount)

    def dead_hooks(self) -> list[DeadHook]:
        """Webhooks that were given up, with their reasons, oldest first."""
        with self._database.reading() as connection:
            return [DeadHook(*row) for row in connection.execute(_DEAD)]

    def dead_letters(self) -> list[int]:
        """Webhooks that were given up, oldest first."""
        return [one.id for one in self.dead_hooks()]

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


def _row(one: _Arrival, now: datetime) -> dict[str, Any]:
    event = one.event
    return {
        "service": one.service, "external_id": event.external_id, "kind": event.kind, "subject": event.subject, "body": one.body,
        "is_sandbox": event.is_sandbox, "occurred_at": event.occurred_at, "received_at": now, "status": "received", "attempts": 0,
    }  # fmt: skip


class _TakenElsewhere(Exception):
    """Another worker has this webhook."""
