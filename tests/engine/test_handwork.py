"""A task by hand: one row per key, closed once, its place in the ceilings given back when nobody does it."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from revenue_machine.engine.audit import Audit
from revenue_machine.engine.caps import Ceiling, take_slot
from revenue_machine.engine.database import Database
from revenue_machine.engine.events import Events
from revenue_machine.engine.handwork import STAYS_OPEN, HandTask, Handwork
from revenue_machine.engine.tables import CAP_SLOTS, EVENTS
from revenue_machine.kit.clock import PushedClock
from revenue_machine.kit.errors import Conflict, NotFound
from tests.app_fixture import START

TASK = HandTask(
    key="queue/1", topic="dm.send", channel="dm_x", intent_key="assisted.dm/1", title="Write to Ada", text="Hello Ada",
    link="https://x.com/ada", contact_id="con_1",
)  # fmt: skip


@pytest.fixture
def handwork(database: Database, clock: PushedClock, audit: Audit) -> Handwork:
    with database.writing() as connection:
        take_slot(connection, database, "dm_x", Ceiling(1), intent_key=TASK.intent_key, now=START, zone=ZoneInfo("UTC"))
    return Handwork(database, clock, audit, Events(database, clock, [], None))  # type: ignore[arg-type]


def count(database: Database, table: sa.Table) -> int:
    with database.reading() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


def test_the_same_key_is_one_task(handwork: Handwork) -> None:
    assert handwork.hand_over(TASK) == handwork.hand_over(TASK)
    (card,) = handwork.cards()
    assert (card["text"], card["link"], card["status"]) == ("Hello Ada", "https://x.com/ada", "open")


def test_sent_is_said_once_and_heard_once(handwork: Handwork, database: Database) -> None:
    handwork.hand_over(TASK)
    (card,) = handwork.cards()
    answers = [handwork.close(card["id"], is_done=True, text_hash=card["text_hash"], actor="ada") for _ in range(2)]
    assert [answer["status"] for answer in answers] == ["done", "done"]
    assert handwork.cards() == []
    with database.reading() as connection:
        kinds = connection.execute(sa.select(EVENTS.c.kind).order_by(EVENTS.c.id)).scalars().all()
        payload = connection.execute(sa.select(EVENTS.c.payload).where(EVENTS.c.kind == "hand_task.closed")).scalar_one()
    assert kinds == ["hand_task.opened", "hand_task.closed"]
    assert (payload["outcome"], payload["key"], payload["contact_id"]) == ("done", "queue/1", "con_1")
    assert count(database, CAP_SLOTS) == 1


def test_not_sent_gives_the_place_back(handwork: Handwork, database: Database) -> None:
    handwork.hand_over(TASK)
    (card,) = handwork.cards()
    handwork.close(card["id"], is_done=False, text_hash=card["text_hash"], actor="ada")
    assert count(database, CAP_SLOTS) == 0
    with pytest.raises(Conflict, match="already dropped"):
        handwork.close(card["id"], is_done=True, text_hash=card["text_hash"], actor="ada")


def test_another_text_is_refused(handwork: Handwork) -> None:
    handwork.hand_over(TASK)
    (card,) = handwork.cards()
    with pytest.raises(Conflict, match="not the text"):
        handwork.close(card["id"], is_done=True, text_hash="0" * 64, actor="ada")
    with pytest.raises(NotFound):
        handwork.close("hand_none", is_done=True, text_hash=card["text_hash"], actor="ada")


def test_what_nobody_did_is_given_up(handwork: Handwork, clock: PushedClock, database: Database) -> None:
    handwork.hand_over(TASK)
    clock.move_to(START + STAYS_OPEN - timedelta(seconds=1))
    assert handwork.expire() == 0
    clock.move_to(START + STAYS_OPEN)
    assert handwork.expire() == 1
    assert [card["status"] for card in handwork.cards("expired")] == ["expired"]
    assert count(database, CAP_SLOTS) == 0
