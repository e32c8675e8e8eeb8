"""The routine's table says what the seed says, and its failure rules hold in a real house."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, time
from pathlib import Path

import pytest

from revenue_machine.app import App
from revenue_machine.domains.reports.reads import alerts_between
from revenue_machine.domains.routine.daily_routine import BLOCKS, STEPS, BlockRun
from revenue_machine.domains.routine.models import Kind
from revenue_machine.domains.routine.reads import calls_of
from revenue_machine.engine.events import Events
from revenue_machine.engine.topic import Approval
from revenue_machine.sandbox.vendors import Outside
from tests.app_fixture import START, make_app
from tests.contracts.test_seed_map import chapters

TODAY = date(2026, 11, 2)
STARTS = {
    "morning": time(6),
    "midday": time(12),
    "afternoon": time(15),
    "evening": time(18),
    "night": time(20),
    "overnight": time(3),
}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[tuple[App, Outside]]:
    """A running App and its outside world."""
    app, outside, _ = make_app(tmp_path, REVENUE_TELEGRAM__CHAT_ID="4711")
    yield app, outside
    app.close()


def run_steps(app: App, *numbers: int) -> dict[str, tuple[str, int, str]]:
    """Run some of the morning's steps; label to (status, attempts, reason)."""
    block = BLOCKS[0]
    run = BlockRun(
        block=block, run_date=TODAY, is_late=False, dispatcher=app.dispatcher, database=app.database, clock=app.clock,
        events=app.container.get(Events),
    )  # fmt: skip
    run.begin()
    for step in block.steps:
        for place, call in enumerate(step.calls):
            if step.number in numbers:
                run.call(step, place, call)
    with app.database.reading() as connection:
        return {one.label: (one.status.value, one.attempts, one.reason or "") for one in calls_of(connection, TODAY)}


def test_seventeen_steps_stand_in_order() -> None:
    assert [step.number for step in STEPS] == list(range(1, 18))
    times = [(block.day_offset, step.at) for block in BLOCKS for step in block.steps]
    assert times == sorted(times)


def test_six_blocks_start_when_seed_says() -> None:
    assert {block.name: block.at for block in BLOCKS} == STARTS
    assert {block.name: block.day_offset for block in BLOCKS if block.day_offset} == {"overnight": 1}


@pytest.mark.parametrize("row", chapters()["The 34 actions"], ids=lambda row: f"{row['#']}-{row['Action']}")
def test_action_stands_in_its_step(row: dict[str, str]) -> None:
    block = next(block for block in BLOCKS if block.name == row["Block"])
    step = next(step for step in block.steps if step.number == int(row["Step"]))
    called = [call.topic for call in step.calls]
    assert [name for name in row["Topics"].replace("`", "").split(", ") if name not in called] == []


def test_checkbacks_ask_four_and_twenty_four() -> None:
    ages = [call.args["age_hours"] for step in STEPS for call in step.calls if call.topic == "feedback.checkbacks"]
    assert ages == [4, 24]


def test_every_generation_is_tried_twice() -> None:
    attempts = {call.attempts for step in STEPS for call in step.calls if call.kind is Kind.GENERATION}
    assert attempts == {2}


def test_failed_generation_is_retried_once_then_skipped(house: tuple[App, Outside]) -> None:
    app, outside = house
    outside.add_fault("anthropic", "/", "500", 10_000)
    calls = run_steps(app, 6, 8)
    assert calls["twitter.generate 1"] == ("failed", 2, "Anthropic answered HTTP 500")
    assert calls["publish.schedule"][0] == "ok"
    assert calls["publish.auto"][0] == "ok"


def test_failed_heartbeat_skips_generation_only(house: tuple[App, Outside]) -> None:
    app, outside = house
    app.slot.free()
    calls = run_steps(app, 1, 2, 3, 4, 5, 6, 7, 8)
    assert calls["system.heartbeat"][0] == "failed"
    assert calls["revenue.daily_snapshot am"][0] == "ok"
    assert calls["graph.search winning lessons"][0] == "ok"
    left_out = {
        label
        for label, (status, _, reason) in calls.items()
        if (status, reason) == ("skipped", "the heartbeat failed this morning")
    }
    assert left_out == {call.label for step in STEPS if step.number in range(4, 9) for call in step.calls}
    assert outside.store.run("select count(*) from journal where service = 'anthropic'") == [(0,)]


def test_failed_heartbeat_reaches_telegram(house: tuple[App, Outside]) -> None:
    app, outside = house
    app.slot.free()
    run_steps(app, 1)
    app.container.get(Events).drain()
    with app.database.reading() as connection:
        alerts = alerts_between(connection, START, START.replace(hour=7))
    assert [text for text in alerts if "heartbeat" in text] != []
    app.call("telegram.send", {})
    sent = outside.store.run("select request from journal where service = 'telegram' and path like '%sendMessage' and acted = 1")
    assert [text for (text,) in sent if "heartbeat" in text] != []


def test_direct_messages_only_file_approvals(house: tuple[App, Outside]) -> None:
    app, outside = house
    assert app.registry.find("dm.process_outreach").approval is Approval.ALWAYS
    envelope = app.call("dm.process_outreach")
    if envelope.error is None:  # nobody to write to: nothing to ask about, nothing sent
        assert {envelope.result[name] for name in ("sent_count", "failed_count", "queued", "drafted")} == {0}
    else:
        assert envelope.error.code in {"approval_required", "not_configured"}
    assert outside.store.run("select count(*) from journal") == [(0,)]
