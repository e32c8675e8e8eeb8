"""kill -9 at every call of the daily routine × 3 points: the day ends all the same, and nothing reaches anybody twice."""

from __future__ import annotations

import json
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from revenue_machine.app import manifests
from revenue_machine.domains.routine.daily_routine import BLOCKS
from revenue_machine.domains.routine.models import Status
from revenue_machine.kit.rng import rng
from tests.faults.day_worker import POINTS
from tests.faults.forked import Forked
from tests.faults.kill_cases import (
    LAST_BLOCK,
    Case,
    Days,
    call_count,
    every_case,
    is_built,
    keep_result,
    kept_result,
    reaches_outside,
    sources_hash,
    walk,
    write_figures,
)
from tests.faults.outside_process import RUN_DATE, Outside, outside_process

CASES = every_case()
# Where a request reaches a person, a channel, an ad account or code: (service, method, end of the path).
REACHES_SOMEBODY = (("blotato", "POST", "/posts"), ("telegram", "POST", "/sendMessage"))
MODEL = ("anthropic", "POST", "/v1/messages")
# No idempotency key and nothing to look up by: an outcome nobody knows is parked for a person.
MAY_PARK = {"blotato", "telegram"}
EXPECTED_SIGNAL = -signal.SIGKILL


def sample(points: tuple[str, ...], purpose: str) -> list[Case]:
    """One built case per point and one that is killed just after a vendor acted; the same ones every time."""
    draws, built = rng(7, "tests.kill", purpose), [case for case in CASES if is_built(case)]
    drawn = [draws.choice([case for case in built if case.point == point]) for point in points]
    return [*drawn, draws.choice([case for case in built if case.point == "acted" and reaches_outside(case)])]


@pytest.fixture(scope="session")
def day_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Shared by test processes that run side by side."""
    base = tmp_path_factory.getbasetemp()
    return (base.parent if base.name.startswith("popen-") else base) / "kill-days"


@pytest.fixture(scope="session")
def sqlite_days(day_folder: Path) -> Days:
    return Days(day_folder / "sqlite", None)


@pytest.fixture(scope="session")
def postgres_days(day_folder: Path, postgres_server: str) -> Iterator[Days]:
    days = Days(day_folder / f"postgresql-{postgres_server.rsplit(':', 1)[1]}", postgres_server)
    yield days
    days.close()


@pytest.mark.parametrize("case", sample(tuple(POINTS), "sqlite"), ids=lambda case: case.name)
def test_a_sampled_kill_changes_nothing(case: Case, sqlite_days: Days, tmp_path: Path) -> None:
    live_through(case, sqlite_days, tmp_path / "home")


@pytest.mark.postgres
@pytest.mark.parametrize("case", sample((), "postgresql"), ids=lambda case: case.name)
def test_a_sampled_kill_on_postgresql(case: Case, postgres_days: Days, tmp_path: Path) -> None:
    live_through(case, postgres_days, tmp_path / "home")


@pytest.mark.proof
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_kill_on_sqlite(case: Case, sqlite_days: Days, tmp_path: Path) -> None:
    prove("sqlite", case, sqlite_days, tmp_path)


@pytest.mark.proof
@pytest.mark.postgres
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_kill_on_postgresql(case: Case, postgres_days: Days, tmp_path: Path) -> None:
    prove("postgresql", case, postgres_days, tmp_path)


def test_only_listed_vendors_may_park() -> None:
    speaking = {service for service, _, _ in REACHES_SOMEBODY}
    blind = {name for name, one in manifests().items() if not one.can_look_up and not one.has_idempotency_key}
    assert blind & speaking == MAY_PARK


def test_the_table_yields_every_step() -> None:
    assert len(CASES) == call_count() * len(POINTS)
    assert {case.step for case in CASES} == set(range(1, 18))


def prove(kind: str, case: Case, days: Days, folder: Path) -> None:
    """The same, with the verdict kept until a source changes."""
    sources = sources_hash()
    kept = kept_result(kind, case, sources)
    try:
        if not is_built(case):
            keep_result(kind, case, {"sources": sources, "verdict": "skipped"})
            pytest.skip(f"{case.topic} is not built yet, so it has no effect to be killed in")
        if kept is None or kept["verdict"] != "passed":
            keep_result(kind, case, {"sources": sources, "verdict": "failed"})
            keep_result(kind, case, {"sources": sources, "verdict": "passed", **live_through(case, days, folder / "home")})
    finally:
        write_figures(kind, sources)


def live_through(case: Case, days: Days, home: Path) -> dict[str, Any]:
    """Kill, resume to the end of the date, look; returns the figures."""
    if not is_built(case):
        pytest.skip(f"{case.topic} is not built yet, so it has no effect to be killed in")
    url = days.copy(case.block, home)
    note = home / "death.json"
    with outside_process(home) as outside:
        first = walk(outside, url, case.block, case.block, case.death(note))
        where = read_death(first, note, case)
        with reading(url, home) as connection:
            acted_before_resume = check_vendor_saw_it(where, outside, connection)
        second = walk(outside, url, case.block, LAST_BLOCK)
        assert second.exit_code == 0, second.said[-3000:]
        assert json.loads(second.said.splitlines()[-1]) == {"open": 0}
        with reading(url, home) as connection:
            figures = check_day_ended(connection) | check_nothing_twice(outside, connection)
    days.drop(url)
    return {**where, "acted_before_resume": acted_before_resume, **figures}


@contextmanager
def reading(url: str | None, home: Path) -> Iterator[sa.Connection]:
    """The product's database as anybody may look at it, each question a view of its own."""
    engine = sa.create_engine(url or f"sqlite:///{home}/revenue.db", isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def read_death(first: Forked, note: Path, case: Case) -> dict[str, str]:
    """Where the first process died; a call that never gets to its point has to have nothing to do there."""
    assert note.exists(), f"it never died (exit {first.exit_code}): {first.said[-3000:]}"
    where: dict[str, str] = json.loads(note.read_text())
    assert where["moment"] != "missed", f"{case.name}: the call ended without reaching its point"
    assert first.exit_code == EXPECTED_SIGNAL, first.said[-3000:]
    return where


def check_vendor_saw_it(where: dict[str, str], outside: Outside, connection: sa.Connection) -> int:
    """Killed after the vendor acted: its journal has one more act than the product has answers for."""
    if where["moment"] != "effect:acted":
        return 0
    service = where["name"].split(".", 1)[0]
    (route,) = [one for one in (*REACHES_SOMEBODY, MODEL) if one[0] == service]
    query = "select state, count(*) from actp_intents where service = '{}' group by state"
    states = counts(connection, query.format(service))
    acted = len(outside.acted(*route))
    assert states.get("sent") == 1
    assert acted == states.get("settled", 0) + 1
    return acted


def counts(connection: sa.Connection, query: str) -> dict[str, int]:
    """A two-column answer as word to number."""
    return {str(word): int(number) for word, number in connection.exec_driver_sql(query)}


def check_day_ended(connection: sa.Connection) -> dict[str, Any]:
    """Every block is done, every call of the table has ended, and nothing was left in the air."""
    runs = connection.exec_driver_sql(f"select block, status from actp_routine_runs where run_date = '{RUN_DATE}'").all()
    calls = connection.exec_driver_sql(f"select label, status, error from actp_routine_steps where run_date = '{RUN_DATE}'").all()
    doubts = connection.exec_driver_sql("select service, state from actp_intents where state in ('sent', 'unknown')").all()
    assert sorted(runs) == sorted((block.name, "done") for block in BLOCKS)
    assert len(calls) == call_count()
    assert [one for one in calls if one[1] == Status.FAILED.value] == []
    assert [one for one in doubts if one[1] == "sent"] == []
    assert {service for service, _ in doubts} <= MAY_PARK
    assert len(doubts) <= 1
    return {"parked": [service for service, _ in doubts]}


def check_nothing_twice(outside: Outside, connection: sa.Connection) -> dict[str, Any]:
    """What reaches somebody was acted on once per intent; a model was asked at most twice, and paid as often as asked."""
    reached = 0
    for service, method, path_end in REACHES_SOMEBODY:
        bodies = [row["body"] for row in outside.acted(service, method, path_end)]
        assert len(bodies) == len(set(bodies)), f"{service} acted twice on one request"
        # A message that is edited after its decision (`telegram.answer`) is no new one.
        mine = f"service = '{service}' and operation <> 'answer'"
        states = Counter(connection.exec_driver_sql(f"select state from actp_intents where {mine}").scalars())
        assert states["settled"] <= len(bodies) <= states["settled"] + states["unknown"]
        reached += len(bodies)
    asked = Counter(row["body"] for row in outside.acted(*MODEL))
    assert max(asked.values(), default=0) <= 2
    assert sum(count - 1 for count in asked.values()) <= 1
    query = "select state, count(*) from actp_ledger_entries where service = 'anthropic' group by state"
    booked = counts(connection, query)
    assert sum(booked.values()) == sum(asked.values())
    return {"reached": reached, "model_calls": sum(asked.values()), "booked_unconfirmed": booked.get("unconfirmed", 0)}
