"""Worker slots: each process holds the lowest free one, and a slot nobody holds belongs to a dead worker."""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol

import sqlalchemy as sa

from revenue_machine.engine.database import Database, StoreUnavailable
from revenue_machine.engine.tables import WORKERS
from revenue_machine.kit.clock import Clock, machine_wall_s
from revenue_machine.kit.errors import Conflict

MOST_SLOTS = 64
_LOCK_SPACE = 7_019


class Worker(Protocol):
    """Who does the work, and whether somebody else is alive."""

    name: str

    def is_busy_elsewhere(self, owner: str) -> bool:
        """Whether another live process holds that slot."""
        ...

    def alone_on(self, key: str) -> AbstractContextManager[None]:
        """Hold a key against the other threads of this process; `conflict` when one of them has it."""
        ...


class SlotLock(Protocol):
    """An operating-system or server lock that dies with its holder."""

    def take(self, slot: int) -> bool: ...

    def is_held(self, slot: int) -> bool: ...

    def free(self) -> None: ...


class FileSlots:
    """One lock file per slot beside the SQLite database."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder, self._held = folder, -1

    def take(self, slot: int) -> bool:
        handle = os.open(self._folder / f"slot-{slot}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return False
        self._held = handle
        return True

    def is_held(self, slot: int) -> bool:
        """Whether a live process holds that slot's file."""
        handle = os.open(self._folder / f"slot-{slot}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            # Shared, so that two who look at the same moment do not take each other for its holder.
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(handle)
        return False

    def free(self) -> None:
        if self._held >= 0:
            os.close(self._held)
            self._held = -1


class ServerSlots:
    """Advisory locks of one PostgreSQL session; they end with it, also on kill -9."""

    def __init__(self, engine: sa.Engine) -> None:
        self._connection: Any = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        self._connection.detach()  # a session of its own: given back to the pool it would live on, and its locks with it
        self._mutex = threading.Lock()

    def take(self, slot: int) -> bool:
        return bool(self._ask("select pg_try_advisory_lock(%s, %s)", slot))

    def is_held(self, slot: int) -> bool:
        query = (
            "select count(*) from pg_locks l join pg_database d on d.oid = l.database "
            "where d.datname = current_database() and l.locktype = 'advisory' and l.classid = %s and l.objid = %s and l.granted"
        )
        return int(self._ask(query, slot)) > 0

    def free(self) -> None:
        with self._mutex:
            # Said aloud, because the server notices the end of a session only a moment later.
            with contextlib.suppress(sa.exc.SQLAlchemyError):
                self._connection.exec_driver_sql("select pg_advisory_unlock_all()")
            self._connection.close()

    def _ask(self, query: str, slot: int) -> Any:
        """One answer from the session that holds the lock; once that is gone it stays gone."""
        with self._mutex:
            try:
                return self._connection.exec_driver_sql(query, (_LOCK_SPACE, slot)).scalar()
            except sa.exc.SQLAlchemyError as error:
                raise StoreUnavailable(f"the worker's session with the database has ended ({type(error).__name__})") from None


class Slot:
    """This process's place among the workers; its name is the durable engine's executor id."""

    def __init__(self, database: Database, clock: Clock, home: Path, role: str) -> None:
        self._database, self._clock, self._role = database, clock, role
        self._locks: SlotLock = FileSlots(home / "slots") if database.dialect == "sqlite" else ServerSlots(database.engine)
        self.number = self._take()
        self.name = f"slot-{self.number}"
        self._busy_keys: set[str] = set()
        self._mutex = threading.Lock()
        self.beat()

    def _take(self) -> int:
        for slot in range(MOST_SLOTS):
            if self._locks.take(slot):
                return slot
        raise Conflict(f"all {MOST_SLOTS} worker slots are taken")

    def is_busy_elsewhere(self, owner: str) -> bool:
        return owner != self.name and owner.startswith("slot-") and self._locks.is_held(int(owner.removeprefix("slot-")))

    @contextmanager
    def alone_on(self, key: str) -> Iterator[None]:
        """Hold a key against the other threads of this process."""
        with self._mutex:
            if key in self._busy_keys:
                raise Conflict(f"{key} is being done right now")
            self._busy_keys.add(key)
        try:
            yield
        finally:
            with self._mutex:
                self._busy_keys.discard(key)

    def beat(self) -> None:
        """Say that this worker lives."""
        row = {
            "slot": self.name, "process": f"{socket.gethostname()}:{os.getpid()}", "role": self._role,
            "started_at": self._clock.now(), "beat_machine_s": machine_wall_s(),
        }  # fmt: skip
        with self._database.writing() as connection:
            self._database.put(connection, WORKERS, row, ["slot"], ["process", "role", "started_at", "beat_machine_s"])

    def is_held(self) -> bool:
        """Whether this process still holds its own slot; a lost server session has lost it."""
        try:
            return self._locks.is_held(self.number)
        except StoreUnavailable:
            return False

    def dead_slots(self) -> list[str]:
        """Slots that were used and that no live process holds."""
        with self._database.reading() as connection:
            names = [row[0] for row in connection.execute(sa.select(WORKERS.c.slot).order_by(WORKERS.c.slot))]
        return [name for name in names if name != self.name and not self.is_busy_elsewhere(name)]

    def free(self) -> None:
        """Leave the slot to the next."""
        self._locks.free()
