"""`world.db`: what the fakes and the people remember, apart from the product's database."""

from __future__ import annotations

import functools
import json
import sqlite3
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from revenue_machine.kit.clock import iso, parse_instant
from revenue_machine.kit.fakeserver import HookOut
from revenue_machine.kit.settings import sandbox_key, sandbox_webhook_secret

_SCHEMA = """
create table if not exists documents (
    place integer primary key autoincrement, service text not null, kind text not null, key text not null,
    document text not null, unique (service, kind, key));
create table if not exists numbers (service text not null, name text not null, value integer not null, primary key (service, name));
create table if not exists journal (
    place integer primary key autoincrement, at text not null, service text not null, method text not null, path text not null,
    query text not null default '', idempotency_key text,
    request text not null, status integer, answer text, acted integer not null);
create table if not exists hooks (
    place integer primary key autoincrement, service text not null, key text not null, body blob not null, due_at text not null,
    attempts integer not null default 0, delivered_at text, given_up_at text, unique (service, key));
create index if not exists hooks_due on hooks (due_at) where delivered_at is null and given_up_at is null;
create table if not exists faults (
    place integer primary key autoincrement, service text not null, match text not null, kind text not null,
    remaining integer not null, starts_at text, ends_at text);
create table if not exists agenda (
    place integer primary key autoincrement, due_at text not null, kind text not null, key text not null, document text not null,
    unique (kind, key));
create index if not exists agenda_due on agenda (due_at);
create table if not exists truth (
    place integer primary key autoincrement, at text not null, kind text not null, person text not null, post_id text,
    channel text not null, offer text not null, amount_micro_usd integer not null, seen integer not null);
create index if not exists truth_kind on truth (kind, at);
create table if not exists exposures (
    place integer primary key autoincrement, at text not null, offer text not null, subject text not null, person text not null,
    arm text not null, chances text not null, people integer not null);
create index if not exists exposures_subject on exposures (offer, subject, at);
create table if not exists lived (behaviour text primary key, until text not null);
create table if not exists settings (name text primary key, value text not null);
"""
# Made once: `json.dumps` makes an encoder for every call that is not by its own taste.
_COMPACT = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)


class WorldStore:
    """One SQLite file shared by every process that lives in this world.

    It survives a killed process; it does not try to survive a power cut, because it is a rehearsal.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = threading.RLock()
        self._depth = 0
        self._connection = sqlite3.connect(path, timeout=30, check_same_thread=False, isolation_level=None)
        weakref.finalize(self, self._connection.close)
        self._connection.execute("pragma journal_mode=wal")
        self._connection.execute("pragma synchronous=off")
        self._connection.executescript(_SCHEMA)

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def together(self) -> Iterator[None]:
        """What happens inside is seen whole or not at all, also by other processes."""
        with self._lock:
            self._depth += 1
            try:
                if self._depth == 1:
                    self._connection.execute("begin immediate")
                yield
                if self._depth == 1:
                    self._connection.execute("commit")
            except BaseException:
                if self._depth == 1:
                    self._connection.execute("rollback")
                raise
            finally:
                self._depth -= 1

    @property
    def is_in_transaction(self) -> bool:
        """Whether this very process is in the middle of `together`."""
        return self._depth > 0

    def run(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._connection.execute(statement, values).fetchall()

    def setting(self, name: str) -> str | None:
        rows = self.run("select value from settings where name = ?", name)
        return rows[0][0] if rows else None

    def set_setting(self, name: str, value: str) -> None:
        self.run("insert into settings values (?, ?) on conflict (name) do update set value = excluded.value", name, value)

    def now(self) -> datetime:
        """The world's clock."""
        with self._lock:
            row = self._connection.execute("select value from settings where name = 'now'").fetchone()
        if row is None:
            raise RuntimeError("this world has no time yet")
        return _instant(row[0])

    def move_to(self, instant: datetime) -> None:
        self.set_setting("now", iso(instant))

    def reset(self) -> None:
        """Forget everything but the settings."""
        with self.together():
            for name in ("documents", "numbers", "journal", "hooks", "faults", "agenda", "truth", "exposures", "lived"):
                self.run(f"delete from {name}")  # noqa: S608 - names from the line above


@functools.lru_cache(maxsize=16)
def _instant(text: str) -> datetime:
    """The clock is read far more often than moved."""
    return parse_instant(text)


@dataclass(frozen=True)
class ServiceState:
    """The part of the world that belongs to one vendor (`kit.fakeserver.FakeState`)."""

    store: WorldStore
    service: str
    seed: int

    @property
    def api_key(self) -> str:
        return sandbox_key(self.service)

    @property
    def webhook_secret(self) -> str:
        return sandbox_webhook_secret(self.service)

    def now(self) -> datetime:
        return self.store.now()

    def put(self, kind: str, key: str, document: dict[str, Any]) -> None:
        self.store.run(
            "insert into documents (service, kind, key, document) values (?, ?, ?, ?) "
            "on conflict (service, kind, key) do update set document = excluded.document",
            self.service, kind, key, _COMPACT.encode(document),
        )  # fmt: skip

    def get(self, kind: str, key: str) -> dict[str, Any] | None:
        rows = self.store.run("select document from documents where service = ? and kind = ? and key = ?", self.service, kind, key)
        return json.loads(rows[0][0]) if rows else None

    def list(self, kind: str) -> list[dict[str, Any]]:
        rows = self.store.run("select document from documents where service = ? and kind = ? order by place", self.service, kind)
        return [json.loads(row[0]) for row in rows]

    def drop(self, kind: str, key: str) -> None:
        self.store.run("delete from documents where service = ? and kind = ? and key = ?", self.service, kind, key)

    def count(self, kind: str) -> int:
        return int(self.store.run("select count(*) from documents where service = ? and kind = ?", self.service, kind)[0][0])

    def count_all(self) -> int:
        """Documents of every kind."""
        return int(self.store.run("select count(*) from documents where service = ?", self.service)[0][0])

    def next_number(self, name: str) -> int:
        rows = self.store.run(
            "insert into numbers values (?, ?, 1) on conflict (service, name) do update set value = value + 1 returning value",
            self.service, name,
        )  # fmt: skip
        return int(rows[0][0])

    def send_hook(self, hook: HookOut) -> None:
        self.store.run(
            "insert into hooks (service, key, body, due_at) values (?, ?, ?, ?) on conflict do nothing",
            self.service, hook.key, hook.body, iso(hook.due_at),
        )  # fmt: skip
