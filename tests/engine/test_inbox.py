"""A webhook is stored once before its 200, handled once, and never lost when its handler fails."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa

from revenue_machine.engine.audit import Audit
from revenue_machine.engine.container import Container
from revenue_machine.engine.database import Database
from revenue_machine.engine.inbox import HookReader, Inbox, StoredHook
from revenue_machine.engine.tables import AUDIT, HOOK_INBOX, META
from revenue_machine.kit.clock import PushedClock
from revenue_machine.kit.errors import BadInput, NotFound
from revenue_machine.kit.hooks import HookEvent
from revenue_machine.kit.rng import rng
from tests.app_fixture import START


class Reading:
    """What a handler saw; `failure` is raised after it has written something."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.seen: list[str] = []
        self.failure: Exception | None = None

    def take(self, hook: StoredHook, connection: sa.Connection) -> None:
        self.asked.append(hook.external_id)
        connection.execute(META.insert().values(name=hook.external_id, value=str(hook.payload["n"])))
        if self.failure is not None and hook.external_id.startswith("bad"):
            raise self.failure
        self.seen.append(hook.external_id)


@pytest.fixture
def reading() -> Reading:
    return Reading()


@pytest.fixture
def inbox(database: Database, clock: PushedClock, audit: Audit, reading: Reading) -> Inbox:
    return make_inbox(database, clock, audit, reading)


def make_inbox(database: Database, clock: PushedClock, audit: Audit, reading: Reading, *kinds: str) -> Inbox:
    reader = HookReader("toys.take", "till", kinds, reading.take)
    return Inbox(database, clock, audit, [reader], Container())


def event(external_id: str, kind: str = "sold") -> HookEvent:
    return HookEvent(external_id, kind, "subject", START)


def body(number: int = 1) -> bytes:
    return json.dumps({"n": number}).encode()


def rows(database: Database) -> list[tuple[str, str, int]]:
    query = sa.select(HOOK_INBOX.c.external_id, HOOK_INBOX.c.status, HOOK_INBOX.c.attempts).order_by(HOOK_INBOX.c.id)
    with database.reading() as connection:
        return [(row[0], row[1], row[2]) for row in connection.execute(query)]


def written(database: Database) -> list[str]:
    with database.reading() as connection:
        return list(connection.execute(sa.select(META.c.name).order_by(META.c.name)).scalars())


def test_shuffled_deliveries_are_stored_once(database: Database, inbox: Inbox, reading: Reading) -> None:
    deliveries = [number for number in range(100) for _ in range(3)]
    rng(7, "shuffle").shuffle(deliveries)
    with ThreadPoolExecutor(8) as pool:
        fresh = list(pool.map(lambda number: inbox.store("till", event(f"e{number:03}"), body(number)), deliveries))
    assert sum(fresh) == 100
    with ThreadPoolExecutor(4) as pool:
        handled = list(pool.map(lambda _: inbox.drain(), range(4)))
    assert sum(handled) == 100
    assert sorted(reading.asked) == written(database) == [f"e{number:03}" for number in range(100)]


def test_the_same_id_of_two_services_is_two(inbox: Inbox) -> None:
    assert inbox.store("till", event("e1"), body())
    assert inbox.store("other", event("e1"), body())
    assert not inbox.store("till", event("e1"), body(2))


def test_webhooks_are_handled_in_order_of_arrival(inbox: Inbox, reading: Reading) -> None:
    for name in ("c", "a", "b"):
        inbox.store("till", event(name), body())
    assert inbox.drain() == 3
    assert reading.seen == ["c", "a", "b"]
    assert inbox.drain() == 0


def test_only_the_declared_kinds_are_read(database: Database, clock: PushedClock, audit: Audit, reading: Reading) -> None:
    inbox = make_inbox(database, clock, audit, reading, "sold")
    inbox.store("till", event("e1", "sold"), body())
    inbox.store("till", event("e2", "viewed"), body())
    inbox.store("other", event("e3", "sold"), body())
    assert inbox.drain() == 3
    assert reading.seen == ["e1"]


# AttributeError: what reading a null where an object was expected raises.
@pytest.mark.parametrize("failure", [BadInput("no"), KeyError("x"), AttributeError("None"), RuntimeError("odd")])
def test_a_failing_handler_ends_as_a_dead_letter(failure: Exception, database: Database, inbox: Inbox, reading: Reading) -> None:
    reading.failure = failure
    inbox.store("till", event("bad"), body())
    inbox.store("till", event("good"), body())
    assert [inbox.drain() for _ in range(4)] == [1, 0, 0, 0]
    assert rows(database) == [("bad", "dead", 3), ("good", "handled", 1)]
    assert written(database) == ["good"]
    with database.reading() as connection:
        reason = connection.execute(sa.select(HOOK_INBOX.c.error).where(HOOK_INBOX.c.external_id == "bad")).scalar_one()
        noted = connection.execute(sa.select(AUDIT.c.action).where(AUDIT.c.subject == "bad").order_by(AUDIT.c.id)).scalars().all()
    assert type(failure).__name__ in reason
    assert noted == ["webhook.received", *["webhook.failed"] * 3]


def test_a_replayed_dead_letter_is_handled_once(database: Database, inbox: Inbox, reading: Reading) -> None:
    reading.failure = BadInput("no")
    inbox.store("till", event("bad"), body())
    for _ in range(3):
        inbox.drain()
    with database.reading() as connection:
        hook_id = connection.execute(sa.select(HOOK_INBOX.c.id)).scalar_one()
    reading.failure = None
    inbox.replay(hook_id)
    assert inbox.drain() == 1
    with pytest.raises(NotFound):
        inbox.replay(hook_id)
    assert inbox.drain() == 0
    assert rows(database) == [("bad", "handled", 1)]
    assert reading.seen == ["bad"]


def test_a_late_failure_does_not_undo_anothers_success(
    database: Database, clock: PushedClock, audit: Audit, inbox: Inbox, reading: Reading
) -> None:
    inbox.store("till", event("bad"), body())
    with database.reading() as connection:
        stale = dict(connection.execute(sa.select(HOOK_INBOX)).mappings().one())
    assert inbox.drain() == 1
    inbox._give_up(stale, BadInput("this worker had failed at it"))
    assert rows(database) == [("bad", "handled", 1)]
    assert inbox.drain() == 0


def test_a_stored_webhook_knows_both_times(database: Database, clock: PushedClock, inbox: Inbox) -> None:
    clock.move_to(START + timedelta(minutes=5))
    inbox.store("till", event("e1"), body())
    with database.reading() as connection:
        row = connection.execute(sa.select(HOOK_INBOX.c.occurred_at, HOOK_INBOX.c.received_at)).one()
    assert tuple(row) == (START, START + timedelta(minutes=5))
