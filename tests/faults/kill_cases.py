"""The kill test's cases, taken from the routine's own table, and the days they start from."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from revenue_machine import domains
from revenue_machine.domains.routine.daily_routine import BLOCKS, STEPS
from revenue_machine.engine.registry import discover
from revenue_machine.engine.topic import Effect
from tests.faults import day_worker
from tests.faults.forked import ROOT, Forked, start
from tests.faults.outside_process import Outside, outside_process

LAST_BLOCK = BLOCKS[-1].name


@dataclass(frozen=True)
class Case:
    """One call of one step of the day, and where in it the process dies."""

    block: str
    step: int
    place: int
    topic: str
    record: str
    after: str
    point: str

    @property
    def name(self) -> str:
        return f"{self.step:02}.{self.place}-{self.topic}-{self.point}"

    def death(self, note: Path) -> str:
        """The last argument of the worker that is to die."""
        return json.dumps(
            {
                "block": self.block,
                "after": self.after,
                "topic": self.topic,
                "record": self.record,
                "point": self.point,
                "note": str(note),
            }
        )


def every_case() -> list[Case]:
    """Every call of every step × 3 points, in the order of the day; later issues' steps join by being in the table."""
    cases = []
    for block in BLOCKS:
        after = "start"
        for step in block.steps:
            for place, call in enumerate(step.calls):
                record = f"{step.number:02}.{place}.{call.label}"
                cases += [Case(block.name, step.number, place, call.topic, record, after, point) for point in day_worker.POINTS]
                after = record
    return cases


def is_built(case: Case) -> bool:
    """Whether the topic has a body yet; a planned one answers `not_configured` and has no effect to kill."""
    return discover(domains).find(case.topic).built


def reaches_outside(case: Case) -> bool:
    """Whether the topic may spend or speak."""
    return discover(domains).find(case.topic).effect >= Effect.SPENDS


def call_count() -> int:
    return sum(len(step.calls) for step in STEPS)


def sources_hash() -> str:
    """Changes with anything a kill could depend on."""
    digest = hashlib.sha256()
    for folder in (ROOT / "src", ROOT / "tests" / "faults", ROOT / "migrations"):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def walk(outside: Outside, url: str | None, *words: str) -> Forked:
    """Run one worker process to its end, or to its death."""
    number = len(list(outside.home.glob("worker-*.log")))
    worker = start(day_worker.main, (outside.url, *words), outside.environment(url), outside.home / f"worker-{number}.log")
    return worker.wait(timeout_s=300)


class Days:
    """Homes that have lived the date up to a block, each made once and copied per case.

    `server` is a PostgreSQL server's URL without a database, None for SQLite inside the home.
    """

    def __init__(self, folder: Path, server: str | None) -> None:
        self._folder, self._server = folder, server
        self._admin = None if server is None else sa.create_engine(f"{server}/postgres", isolation_level="AUTOCOMMIT")

    def copy(self, block: str, home: Path) -> str | None:
        """A home that stands before a block; returns its database's URL (None: SQLite in the home)."""
        return self._clone(self._before(block), home, f"case_{hashlib.sha256(str(home).encode()).hexdigest()[:12]}")

    def close(self) -> None:
        if self._admin is not None:
            self._admin.dispose()

    def drop(self, url: str | None) -> None:
        """A case's own database goes with the case."""
        if self._admin is not None and url is not None:
            with self._admin.connect() as connection:
                connection.exec_driver_sql(f"drop database if exists {url.rsplit('/', 1)[1]} with (force)")

    def _before(self, block: str) -> Path:
        place = self._folder / f"before-{block}"
        with _alone_on(self._folder / f"before-{block}.lock"):
            if not (place / "ready").exists():
                shutil.rmtree(place, ignore_errors=True)
                self._make(block, place)
                (place / "ready").touch()
        return place

    def _make(self, block: str, place: Path) -> None:
        names = [one.name for one in BLOCKS]
        number = names.index(block)
        if number == 0:
            self._clone(None, place, "before_morning")
            with outside_process(place):
                return
        previous = names[number - 1]
        url = self._clone(self._before(previous), place, f"before_{block}")
        with outside_process(place) as outside:
            done = walk(outside, url, previous, previous)
        if done.exit_code != 0:
            raise RuntimeError(f"no crash, and yet the {previous} block does not end: {done.said[-2000:]}")

    def _clone(self, source: Path | None, home: Path, name: str) -> str | None:
        """Files and database of one home as another; without a source, empty ones."""
        home.mkdir(parents=True, exist_ok=True)
        if source is not None:
            shutil.copytree(source, home, ignore=shutil.ignore_patterns("ready", "*.log"), dirs_exist_ok=True)
        if self._admin is None:
            return None
        template = "template0" if source is None else (source / "database").read_text(encoding="utf-8")
        with self._admin.connect() as connection:
            connection.exec_driver_sql(f"drop database if exists {name} with (force)")
            connection.exec_driver_sql(f"create database {name} template {template}")
        (home / "database").write_text(name, encoding="utf-8")
        return f"{self._server}/{name}"


@contextmanager
def _alone_on(path: Path) -> Iterator[None]:
    """Test processes that run side by side share these days."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def keep_result(kind: str, case: Case, result: dict[str, Any]) -> None:
    """One file per case below `.proof/`, so that a proof goes on where it was stopped."""
    path = result_file(kind, case)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result), encoding="utf-8")


def kept_result(kind: str, case: Case, sources: str) -> dict[str, Any] | None:
    """The verdict of these very sources, if there is one."""
    path = result_file(kind, case)
    found: dict[str, Any] = json.loads(path.read_text()) if path.is_file() else {}
    return found if found.get("sources") == sources else None


def result_file(kind: str, case: Case) -> Path:
    return ROOT / ".proof" / "kill" / kind / f"{case.name}.json"


def write_figures(kind: str, sources: str) -> str:
    """How far the proof has come, as text that `make proof` shows; kept in `.proof/kill-<kind>.txt`."""
    results = [(case, kept_result(kind, case, sources)) for case in every_case()]
    verdicts = Counter("open" if result is None else str(result["verdict"]) for _, result in results)
    passed = [result for _, result in results if result is not None and result["verdict"] == "passed"]
    whole = {case.step for case, _ in results} - {
        case.step for case, result in results if result is None or result["verdict"] == "failed"
    }
    parked = Counter(service for result in passed for service in result["parked"])
    lines = [
        f"kill test on {kind}: {len(STEPS)} steps, {call_count()} calls × {len(day_worker.POINTS)} points",
        f"  {verdicts['passed']} passed, {verdicts['failed']} failed, {verdicts['skipped']} skipped (not built), {verdicts['open']} open",
        f"  {len(whole)} of {len(STEPS)} steps without an open or failed case",
        f"  killed after a vendor acted, seen in its journal: {sum(result['moment'] == 'effect:acted' for result in passed)}",
        f"  parked as outcome unknown: {', '.join(f'{name} {count}' for name, count in sorted(parked.items())) or 'none'}",
        f"  reached somebody: {sum(result['reached'] for result in passed)} requests, 0 of them twice",
        f"  model calls: {sum(result['model_calls'] for result in passed)}, all booked",
        f"  of them booked unconfirmed: {sum(result['booked_unconfirmed'] for result in passed)}",
    ]
    text = "\n".join(lines)
    (ROOT / ".proof" / f"kill-{kind}.txt").write_text(text + "\n", encoding="utf-8")
    return text
