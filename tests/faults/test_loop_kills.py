"""Line 5 of the deciding issue: kill -9 in every state of both loops; each goes on to its end, and no decision is delegated twice."""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from revenue_machine.sandbox.store import WorldStore
from tests.faults import loop_worker
from tests.faults.forked import ROOT, Forked, start
from tests.faults.kill_cases import sources_hash

LIMIT_S = 600


@dataclass(frozen=True)
class Case:
    """Where a loop stands when the process dies, and in which world."""

    flavour: str
    loop: str
    state: str
    point: str

    @property
    def name(self) -> str:
        return f"{self.flavour}-{self.loop}-{self.state}-{self.point}".replace(":", "-")


# The states a loop stands in while something is done about it; the harness starts and works while it waits.
_PAYWALL = ("found", "testing", "shipping", "awaiting", "shipped", "measuring", "closing")
_PRODUCT = ("proposed", "awaiting_approval", "delegated", "measuring")
_LOSING = (("paywall", "undoing"), ("paywall", "undo_awaiting"))
# A judged change keeps its verdict for good while its roll-out or its removal is asked for.
_JUDGED = (("winning", "improved"), ("losing", "regressed"))
_AT_WORK = (("winning", "paywall", "awaiting"), ("winning", "product", "delegated"), ("losing", "paywall", "undo_awaiting"))
CASES = [
    *(Case("winning", "paywall", state, point) for state in _PAYWALL for point in loop_worker.POINTS),
    *(Case("winning", "product", state, point) for state in _PRODUCT for point in loop_worker.POINTS),
    *(Case("losing", loop, state, point) for loop, state in _LOSING for point in loop_worker.POINTS),
    *(
        Case(flavour, "product", state, point)
        for flavour, state in _JUDGED
        for point in ("before", "acted", *loop_worker.EFFECT_POINTS)
    ),
    *(Case(*place, point) for place in _AT_WORK for point in (*loop_worker.EFFECT_POINTS, loop_worker.POLLED)),
]
# Over soonest: a lost test is taken back after a week; it dies after the harness took the start, before anybody wrote that down.
SAMPLE = Case("losing", "paywall", "undo_awaiting", "effect:acted")


def test_a_sampled_kill_delegates_once(tmp_path: Path) -> None:
    assert SAMPLE in CASES
    live_through(SAMPLE, f"sqlite:///{tmp_path}/revenue.db", tmp_path, ("paywall",))


@pytest.mark.proof
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_kill_delegates_once(case: Case, database_url: str, tmp_path: Path) -> None:
    kind = "sqlite" if database_url.startswith("sqlite") else "postgresql"
    file, sources = ROOT / ".proof" / "loop_kill" / kind / f"{case.name}.json", sources_hash()
    if file.is_file() and json.loads(file.read_text(encoding="utf-8"))["sources"] == sources:
        return
    figures = live_through(case, database_url, tmp_path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"sources": sources, **figures}), encoding="utf-8")
    _write_figures(kind, sources)


@pytest.mark.proof
def test_silence_ends_both_loops_as_expired(database_url: str, tmp_path: Path) -> None:
    done = live(database_url, tmp_path, "winning", "silent", "paywall,product")
    assert done.exit_code == 0, done.said[-3000:]
    with reading(database_url) as connection:
        ends = rows(connection, "select kind, status, outcome from actp_experiments where subject = 'everreach_pro'")
        delegations = rows(connection, "select status, run_id from actp_acd_delegations")
        facts = facts_by_experiment(connection)
    assert ("paywall", "closed", "expired") in ends
    assert ("product", "closed", "expired") in ends
    assert set(delegations) == {("expired", None)}
    assert set(facts.values()) == {1}
    assert harness_runs(tmp_path) == {}


def live_through(case: Case, url: str, home: Path, loops: tuple[str, ...] = ("paywall", "product")) -> dict[str, Any]:
    """Kill, go on to the end of those loops, look."""
    note = home / "death.json"
    death = json.dumps({"loop": case.loop, "state": case.state, "point": case.point, "note": str(note)})
    first = live(url, home, case.flavour, "willing", ",".join(loops), death)
    assert note.exists(), f"it never died (exit {first.exit_code}): {first.said[-3000:]}"
    assert first.exit_code == -signal.SIGKILL, first.said[-3000:]
    second = live(url, home, case.flavour, "willing", ",".join(loops))
    assert second.exit_code == 0, second.said[-3000:]
    assert json.loads(second.said.splitlines()[-1])["open"] == 0
    with reading(url) as connection:
        check_loops_ended(connection, loops)
        return {**json.loads(note.read_text(encoding="utf-8")), **check_one_run_each(connection, home)}


def live(url: str, home: Path, *words: str) -> Forked:
    """One process, to its end or its death."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("REVENUE_")}
    own |= {"REVENUE_HOME": str(home), "REVENUE_DATABASE_URL": url, "REVENUE_LIFT__SWITCHBACK_SHARE": "0"}
    log = home / f"life-{len(list(home.glob('life-*.log')))}.log"
    return start(loop_worker.main, words, own, log).wait(timeout_s=LIMIT_S)


def reading(url: str) -> sa.Connection:
    """The product's database as anybody may look at it."""
    return sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool).connect()


def rows(connection: sa.Connection, query: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in connection.exec_driver_sql(query)]


def check_loops_ended(connection: sa.Connection, loops: tuple[str, ...]) -> None:
    """They are over, in the book and in memory, each once."""
    ends = rows(connection, "select kind, status, outcome from actp_experiments where subject = 'everreach_pro'")
    closed = [(kind, outcome) for kind, status, outcome in ends if status == "closed"]
    assert sorted(kind for kind, _ in closed) == sorted(loops)
    assert {outcome for _, outcome in closed} <= {"improved", "neutral", "regressed", "rolled_back"}
    facts = facts_by_experiment(connection)
    assert sorted(facts.values()) == [1] * len(loops)
    assert rows(connection, "select id from actp_intents where state = 'sent'") == []


def facts_by_experiment(connection: sa.Connection) -> Counter[str]:
    """How many facts rest on each experiment."""
    ids = [row[0] for row in rows(connection, "select id from actp_experiments where status = 'closed'")]
    facts = [str(row[0]) for row in rows(connection, "select properties from actp_graph_entities where entity_type = 'fact'")]
    return Counter(name for name in ids for fact in facts if name in fact)


def check_one_run_each(connection: sa.Connection, home: Path) -> dict[str, int]:
    """One delegation per decision, one question and one run per delegation, in our tables, the journal and the harness."""
    delegations = rows(connection, "select id, decision_key, run_id, status from actp_acd_delegations")
    assert len({key for _, key, _, _ in delegations}) == len(delegations)
    asked = Counter(
        row[0] for row in rows(connection, "select call_key from actp_approvals where topic = 'system.delegate_to_acd'")
    )
    assert set(asked.values()) == {1}
    runs = harness_runs(home)
    assert set(runs) == {name for name, _, run_id, _ in delegations if run_id is not None}
    assert set(runs.values()) == {1}
    return {"delegations": len(delegations), "runs": len(runs)}


def harness_runs(home: Path) -> dict[str, int]:
    """Starts the harness took, by our delegation; the journal and the harness's own list agree on who was started."""
    store = WorldStore(home / "world.db")
    try:
        asked = store.run("select request from journal where service = 'acd' and path like '%/harness/start' and acted = 1")
        held = store.run("select key from documents where service = 'acd' and kind = 'runs'")
    finally:
        store.close()
    starts = Counter(str(json.loads(row[0])["reference"]) for row in asked)
    assert {row[0] for row in held} == set(starts)
    return dict(starts)


def _write_figures(kind: str, sources: str) -> None:
    """How far the proof has come."""
    files = [ROOT / ".proof" / "loop_kill" / kind / f"{case.name}.json" for case in CASES]
    found = [json.loads(file.read_text(encoding="utf-8")) for file in files if file.is_file()]
    passed = [one for one in found if one["sources"] == sources]
    decisions, runs = sum(one["delegations"] for one in passed), sum(one["runs"] for one in passed)
    text = (
        f"kills in the loops on {kind}: {len(passed)} of {len(CASES)} passed\n"
        f"  {decisions} decisions delegated, {runs} harness runs, none of them twice\n"
    )
    (ROOT / ".proof" / f"loop-kill-{kind}.txt").write_text(text, encoding="utf-8")
