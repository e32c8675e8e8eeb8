"""What nobody can vouch for is listed, settled by who knows, and never taken from a live sender."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from revenue_machine.app import App
from revenue_machine.engine.call import Call
from revenue_machine.engine.container import Container
from revenue_machine.engine.doubts import Doubt, Doubts, Settler, settles
from revenue_machine.engine.gates import Chokepoint
from revenue_machine.engine.ledger import Entry, Ledger
from revenue_machine.engine.tables import AUDIT, INTENTS, LEDGER
from revenue_machine.engine.workers import Slot
from revenue_machine.kit.errors import NotFound, OutsideUnanswered
from tests.engine.toy_house.toys.recipes import PURSE, ToyVendor

CALL = Call("system.reconcile", "r1", "run", actor="ada")


def make(app: App, *settlers: Settler) -> Doubts:
    ledger = Ledger(app.database, app.clock, ZoneInfo("UTC"), [])
    box = Container(app.container)
    return Doubts(
        database=app.database, worker=app.slot, chokepoint=app.container.get(Chokepoint), ledger=ledger, audit=app.audit,
        settlers=settlers, container=box,
    )  # fmt: skip


@pytest.fixture
def doubtful(toys: App, vendor: ToyVendor) -> App:
    """One send of which nobody knows the outcome."""
    vendor.failure = OutsideUnanswered()
    assert toys.call("toys.shout", {"words": "a"}, key="k").as_dict()["error"]["code"] == "outcome_unknown"
    return toys


def set_intent(app: App, **values: object) -> None:
    with app.database.writing() as connection:
        connection.execute(INTENTS.update().values(values))


def test_an_unknown_outcome_is_listed(doubtful: App) -> None:
    (doubt,) = make(doubtful).open()
    assert (doubt.service, doubt.operation, doubt.state, doubt.attempt) == ("toy", "shout", "unknown", 1)
    assert (doubt.key, doubt.business_key) == ("toy.shout/a", "a")


def test_what_a_live_worker_sends_is_no_doubt(doubtful: App) -> None:
    doubts = make(doubtful)
    set_intent(doubtful, state="sent", owner="slot-1")
    other = Slot(doubtful.database, doubtful.clock, doubtful.settings.home, "worker")
    assert other.name == "slot-1"
    assert doubts.open() == []
    other.free()
    assert [one.state for one in doubts.open()] == ["sent"]


def test_what_another_thread_sends_is_no_doubt(doubtful: App) -> None:
    doubts = make(doubtful)
    set_intent(doubtful, state="sent")
    with doubtful.slot.alone_on("toy.shout/a"):
        assert doubts.open() == []
    assert len(doubts.open()) == 1


def test_nobody_knows_nothing_is_settled(doubtful: App) -> None:
    doubts = make(doubtful)
    (doubt,) = doubts.open()
    assert doubts.settle(doubt, CALL) is False
    assert doubts.open() == [doubt]


def test_the_domain_that_knows_settles(doubtful: App) -> None:
    seen: list[tuple[str, str, str]] = []

    def know(doubt: Doubt, call: Call) -> bool:
        seen.append((doubt.business_key, call.topic, call.actor))
        return True

    assert make(doubtful, Settler("toys.know", ("toy.shout",), know)).settle(make(doubtful).open()[0], CALL)
    assert seen == [("a", "toys.shout", "ada")]


def test_a_settler_that_fails_is_on_the_record(doubtful: App) -> None:
    def fail(doubt: Doubt) -> bool:
        raise NotFound("nothing there")

    doubts = make(doubtful, Settler("toys.fail", ("toy.shout",), fail))
    assert doubts.settle(doubts.open()[0], CALL) is False
    with doubtful.database.reading() as connection:
        query = sa.select(AUDIT.c.outcome).where(AUDIT.c.action == "reconcile.toys.fail")
        assert connection.execute(query).scalars().all() == ["not_found"]


def test_a_closed_doubt_is_booked_and_may_be_tried_again(doubtful: App, vendor: ToyVendor) -> None:
    doubts = make(doubtful)
    (doubt,) = doubts.open()
    PURSE.held[doubt.key] = 40
    entry = Entry("settled/a", "ai", "toy", -40, "intent", doubt.key, doubt.created_at)
    assert doubts.book_and_close(doubt, entry, actor="ada", why="it never happened")
    assert doubts.book_and_close(doubt, entry, actor="ada", why="again") is False
    assert (PURSE.held, doubts.open()) == ({}, [])
    with doubtful.database.reading() as connection:
        assert connection.execute(sa.select(LEDGER.c.amount_micro_usd)).scalars().all() == [-40]
        assert connection.execute(sa.select(INTENTS.c.state)).scalar_one() == "refused"
    assert doubtful.call("toys.shout", {"words": "a"}, key="k").ok
    assert len(vendor.acted) == 2


def test_a_doubt_settled_meanwhile_stands(doubtful: App) -> None:
    doubts = make(doubtful)
    (doubt,) = doubts.open()
    set_intent(doubtful, state="settled", answer="{}")
    assert doubts.book_and_close(doubt, None, actor="ada", why="late") is False
    with doubtful.database.reading() as connection:
        assert connection.execute(sa.select(INTENTS.c.state)).scalar_one() == "settled"


def test_a_declaration_names_its_effects() -> None:
    @settles("toy.shout", "toy.think")
    def know(doubt: Doubt) -> bool:
        return True

    assert know.__settles__ == ("toy.shout", "toy.think")  # type: ignore[attr-defined]
