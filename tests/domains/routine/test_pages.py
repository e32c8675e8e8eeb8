"""The page Today: what needs the owner first, then the day as it went."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from revenue_machine.app import App
from revenue_machine.domains.routine import store
from revenue_machine.domains.routine.daily_routine import BLOCKS, STEPS
from revenue_machine.domains.routine.models import CallRecord, Status
from revenue_machine.domains.routine.pages import TITLES, today
from revenue_machine.engine.approvals import Question
from revenue_machine.engine.page import Figures, Moment, Notice, Notices, Timeline, Tone, View
from revenue_machine.engine.tables import HOOK_INBOX, INTENTS
from tests.app_fixture import START, WorldClock, make_app

MONDAY = date(2026, 11, 2)
STEP_CALLS = {step.number: step.calls for step in STEPS}


@pytest.fixture
def product(tmp_path: Path) -> Iterator[tuple[App, WorldClock]]:
    app, _, clock = make_app(tmp_path)
    yield app, clock
    app.close()


def shown(app: App) -> View:
    view = app.container.fill(today)
    assert isinstance(view, View)
    return view


def needs(view: View) -> tuple[Notice, ...]:
    (section,) = [one for one in view.sections if isinstance(one, Notices)]
    return section.items


def moments(view: View) -> dict[str, Moment]:
    (section,) = [one for one in view.sections if isinstance(one, Timeline)]
    return {moment.label: moment for moment in section.moments}


def figures(view: View) -> dict[str, tuple[str, str]]:
    (section,) = [one for one in view.sections if isinstance(one, Figures)]
    return {figure.label: (figure.value, figure.note) for figure in section.items}


def write(app: App, step: int, *statuses: Status, reason: str | None = None, summary: dict[str, Any] | None = None) -> None:
    block = next(block for block in BLOCKS if any(one.number == step for one in block.steps))
    run_id = f"{block.run_name}/{MONDAY}"
    with app.database.writing() as connection:
        now = app.clock.now()
        store.begin_run(connection, app.database, run_id=run_id, run_date=MONDAY, block=block, is_late=False, now=now)
        for place, (call, status) in enumerate(zip(STEP_CALLS[step], statuses, strict=False)):
            record = CallRecord(step, place, call.topic, call.label, status, 1, reason, summary or {})
            store.write_call(connection, app.database, record, run_id=run_id, run_date=MONDAY, at=now, duration_ms=5)


def test_every_step_has_its_name(product: tuple[App, WorldClock]) -> None:
    assert list(TITLES) == [step.number for step in STEPS] == list(range(1, 18))
    assert list(moments(shown(product[0]))) == [str(number) for number in range(1, 18)]


def test_fresh_morning_is_overdue_until_begun(product: tuple[App, WorldClock]) -> None:
    app, _ = product
    view = shown(app)
    assert view.title == "Monday, 2 November"
    assert view.lead == "It is 06:00. Next: Heartbeat, 06:00. Rehearsal in the sandbox: nothing leaves the house."
    assert {number: moment.state for number, moment in moments(view).items() if moment.state != "to come"} == {
        str(number): "overdue" for number in range(1, 12)
    }  # fmt: skip


def test_steps_say_how_they_ended(product: tuple[App, WorldClock]) -> None:
    app, _ = product
    write(app, 1, Status.OK)
    write(app, 4, Status.OK)
    write(app, 6, Status.RETRIED, Status.OK, summary={"made": 50, "is_stale": True, "cost_usd": 3})
    write(app, 7, Status.NOT_CONFIGURED, reason="sora.generate is not built yet: issue 6 builds it")
    write(app, 8, Status.OK, Status.UNKNOWN, reason="sent, no answer")
    rows = moments(shown(app))
    assert {number: rows[number].state for number in ("1", "2", "4", "6", "7", "8")} == {
        "1": "done", "2": "next", "4": "running", "6": "done", "7": "not set up", "8": "outcome unknown",
    }  # fmt: skip
    assert rows["6"].details == ("twitter.generate 1: made 50, at the second try", "content.review: made 50")
    assert rows["7"].details == ("sora.generate: not built yet: issue 6 builds it",)
    assert (rows["8"].tone, rows["8"].details) == (Tone.BAD, ("publish.auto: sent, no answer",))


def test_quiet_day_needs_nobody(product: tuple[App, WorldClock]) -> None:
    app, clock = product
    clock.move_to(datetime(2026, 11, 2, 6, tzinfo=UTC))
    for number in range(1, 12):
        write(app, number, *(Status.OK for _ in STEP_CALLS[number]))
    view = shown(app)
    assert needs(view) == ()
    assert figures(view)["Steps behind us"] == ("11 of 17", "")
    assert view.lead.startswith("It is 06:00. Next: Midday check, 12:00.")


def test_what_needs_the_owner_comes_first(product: tuple[App, WorldClock]) -> None:
    app, _ = product
    write(app, 2, Status.FAILED, reason="the store did not answer")
    for number in range(3, 12):
        write(app, number, *(Status.OK for _ in STEP_CALLS[number]))
    write(app, 1, Status.OK)
    with app.database.writing() as connection:
        app.approvals.file(connection, Question("x.y", "1", {"text": "a"}, "A card", "why", kind="other"))
        _doubt(connection)
        _dead_letter(connection)
    app.switch.set(stopped=True, actor="me", reason="too loud")
    assert [(one.text, one.tone, one.link) for one in needs(shown(app))] == [
        ("Everything that spends or speaks is stopped", Tone.BAD, ""),
        ("One card waits for your yes", Tone.WAITING, "/inbox"),
        ("One outcome is unknown", Tone.BAD, ""),
        ("One webhook could not be handled", Tone.BAD, ""),
        ("Morning numbers: failed", Tone.BAD, ""),
    ]


def _doubt(connection: Any) -> None:
    connection.execute(
        INTENTS.insert().values(
            id="int_1", key="blotato.create_post/p1", service="blotato", operation="create_post", topic="publish.auto", run_id="r",
            state="unknown", attempt=1, owner="slot-63", payload_hash="h", created_at=START,
        )
    )  # fmt: skip


def _dead_letter(connection: Any) -> None:
    connection.execute(
        HOOK_INBOX.insert().values(
            service="stripe", external_id="evt_1", kind="x", body="{}", is_sandbox=True, occurred_at=START, received_at=START,
            status="dead", attempts=5,
        )
    )  # fmt: skip


@pytest.mark.parametrize(
    ("at", "title"),
    [(datetime(2026, 11, 3, 2, tzinfo=UTC), "Monday, 2 November"), (datetime(2026, 11, 3, 6, tzinfo=UTC), "Tuesday, 3 November")],
)
def test_night_belongs_to_the_day_before(at: datetime, title: str, product: tuple[App, WorldClock]) -> None:
    app, clock = product
    clock.move_to(at)
    assert shown(app).title == title


def test_night_shift_is_due_after_midnight(product: tuple[App, WorldClock]) -> None:
    app, clock = product
    clock.move_to(START + timedelta(hours=20, minutes=59))
    assert moments(shown(app))["17"].state == "to come"
    clock.move_to(START + timedelta(hours=21))
    assert moments(shown(app))["17"].state == "overdue"
