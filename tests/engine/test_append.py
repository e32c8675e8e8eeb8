"""Appends share a commit, know duplicates, and answer every waiter with its own outcome."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from revenue_machine.engine.append import Appender
from revenue_machine.engine.database import Database, StoreUnavailable
from revenue_machine.engine.tables import META
from revenue_machine.kit.errors import Conflict


@pytest.fixture
def appender(database: Database) -> Iterator[Appender]:
    own = Appender(database, META, ["name"])
    yield own
    own.close()


def row(name: str, value: str | None = "v") -> dict[str, str | None]:
    return {"name": name, "value": value}


def stored(database: Database) -> dict[str, str]:
    with database.reading() as connection:
        return {one.name: one.value for one in connection.execute(sa.select(META))}


def test_a_finished_future_means_on_disk(database: Database, appender: Appender) -> None:
    appender.append(row("a")).result(timeout=30)
    assert stored(database) == {"a": "v"}


def test_rows_that_come_together_share_commits(database: Database, appender: Appender) -> None:
    commits: list[int] = []
    sa.event.listen(database.engine, "commit", lambda _connection: commits.append(1))
    with ThreadPoolExecutor(8) as pool:
        futures = list(pool.map(lambda number: appender.append(row(f"n{number:04}")), range(2_000)))
    for one in futures:
        one.result(timeout=60)
    assert len(stored(database)) == 2_000
    assert len(commits) < 400


def test_a_known_key_changes_nothing(database: Database, appender: Appender) -> None:
    for value in ("first", "second"):
        appender.append(row("a", value)).result(timeout=30)
    assert stored(database) == {"a": "first"}


def test_a_batch_may_hold_the_same_key_twice(database: Database, appender: Appender) -> None:
    appender._write([(row("a", "first"), Future()), (row("a", "second"), Future())])
    assert stored(database) == {"a": "first"}


def test_a_bad_row_costs_its_own_waiter_only(database: Database, appender: Appender) -> None:
    batch = [(row("a"), Future[None]()), (row("bad", None), Future[None]()), (row("b"), Future[None]())]
    appender._write(batch)
    assert isinstance(batch[1][1].exception(timeout=1), Conflict)
    assert [batch[place][1].result(timeout=1) for place in (0, 2)] == [None, None]
    assert stored(database) == {"a": "v", "b": "v"}


def test_an_outage_reaches_every_waiter(tmp_path_factory: pytest.TempPathFactory) -> None:
    empty = Database(f"sqlite:///{tmp_path_factory.mktemp('empty')}/none.db")
    appender = Appender(empty, META, ["name"])
    futures = [appender.append(row(name)) for name in ("a", "b")]
    assert [type(one.exception(timeout=30)) for one in futures] == [StoreUnavailable, StoreUnavailable]
    appender.close()
    empty.close()


def test_a_waiter_that_gives_up_harms_nobody(database: Database, appender: Appender) -> None:
    """A browser that closes its connection cancels the wait; the thread and the row live on."""

    async def give_up() -> None:
        waiting = asyncio.wrap_future(appender.append(row("a")))
        waiting.cancel()

    asyncio.run(give_up())
    future = appender.append(row("b"))
    assert not future.cancel()
    future.result(timeout=30)
    assert sorted(stored(database)) == ["a", "b"]


def test_closing_writes_what_is_queued(database: Database, appender: Appender) -> None:
    futures = [appender.append(row(f"n{number}")) for number in range(50)]
    appender.close()
    assert all(one.done() for one in futures)
    assert len(stored(database)) == 50
    appender.append(row("after")).result(timeout=30)
    assert "after" in stored(database)


def test_closing_waits_for_an_append_under_way(appender: Appender, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between finding the thread alive and queueing the row nobody may end that thread."""
    ensure, closer = appender._ensure_thread, threading.Thread(target=appender.close)

    def ensure_while_closing() -> None:
        ensure()
        closer.start()
        closer.join(timeout=0.5)

    monkeypatch.setattr(appender, "_ensure_thread", ensure_while_closing)
    appender.append(row("a")).result(timeout=10)
    closer.join()


def test_no_append_is_lost_while_closing(database: Database, appender: Appender) -> None:
    def write(worker: int) -> None:
        for number in range(40):
            appender.append(row(f"{worker}-{number}")).result(timeout=30)

    with ThreadPoolExecutor(4) as pool:
        writers = [pool.submit(write, worker) for worker in range(3)]
        for _ in range(10):
            appender.close()
        for one in writers:
            one.result(timeout=60)
    assert len(stored(database)) == 120
