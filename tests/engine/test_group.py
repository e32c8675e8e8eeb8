"""Whoever waits together shares a commit, is answered after it, and pays only for their own mistakes."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from revenue_machine.engine import group
from revenue_machine.engine.database import Database, StoreUnavailable
from revenue_machine.engine.group import GroupCommit
from revenue_machine.engine.tables import META
from revenue_machine.kit.errors import Conflict


def write(connection: sa.Connection, names: Sequence[str]) -> list[str]:
    connection.execute(META.insert(), [{"name": name, "value": None if name.startswith("bad") else "v"} for name in names])
    return [name.upper() for name in names]


def stored(database: Database) -> list[str]:
    with database.reading() as connection:
        return list(connection.execute(sa.select(META.c.name).order_by(META.c.name)).scalars())


@pytest.fixture
def commits(database: Database) -> list[int]:
    counted: list[int] = []
    sa.event.listen(database.engine, "commit", lambda _connection: counted.append(1))
    return counted


def test_each_waiter_gets_its_own_answer_after_the_commit(database: Database, commits: list[int]) -> None:
    door = GroupCommit(database, write)

    async def put(name: str) -> tuple[str, bool]:
        answer = await door.put_soon(name)
        return answer, name in stored(database)

    async def together() -> list[tuple[str, bool]]:
        return await asyncio.gather(*(put(f"n{number:03}") for number in range(200)))

    assert asyncio.run(together()) == [(f"N{number:03}", True) for number in range(200)]
    assert len(commits) < 50


def test_threads_that_wait_share_commits(database: Database, commits: list[int]) -> None:
    door = GroupCommit(database, write)
    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(door.put, (f"n{number:03}" for number in range(100)))) == [f"N{number:03}" for number in range(100)]
    assert len(stored(database)) == 100
    assert len(commits) <= 100


def test_limit_of_one_is_a_commit_each(database: Database, commits: list[int]) -> None:
    door = GroupCommit(database, write, most=1)

    async def together() -> None:
        await asyncio.gather(*(door.put_soon(f"n{number}") for number in range(10)))

    asyncio.run(together())
    assert len(commits) == 10


def test_bad_item_costs_its_own_waiter(database: Database) -> None:
    door = GroupCommit(database, write)

    async def together() -> list[object]:
        return await asyncio.gather(*(door.put_soon(name) for name in ("a", "bad", "b")), return_exceptions=True)

    found = asyncio.run(together())
    assert (found[0], found[2], type(found[1])) == ("A", "B", Conflict)
    assert stored(database) == ["a", "b"]


def test_outage_reaches_every_waiter_and_ends(tmp_path_factory: pytest.TempPathFactory) -> None:
    empty = Database(f"sqlite:///{tmp_path_factory.mktemp('empty')}/none.db")
    door = GroupCommit(empty, write)

    async def together() -> list[object]:
        return await asyncio.gather(*(door.put_soon(name) for name in ("a", "b")), return_exceptions=True)

    assert [type(one) for one in asyncio.run(together())] == [StoreUnavailable, StoreUnavailable]
    with pytest.raises(StoreUnavailable):
        door.put("c")
    empty.close()


def test_waiter_that_gives_up_keeps_its_row(database: Database) -> None:
    held, released = threading.Event(), threading.Event()

    def slowly(connection: sa.Connection, names: Sequence[str]) -> list[str]:
        held.set()
        released.wait(20)
        return write(connection, names)

    door = GroupCommit(database, slowly)

    async def give_up() -> None:
        task = asyncio.ensure_future(door.put_soon("a"))
        await asyncio.get_running_loop().run_in_executor(None, held.wait, 20)
        task.cancel()
        released.set()

    asyncio.run(give_up())
    assert stored(database) == ["a"]


def test_too_long_a_line_sends_away_at_once(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group, "MOST_WAITING", 0)
    with pytest.raises(StoreUnavailable, match="too much waits"):
        asyncio.run(GroupCommit(database, write).put_soon("a"))
    assert stored(database) == []
