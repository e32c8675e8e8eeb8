"""Group commit: whatever waits is written in one transaction, and nobody is answered before it is on disk."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import sqlalchemy as sa

from revenue_machine.engine.database import Database, StoreUnavailable

Item = TypeVar("Item")
Result = TypeVar("Result")
MOST_ITEMS = 500
# Beyond this many the disk cannot follow: better to send a caller away than to fill the memory.
MOST_WAITING = 20_000
Loop = asyncio.AbstractEventLoop


class _Wait(Generic[Item, Result]):
    """One item and who waits for it: a thread that looks when it is its turn, or a task of a loop."""

    __slots__ = ("error", "is_done", "item", "loop", "result", "task")

    def __init__(self, item: Item, loop: Loop | None = None) -> None:
        self.item, self.loop = item, loop
        self.task: asyncio.Future[Result] | None = None if loop is None else loop.create_future()
        self.result: Result | None = None
        self.error: Exception | None = None
        self.is_done = False


class GroupCommit(Generic[Item, Result]):
    """Writes items in the order they came, as many per transaction as came together (at most `most`).

    `write` gets the connection and the items and answers one result for each; it is called again with a single item when a
    batch failed by one of its rows, so that a bad row costs its own waiter and not those it came with.
    """

    def __init__(
        self, database: Database, write: Callable[[sa.Connection, Sequence[Item]], Sequence[Result]], *, most: int = MOST_ITEMS
    ) -> None:  # fmt: skip
        self._database, self._write, self._most = database, write, most
        self._waiting: deque[_Wait[Item, Result]] = deque()
        self._turn = threading.Lock()
        self._mutex = threading.Lock()
        self._is_flushing = False

    def put(self, item: Item) -> Result:
        """Write an item and whatever else waits; returns when it is on disk. Raises: what the database says."""
        wait: _Wait[Item, Result] = _Wait(item)
        self._waiting.append(wait)
        while not wait.is_done:
            with self._turn:
                if not wait.is_done:
                    self._write_batch()
        return _outcome(wait)

    async def put_soon(self, item: Item) -> Result:
        """The same for a task: the loop goes on while a thread writes.

        Raises: what the database says; outside_unavailable at once while too much waits.
        """
        if len(self._waiting) >= MOST_WAITING:
            raise StoreUnavailable("too much waits to be written")
        loop = asyncio.get_running_loop()
        wait: _Wait[Item, Result] = _Wait(item, loop)
        assert wait.task is not None  # noqa: S101 - made above
        self._waiting.append(wait)
        with self._mutex:
            starts, self._is_flushing = not self._is_flushing, True
        if starts:
            # One turn later: whoever knocked in the same moment comes along.
            loop.call_soon(loop.run_in_executor, None, self._flush)
        return await wait.task

    def _flush(self) -> None:
        while True:
            with self._turn:
                self._write_batch()
            with self._mutex:
                if not self._waiting:
                    self._is_flushing = False
                    return

    def _write_batch(self) -> None:
        batch: list[_Wait[Item, Result]] = []
        while self._waiting and len(batch) < self._most:
            batch.append(self._waiting.popleft())
        if batch:
            self._settle(batch)
            _tell(batch)

    def _settle(self, batch: list[_Wait[Item, Result]]) -> None:
        try:
            with self._database.writing() as connection:
                results = self._write(connection, [wait.item for wait in batch])
        except Exception as error:  # noqa: BLE001 - whoever waits gets the reason
            if len(batch) > 1 and not isinstance(error, StoreUnavailable):
                for one in batch:
                    self._settle([one])
                return
            for wait in batch:
                wait.error, wait.is_done = error, True
            return
        for wait, result in zip(batch, results, strict=True):
            wait.result, wait.is_done = result, True


def _outcome(wait: _Wait[Item, Result]) -> Result:
    if wait.error is not None:
        raise wait.error
    return wait.result  # type: ignore[return-value]


def _tell(batch: Sequence[_Wait[Item, Result]]) -> None:
    """Wake the tasks, with one call per loop however many there are."""
    by_loop: dict[Loop, list[_Wait[Item, Result]]] = {}
    for wait in batch:
        if wait.loop is not None:
            by_loop.setdefault(wait.loop, []).append(wait)
    for loop, waits in by_loop.items():
        if not loop.is_closed():
            loop.call_soon_threadsafe(_wake, waits)


def _wake(waits: Sequence[_Wait[Item, Result]]) -> None:
    for wait in waits:
        task = wait.task
        if task is None or task.done():  # its connection was closed; the row stands
            continue
        if wait.error is not None:
            task.set_exception(wait.error)
        else:
            task.set_result(wait.result)  # type: ignore[arg-type]
