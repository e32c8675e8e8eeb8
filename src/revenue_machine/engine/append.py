"""High-rate appends: one thread, one `executemany` and one commit for whatever came together."""

from __future__ import annotations

import queue
import threading
from concurrent.futures import Future
from typing import Any

import sqlalchemy as sa

from revenue_machine.engine.database import Database, StoreUnavailable

MOST_ROWS = 2_000


class Appender:
    """Queues rows of one table; a row's future is done when the row is on disk."""

    def __init__(self, database: Database, table: sa.Table, keys: list[str]) -> None:
        self._database, self._table, self._keys = database, table, keys
        self._queue: queue.SimpleQueue[tuple[dict[str, Any], Future[None]] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._mutex = threading.Lock()

    def append(self, row: dict[str, Any]) -> Future[None]:
        """Queue a row; a row with a known key changes nothing."""
        future: Future[None] = Future()
        # A waiter that gives up (a closed connection) cancels its wait, not the row.
        future.set_running_or_notify_cancel()
        with self._mutex:
            self._ensure_thread()
            self._queue.put((row, future))
        return future

    def close(self) -> None:
        """Write what is queued and stop."""
        with self._mutex:
            if self._thread is not None:
                self._queue.put(None)
                self._thread.join(timeout=30)
                self._thread = None

    def _ensure_thread(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name=f"append-{self._table.name}", daemon=True)
            self._thread.start()

    def _work(self) -> None:
        while (first := self._queue.get()) is not None:
            batch, is_last = self._gather(first)
            self._write(batch)
            if is_last:
                return

    def _gather(self, first: tuple[dict[str, Any], Future[None]]) -> tuple[list[tuple[dict[str, Any], Future[None]]], bool]:
        batch = [first]
        while len(batch) < MOST_ROWS:
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                break
            if item is None:
                return batch, True
            batch.append(item)
        return batch, False

    def _write(self, batch: list[tuple[dict[str, Any], Future[None]]]) -> None:
        try:
            with self._database.writing() as connection:
                self._database.put(connection, self._table, [row for row, _ in batch], self._keys)
        except Exception as error:  # noqa: BLE001 - whoever waits for the row gets the reason
            if len(batch) > 1 and not isinstance(error, StoreUnavailable):
                for one in batch:  # a bad row costs its own waiter, not those it came with
                    self._write([one])
                return
            for _, future in batch:
                future.set_exception(error)
            return
        for _, future in batch:
            future.set_result(None)
