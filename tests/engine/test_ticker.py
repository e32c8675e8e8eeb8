"""Whatever is due starts once: scheduled runs, due rows, approved topics; and the record is sealed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from revenue_machine.app import App, build
from revenue_machine.engine.durable import Durable
from revenue_machine.engine.events import Events
from revenue_machine.engine.inbox import Inbox
from revenue_machine.engine.schedule import ScheduleBook
from revenue_machine.engine.tables import SCHEDULE_RUNS
from revenue_machine.engine.ticker import Due, Scheduled, Ticker, daily
from revenue_machine.kit.clock import PushedClock
from revenue_machine.kit.hooks import HookEvent
from revenue_machine.kit.settings import load
from tests.app_fixture import START
from tests.engine import toy_house
from tests.engine.toy_house.toys.recipes import ToyVendor
from tests.engine.toy_house.toys.tables import NOTES


def with_due(app: App, next_due: Callable[[sa.Connection], datetime | None], *schedule: Scheduled) -> Ticker:
    """A ticker over the same house with one topic that waits for rows, and what runs by the clock."""
    parts = app.container
    return Ticker(
        database=app.database, clock=app.clock, zone=ZoneInfo("UTC"), durable=parts.get(Durable), book=parts.get(ScheduleBook),
        approvals=app.approvals, handwork=app.handwork, inbox=parts.get(Inbox), spools=app.spools, events=parts.get(Events), audit=app.audit, schedule=schedule,
        due=[Due("toys.note", next_due)],
    )  # fmt: skip


def test_a_scheduled_run_starts_at_its_time_once(toys: App, clock: PushedClock, vendor: ToyVendor) -> None:
    assert toys.ticker.tick() == 0
    clock.move_to(START + timedelta(hours=1))
    assert toys.ticker.next_scheduled_at(START) == START + timedelta(hours=1)
    assert [toys.ticker.tick() for _ in range(3)] == [1, 0, 0]
    assert vendor.acted == ["toy.shout/2026-11-02-2"]
    clock.move_to(START + timedelta(days=1, hours=1))
    assert toys.ticker.tick() == 1


def test_a_clock_put_back_starts_nothing_again(toys: App, clock: PushedClock, vendor: ToyVendor) -> None:
    clock.move_to(START + timedelta(hours=2))
    assert toys.ticker.tick() == 1
    for hours in (-25, 2):
        clock.move_to(START + timedelta(hours=hours))
        toys.ticker.tick()
    assert vendor.acted.count("toy.shout/2026-11-02-2") == 1


def test_other_blocks_wait_for_their_own_call(toys: App, clock: PushedClock) -> None:
    clock.move_to(START + timedelta(hours=1))
    assert toys.ticker.tick(blocks=["other"]) == 0
    assert toys.ticker.tick(blocks=["toys.day"]) == 1


def test_a_restart_repeats_no_run(tmp_path: Path, toys: App, clock: PushedClock, vendor: ToyVendor) -> None:
    clock.move_to(START + timedelta(hours=1))
    assert toys.ticker.tick() == 1
    with toys.database.writing() as connection:
        connection.execute(SCHEDULE_RUNS.delete())  # even if the book had been lost: the run id is the guard
    toys.close()
    again = build(load({"REVENUE_HOME": str(tmp_path)}), clock, house=toy_house)
    again.ticker.tick()
    assert vendor.acted == ["toy.shout/2026-11-02-2"]
    again.close()


def test_a_due_row_starts_its_topic(toys: App, clock: PushedClock) -> None:
    due_at = START + timedelta(minutes=10)
    ticker = with_due(toys, lambda connection: None if notes(toys) else due_at)
    assert (ticker.tick(), ticker.next_due_at()) == (0, due_at)
    clock.move_to(due_at)
    assert ticker.tick() == 1
    assert (notes(toys), ticker.tick(), ticker.next_due_at()) == (1, 0, None)


def test_a_daily_topic_runs_once_a_date(toys: App, clock: PushedClock) -> None:
    ticker = with_due(toys, lambda _connection: None, daily("toys.note", time(7)))
    assert (ticker.tick(), notes(toys)) == (0, 0)
    clock.move_to(START + timedelta(hours=1))
    assert [ticker.tick(), ticker.tick(), notes(toys)] == [1, 0, 1]
    assert toys.container.get(Durable).run("toys.note/2026-11-02", "topic", {}) is False
    clock.move_to(START + timedelta(days=1, hours=1))
    assert ticker.tick() == 1


def test_a_row_that_stays_due_does_not_spin(toys: App, clock: PushedClock) -> None:
    ticker = with_due(toys, lambda connection: START)
    assert [ticker.tick(), ticker.tick()] == [1, 0]
    clock.move_to(START + timedelta(seconds=1))
    assert ticker.tick() == 1


def test_a_tick_drains_expires_and_seals(toys: App, clock: PushedClock) -> None:
    toys.call("toys.ask", {"words": "a"})
    toys.inbox.store("till", HookEvent("e1", "sold", None, START), b"{}")
    clock.move_to(START + timedelta(hours=24, minutes=30))
    toys.ticker.tick(blocks=[])
    assert [one["status"] for one in toys.approvals.cards(None)] == ["expired"]
    assert toys.inbox.drain() == 0
    sequence, _ = toys.audit.head()
    assert sequence > 0
    assert toys.audit.seal() == 0


def test_a_rejected_question_starts_nothing(toys: App, vendor: ToyVendor) -> None:
    toys.call("toys.ask", {"words": "a"}, key="k")
    (card,) = toys.approvals.cards()
    toys.approvals.decide(card["id"], "reject", card["payload_hash"], actor="ada")
    assert toys.ticker.tick() == 0
    assert vendor.acted == []


def notes(app: App) -> int:
    with app.database.reading() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(NOTES)).scalar_one())


def test_an_approved_call_that_a_gate_holds_runs_later(toys: App, clock: PushedClock, vendor: ToyVendor) -> None:
    """Three are approved at once and one an hour may go; each goes once, in its turn, without being asked about again."""
    assert toys.call("toys.survey", {"words": "a b c"}).ok
    for card in toys.approvals.cards():
        toys.approvals.decide(card["id"], "approve", card["payload_hash"], actor="ada")
    sent = []
    for quarter in range(13):
        clock.move_to(START + timedelta(minutes=15 * quarter))
        toys.ticker.tick(blocks=[])
        sent.append(len(vendor.acted))
    assert sent == [1] * 4 + [2] * 4 + [3] * 5
    assert sorted(vendor.acted) == ["toy.tell/a", "toy.tell/b", "toy.tell/c"]


def test_a_closed_channel_is_tried_once_not_by_each(toys: App, clock: PushedClock, vendor: ToyVendor) -> None:
    assert toys.call("toys.survey", {"words": "a b c d e"}).ok
    for card in toys.approvals.cards():
        toys.approvals.decide(card["id"], "approve", card["payload_hash"], actor="ada")
    assert toys.ticker.tick(blocks=[]) == 2
    assert len(vendor.acted) == 1


def test_what_the_switch_stopped_goes_when_it_is_lifted(toys: App, clock: PushedClock, vendor: ToyVendor) -> None:
    assert toys.call("toys.survey", {"words": "a"}).ok
    (card,) = toys.approvals.cards()
    toys.approvals.decide(card["id"], "approve", card["payload_hash"], actor="ada")
    toys.switch.set(stopped=True, actor="ada", reason="wait")
    for minutes in (0, 20, 40):
        clock.move_to(START + timedelta(minutes=minutes))
        toys.ticker.tick(blocks=[])
    assert vendor.acted == []
    toys.switch.set(stopped=False, actor="ada", reason="go on")
    clock.move_to(START + timedelta(minutes=60))
    toys.ticker.tick(blocks=[])
    assert vendor.acted == ["toy.tell/a"]
