"""Slots: the lowest free one, held by the living (also the stopped), left by the dead."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from revenue_machine.engine.database import Database
from revenue_machine.engine.tables import WORKERS
from revenue_machine.engine.workers import MOST_SLOTS, FileSlots, Slot
from revenue_machine.kit.clock import PushedClock
from revenue_machine.kit.errors import Conflict, Failure

OTHER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from revenue_machine.engine.database import Database
from revenue_machine.engine.workers import Slot
from revenue_machine.kit.clock import PushedClock
slot = Slot(Database(sys.argv[1]), PushedClock(datetime(2026, 11, 2, tzinfo=UTC)), Path(sys.argv[2]), "worker")
print(slot.name, flush=True)
sys.stdin.read()
"""


@contextlib.contextmanager
def another_process(database: Database, home: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A live worker of its own; (process, the slot it took)."""
    words = [sys.executable, "-c", OTHER, database.url, str(home)]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield process, process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


@pytest.fixture
def slot(database: Database, clock: PushedClock, tmp_path: Path) -> Iterator[Slot]:
    own = Slot(database, clock, tmp_path, "cli")
    yield own
    own.free()


def test_each_process_takes_the_lowest_free_slot(database: Database, clock: PushedClock, tmp_path: Path) -> None:
    slots = [Slot(database, clock, tmp_path, "worker") for _ in range(3)]
    assert [one.name for one in slots] == ["slot-0", "slot-1", "slot-2"]
    slots[1].free()
    fresh = Slot(database, clock, tmp_path, "worker")
    assert fresh.name == "slot-1"
    for one in (*slots, fresh):
        one.free()


def test_parallel_starters_get_different_slots(database: Database, clock: PushedClock, tmp_path: Path) -> None:
    gate = threading.Barrier(6)

    def start(_: int) -> Slot:
        gate.wait()
        return Slot(database, clock, tmp_path, "worker")

    with ThreadPoolExecutor(6) as pool:
        slots = list(pool.map(start, range(6)))
    assert len({one.name for one in slots}) == 6
    for one in slots:
        one.free()


def test_a_full_house_says_so(clock: PushedClock, tmp_path: Path, slot: Slot) -> None:
    held = [FileSlots(tmp_path / "slots") for _ in range(MOST_SLOTS)]
    for number, one in enumerate(held):
        one.take(number)  # on SQLite the first is the fixture's already
    own, slot._locks = slot._locks, FileSlots(tmp_path / "slots")
    with pytest.raises(Conflict, match="all 64 worker slots are taken"):
        slot._take()
    slot._locks = own
    for one in held:
        one.free()


def test_a_stopped_worker_is_alive_and_a_killed_one_dead(database: Database, slot: Slot, tmp_path: Path) -> None:
    with another_process(database, tmp_path) as (process, name):
        assert name == "slot-1"
        assert slot.is_busy_elsewhere(name)
        os.kill(process.pid, signal.SIGSTOP)
        assert slot.is_busy_elsewhere(name)
        assert slot.dead_slots() == []
        os.kill(process.pid, signal.SIGCONT)
        process.kill()
        process.wait()
        for _ in range(100):  # a server notices the end of a session a moment later
            if not slot.is_busy_elsewhere(name):
                break
            threading.Event().wait(0.05)
        assert slot.dead_slots() == ["slot-1"]


def test_ones_own_slot_is_neither_elsewhere_nor_dead(slot: Slot) -> None:
    assert slot.is_held()
    assert not slot.is_busy_elsewhere(slot.name)
    assert not slot.is_busy_elsewhere("a person")
    assert slot.dead_slots() == []


def test_looking_from_many_threads_disturbs_nobody(database: Database, clock: PushedClock, slot: Slot, tmp_path: Path) -> None:
    """Slot 1 is dead: no two lookers may take each other for its holder."""
    other = Slot(database, clock, tmp_path, "worker")
    other.free()
    with ThreadPoolExecutor(8) as pool:
        seen = set(pool.map(lambda _: (slot.is_busy_elsewhere("slot-1"), slot.is_held()), range(200)))
    assert seen == {(False, True)}


def test_somebody_who_looks_is_no_holder(tmp_path: Path) -> None:
    locks = FileSlots(tmp_path)
    assert not locks.is_held(3)
    looker = os.open(tmp_path / "slot-3.lock", os.O_RDWR)
    fcntl.flock(looker, fcntl.LOCK_SH)
    assert not locks.is_held(3)
    os.close(looker)


def test_a_key_is_held_against_other_threads(slot: Slot) -> None:
    with slot.alone_on("k"):
        with pytest.raises(Conflict, match="k is being done right now"), slot.alone_on("k"):
            pass
        with slot.alone_on("other"):
            pass
    with pytest.raises(ZeroDivisionError), slot.alone_on("k"):
        _ = 1 // 0
    with slot.alone_on("k"):
        pass


def test_a_beat_says_who_holds_the_slot(database: Database, slot: Slot) -> None:
    slot.beat()
    with database.reading() as connection:
        row = connection.execute(sa.select(WORKERS)).mappings().one()
    assert (row["slot"], row["role"]) == ("slot-0", "cli")
    assert row["process"].endswith(f":{os.getpid()}")
    assert row["beat_machine_s"] > 1_700_000_000


@pytest.mark.postgres
def test_a_lost_server_session_has_lost_its_slot(engine_server: Database, clock: PushedClock, tmp_path: Path) -> None:
    database = Database(engine_server.url)
    slot = Slot(database, clock, tmp_path, "worker")
    assert slot.is_held()
    with engine_server.writing() as connection:
        query = "select pg_terminate_backend(pid, 10000) from pg_locks where locktype = 'advisory' and classid = 7019"
        connection.exec_driver_sql(query)
        connection.execute(WORKERS.delete())
    assert [slot.is_held() for _ in range(3)] == [False, False, False]
    with contextlib.suppress(Failure):  # a failure of the family, never the driver's own
        slot.is_busy_elsewhere("slot-5")
    slot.free()
    database.close()
