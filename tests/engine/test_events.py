"""A fact is stated once with its cause, and every handler sees it once, whatever fails in between."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from revenue_machine.engine.container import Container
from revenue_machine.engine.database import Database
from revenue_machine.engine.events import MAX_ATTEMPTS, Event, Events, Reaction
from revenue_machine.engine.tables import EVENT_HANDLINGS, EVENTS, META
from revenue_machine.kit.clock import PushedClock
from revenue_machine.kit.errors import NotFound, OutsideUnavailable

Make = Callable[..., Events]


class Handler:
    """Counts in the database, so that what is rolled back does not count."""

    def __init__(self, name: str) -> None:
        self.name, self.fails_at = name, set[str]()
        self.asked: list[str] = []

    def take(self, event: Event, connection: sa.Connection) -> None:
        self.asked.append(event.key)
        connection.execute(META.insert().values(name=f"{self.name} {event.key}", value="seen"))
        if event.key in self.fails_at:
            raise RuntimeError(self.name)


@pytest.fixture
def make(database: Database, clock: PushedClock) -> Make:
    def build(*handlers: Handler, kinds: tuple[str, ...] = ("noted",)) -> Events:
        return Events(database, clock, [Reaction(one.name, kinds, one.take) for one in handlers], Container())

    return build


def emit(database: Database, events: Events, *keys: str, kind: str = "noted") -> list[bool]:
    with database.writing() as connection:
        return [events.emit(connection, kind, key, {}) for key in keys]


def seen(database: Database) -> list[str]:
    with database.reading() as connection:
        return list(connection.execute(sa.select(META.c.name).order_by(META.c.name)).scalars())


def test_a_fact_is_stated_once(database: Database, make: Make) -> None:
    events = make(Handler("a"))
    assert emit(database, events, "x", "x", "y") == [True, False, True]
    assert emit(database, events, "x", kind="other") == [True]


def test_a_fact_goes_with_its_cause(database: Database, make: Make) -> None:
    events = make(Handler("a"))
    with pytest.raises(ZeroDivisionError), database.writing() as connection:
        events.emit(connection, "noted", "x", {})
        _ = 1 // 0
    assert events.drain() == 0


def test_each_handler_sees_each_fact_once(database: Database, make: Make) -> None:
    events = make(Handler("a"), Handler("b"))
    emit(database, events, "x", "y")
    assert [events.drain(), events.drain()] == [4, 0]
    assert seen(database) == ["a noted/x", "a noted/y", "b noted/x", "b noted/y"]


def test_parallel_drains_handle_each_fact_once(database: Database, make: Make) -> None:
    one, other = Handler("a"), Handler("b")
    events = make(one, other)
    emit(database, events, *[f"{number:03}" for number in range(30)])
    with ThreadPoolExecutor(6) as pool:
        counts = list(pool.map(lambda _: events.drain(), range(6)))
    assert sum(counts) == len(one.asked) + len(other.asked) == 60
    assert len(seen(database)) == 60


def test_a_failing_handler_stops_nobody_and_is_retried(database: Database, make: Make, capsys: pytest.CaptureFixture[str]) -> None:
    bad, good = Handler("bad"), Handler("good")
    events = make(bad, good)
    bad.fails_at = {"noted/x"}
    emit(database, events, "x", "y")
    assert events.drain() == 3
    assert seen(database) == ["bad noted/y", "good noted/x", "good noted/y"]
    assert "event.reaction_failed" in "".join(capsys.readouterr())
    assert events.drain() == 0
    bad.fails_at = set()
    assert events.drain() == 1
    assert seen(database) == ["bad noted/x", "bad noted/y", "good noted/x", "good noted/y"]


def test_the_mark_never_passes_a_failed_fact(database: Database, make: Make) -> None:
    bad = Handler("bad")
    events = make(bad)
    bad.fails_at = {"noted/x"}
    emit(database, events, "x", "y")
    for _ in range(2):
        events.drain()
        emit(database, events, "z")
    bad.fails_at = set()
    assert events.drain() == 1
    assert "bad noted/x" in seen(database)


def test_what_always_fails_becomes_a_dead_letter(database: Database, make: Make) -> None:
    bad, good = Handler("bad"), Handler("good")
    events = make(bad, good)
    bad.fails_at = {"noted/x"}
    emit(database, events, "x", "y")
    for _ in range(6):
        events.drain()
    assert bad.asked.count("noted/x") == MAX_ATTEMPTS == 3
    assert [handler for _, handler in events.dead_letters()] == ["bad"]
    (row,) = events.dead_rows()
    assert (row["subject"], row["attempts"], row["error"]) == ("bad", 3, "RuntimeError: bad")
    assert seen(database) == ["bad noted/y", "good noted/x", "good noted/y"]
    emit(database, events, "z")
    assert events.drain() == 2


def test_a_dead_letter_is_tried_again_on_demand(database: Database, make: Make) -> None:
    bad = Handler("bad")
    events = make(bad)
    bad.fails_at = {"noted/x"}
    emit(database, events, "x")
    for _ in range(3):
        events.drain()
    (dead,) = events.dead_letters()
    with pytest.raises(RuntimeError):
        events.retry(*dead)
    assert events.dead_letters() == [dead]
    bad.fails_at = set()
    events.retry(*dead)
    assert seen(database) == ["bad noted/x"]
    assert (events.dead_letters(), events.drain()) == ([], 0)
    with pytest.raises(NotFound):
        events.retry(*dead)


def test_a_silent_database_is_no_fault_of_the_handler(database: Database, make: Make) -> None:
    class Silent(Handler):
        def take(self, event: Event, connection: sa.Connection) -> None:
            self.asked.append(event.key)
            raise OutsideUnavailable

    silent = Silent("silent")
    events = make(silent)
    emit(database, events, "x")
    for _ in range(5):
        events.drain()
    assert (len(silent.asked), events.dead_letters()) == (5, [])


def test_a_commit_that_fails_takes_all_of_it_back(database: Database, make: Make) -> None:
    def fail(_connection: sa.Connection) -> None:
        raise sa.exc.OperationalError("commit", {}, Exception("the disk is gone"))

    handler = Handler("a")
    events = make(handler)
    emit(database, events, "x", "y")
    sa.event.listen(database.engine, "commit", fail)
    assert events.drain() == 0
    sa.event.remove(database.engine, "commit", fail)
    assert (seen(database), events.dead_letters()) == ([], [])
    assert events.drain() == 2
    assert seen(database) == ["a noted/x", "a noted/y"]


def test_facts_stated_by_handlers_are_handled_too(database: Database, make: Make) -> None:
    events = make(Handler("later"), kinds=("told",))

    def tell(event: Event, connection: sa.Connection) -> None:
        events.emit(connection, "told", event.key, {})

    events._by_kind["noted"] = [Reaction("teller", ("noted",), tell)]
    emit(database, events, "x")
    assert events.drain() == 2
    assert seen(database) == ["later told/noted/x"]


def marks(database: Database) -> list[str]:
    with database.reading() as connection:
        query = sa.select(EVENT_HANDLINGS.c.handler).where(EVENT_HANDLINGS.c.event_id == 0)
        return list(connection.execute(query).scalars())


def test_the_next_drain_starts_behind_the_mark(database: Database, make: Make) -> None:
    events = make(Handler("a"))
    emit(database, events, "x", "y")
    events.drain()
    with database.reading() as connection:
        last = connection.execute(sa.select(sa.func.max(EVENTS.c.id))).scalar_one()
    assert marks(database) == [f"low-water/{last:020d}"]
    emit(database, events, "z")
    assert len(events._open()) == 1


def test_no_fact_is_lost_under_concurrent_emitters(database: Database, make: Make) -> None:
    """Ids have to become visible in order, or the mark would pass a fact that is still being written."""
    events, done = make(Handler("a")), threading.Event()

    def state(writer: int) -> None:
        for number in range(15):
            with database.writing() as connection:
                events.emit(connection, "noted", f"{writer}/{number:02}", {})
                connection.execute(META.insert().values(name=f"own {writer}/{number:02}", value="x"))

    def drain() -> int:
        count = 0
        while not done.is_set():
            count += events.drain()
        return count

    with ThreadPoolExecutor(8) as pool:
        drains = [pool.submit(drain) for _ in range(2)]
        list(pool.map(state, range(6)))
        done.set()
        handled = sum(one.result() for one in drains)
    assert handled + events.drain() == 90
    assert len([name for name in seen(database) if name.startswith("a ")]) == 90


def test_an_open_emitter_holds_back_later_ones(database: Database, make: Make) -> None:
    """Without the lock the second fact commits first, the mark passes the first and nobody ever sees it."""
    events = make(Handler("a"))
    with ThreadPoolExecutor(1) as pool:
        with database.writing() as connection:
            events.emit(connection, "noted", "first", {})
            second = pool.submit(emit, database, events, "second")
            with pytest.raises(TimeoutError):
                second.result(timeout=0.5)
            assert events._open() == []
        second.result(timeout=20)
    events.drain()
    assert seen(database) == ["a noted/first", "a noted/second"]
