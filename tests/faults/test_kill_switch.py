"""Scenario 19, the messages' half: a hundred on their way from four workers, one stop; it holds, also over a restart."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from revenue_machine.app import App, build
from revenue_machine.engine.approvals import Question
from revenue_machine.kit.clock import PushedClock, machine_s, machine_sleep
from revenue_machine.kit.settings import load
from revenue_machine.surfaces.web.application import make_api
from tests.app_fixture import START
from tests.engine import toy_house
from tests.faults import forked, stop_worker

MESSAGES, WORKERS = 100, 4


@dataclass
class Place:
    """One home with its database, and the journal of what really left."""

    home: Path
    url: str

    @property
    def journal(self) -> Path:
        return self.home / "journal"

    def sent(self) -> list[str]:
        return self.journal.read_text(encoding="utf-8").split() if self.journal.exists() else []

    @contextmanager
    def workers(self, count: int, hours_later: float = 0) -> Iterator[None]:
        """That many worker processes until the block ends."""
        end = self.home / f"end-{hours_later}-{count}"
        words = (str(self.home), self.url, str(self.journal), str(end), str(hours_later))
        logs = [self.home / f"worker-{hours_later}-{number}.log" for number in range(count)]
        running = [forked.start(stop_worker.main, words, os.environ, log) for log in logs]
        try:
            for one in running:
                wait_until(partial(has_begun, one))
            yield
        finally:
            end.touch()
            for one in running:
                assert one.wait(120).exit_code == 0, one.said[-2000:]


@pytest.fixture
def place(slow_database_url: str, tmp_path: Path) -> Place:
    return Place(tmp_path, slow_database_url)


@pytest.fixture
def app(place: Place) -> Iterator[App]:
    settings = load({"REVENUE_HOME": str(place.home), "REVENUE_DATABASE_URL": place.url})
    made = build(settings, PushedClock(START.replace(hour=8)), house=toy_house)
    yield made
    made.close()


def approve_messages(app: App) -> None:
    for number in range(MESSAGES):
        words = {"words": f"m{number}", "times": 1}
        with app.database.writing() as connection:
            approval_id = app.approvals.file(connection, Question("toys.mail", f"m/{number}", words, "Send it?", "asked"))
        app.approvals.decide(approval_id, "approve", app.approvals.find(approval_id)["payload_hash"], actor="ada")


def has_begun(worker: forked.Forked) -> bool:
    return "up\n" in worker.said or worker.exit_code is not None


def wait_until(is_so: Callable[[], bool], most_s: float = 90) -> None:
    end_s = machine_s() + most_s
    while not is_so():
        assert machine_s() < end_s, "it never came to that"
        machine_sleep(0.02)


def test_a_stop_holds(app: App, place: Place) -> None:
    approve_messages(app)
    tokens = {
        scope: {"authorization": f"Bearer {app.tokens.create(scope, [scope], actor='test')}"} for scope in ("operate", "approve")
    }
    web = TestClient(make_api(app), base_url="http://127.0.0.1:8080")
    with place.workers(WORKERS):
        wait_until(lambda: len(place.sent()) >= 10)
        assert web.post("/api/stop", json={"reason": "test"}, headers=tokens["operate"]).status_code == 200
        at_ack = len(place.sent())
        machine_sleep(5)
        after_five_s = len(place.sent())
        machine_sleep(1)
        assert 10 <= at_ack < MESSAGES, "the run was over before the stop"
        assert after_five_s - at_ack <= WORKERS
        assert len(place.sent()) == after_five_s
    with place.workers(1, hours_later=1):
        machine_sleep(2)
    assert len(place.sent()) == after_five_s
    assert web.post("/api/resume", json={}, headers=tokens["operate"]).status_code == 403
    assert app.switch.is_stopped()
    assert web.post("/api/resume", json={}, headers=tokens["approve"]).status_code == 200
    with place.workers(WORKERS, hours_later=2):
        wait_until(lambda: len(place.sent()) >= MESSAGES)
    assert sorted(place.sent()) == sorted(f"toy.mail/m{number}" for number in range(MESSAGES))
