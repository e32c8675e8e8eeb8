"""The life of one pretend run: how long it takes, what its log says by then, how it ends and what stands deployed after it."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from revenue_machine.integrations.acd.fake_task import Unreadable, end_state, merged
from revenue_machine.integrations.acd.fake_toy import CHANGELOG, FRESH, PRODUCT, BadFolder, SelfTest, toy_at
from revenue_machine.kit.clock import iso, parse_instant
from revenue_machine.kit.fakeserver import FakeState
from revenue_machine.kit.rng import rng

PLACE = "latest"
SHORTEST_S, LONGEST_S = 20 * 60, 40 * 60
PAGE_LINES = 500
_HANG = "hang"


def work_plan(state: FakeState, order: Mapping[str, Any], most_sessions: int) -> dict[str, Any]:
    """What is known of a run when it starts: its end, its sessions, and the mishap a test asked for."""
    draw = rng(state.seed, "acd.run", order["project"], order["reference"])
    now, mode = state.now(), _taken_mode(state)
    seconds = draw.randint(SHORTEST_S, LONGEST_S)
    sessions = min(most_sessions, draw.randint(1, 3))
    return {
        "status": "running", "reason": None, "summary": "", "mode": mode["mode"], "flood": mode["lines"], "sessions": sessions,
        "started_at": iso(now), "due_at": iso(now + timedelta(seconds=seconds)), "ended_at": None, "files": [], "tests": None,
    }  # fmt: skip


def _taken_mode(state: FakeState) -> dict[str, Any]:
    waiting = (state.get("modes", "next") or {"modes": []})["modes"]
    if not waiting:
        return {"mode": None, "lines": 0}
    state.put("modes", "next", {"modes": waiting[1:]})
    return dict(waiting[0])


def settle(state: FakeState, project: str) -> None:
    """End the project's open run when its time has come."""
    place = state.get("open", project)
    run = None if place is None else state.get("runs", place["reference"])
    if run is None or run["mode"] == _HANG or state.now() < parse_instant(run["due_at"]):
        return
    broken = _failed("tests_failed", "the change broke a test", SelfTest(4, 1, ("test_change",)))
    end = broken if run["mode"] else _worked(state, run)
    _close(state, {**run, **end, "ended_at": run["due_at"]})


def stop(state: FakeState, run: dict[str, Any]) -> dict[str, Any]:
    """End a run before its time; nothing was changed yet."""
    ended = {**run, "status": "stopped", "summary": "stopped before anything was changed", "ended_at": iso(state.now())}
    _close(state, ended)
    return ended


def _close(state: FakeState, run: dict[str, Any]) -> None:
    state.put("runs", run["reference"], run)
    state.drop("open", run["project"])


def _worked(state: FakeState, run: Mapping[str, Any]) -> dict[str, Any]:
    """Edit the toy as the task wants, after its own test has passed with that; safe to repeat after a kill."""
    try:
        wanted = end_state(run["task"])
        toy = toy_at(str((state.get("projects", run["project"]) or {"path": ""})["path"]))
        before = deployed(state, run["project"])
        toy.make(before)
        product = {**FRESH, **merged(before, wanted)}
        tests = toy.tried(product)
        if tests.failed:
            return _failed("tests_failed", f"the toy's own test fails: {', '.join(tests.names)}", tests)
        toy.put_product(product)
        parts = ", ".join(sorted(wanted)) or "nothing"
        toy.note(run["reference"], f"{run['due_at'][:10]}: {parts} changed")
    except Unreadable as error:
        return _failed("no_end_state", str(error))
    except BadFolder as error:
        return _failed("bad_folder", str(error))
    state.put("products", run["project"], {"id": run["project"], "product": product, "deployed_at": run["due_at"]})
    changed = [name for name, is_so in ((CHANGELOG, True), (PRODUCT, product != before)) if is_so]
    return {
        "status": "completed", "summary": f"{' and '.join(changed)} changed, {tests.passed} tests passed",
        "tests": [tests.passed, 0],
        "files": [{"path": name, "change": "modified"} for name in changed],
    }  # fmt: skip


def _failed(reason: str, summary: str, tests: SelfTest | None = None) -> dict[str, Any]:
    counts = None if tests is None else [tests.passed, tests.failed]
    return {"status": "failed", "reason": reason, "summary": summary, "tests": counts}


def status_of(state: FakeState, project: str, run: Mapping[str, Any] | None) -> dict[str, Any]:
    """The status document of a run, `idle` where there is none."""
    if run is None:
        return {
            "projectId": project,
            "status": "idle",
            "reference": None,
            "sessionNumber": 0,
            "stats": {"sessions": 0},
            "pid": None,
        }
    passed, failed = run["tests"] or (None, None)
    session = _session_at(state, run)
    has_ended = run["ended_at"] is not None
    return {
        "projectId": project, "reference": run["reference"], "status": run["status"], "reason": run["reason"],
        "summary": run["summary"], "model": run["model"], "sessionType": "coding", "sessionNumber": session, "branch": None,
        "stats": {
            "sessions": session, "filesChanged": len(run["files"]) if has_ended else None, "commits": None,
            "testsPassed": passed, "testsFailed": failed, "logLines": _line_count(state, run),
        },
        "filesChanged": run["files"], "commits": [], "startedAt": run["started_at"], "endedAt": run["ended_at"],
        "lastUpdate": run["ended_at"] or iso(state.now()), "pid": None,
    }  # fmt: skip


def _session_at(state: FakeState, run: Mapping[str, Any]) -> int:
    """Which session works now: they share the planned time evenly."""
    start, due = parse_instant(run["started_at"]), parse_instant(run["due_at"])
    until = parse_instant(run["ended_at"]) if run["ended_at"] else state.now()
    part = (until - start) / (due - start)
    return int(max(1, min(run["sessions"], 1 + int(part * run["sessions"]))))


def log_page(state: FakeState, run: Mapping[str, Any] | None, after: int, tail: int | None) -> dict[str, Any]:
    """A page of the log, from behind `after` or the last `tail` lines."""
    if run is None:
        return {"reference": None, "lines": [], "nextAfter": 0, "dropped": 0, "isEnd": True}
    count = _line_count(state, run)
    if tail is not None:
        after = max(0, count - min(tail, PAGE_LINES))
    last = min(count, after + PAGE_LINES)
    short = _short_lines(state, run)
    lines = [{"number": number, **_line_at(run, short, number)} for number in range(after + 1, last + 1)]
    return {"reference": run["reference"], "lines": lines, "nextAfter": max(after, last), "dropped": 0, "isEnd": last >= count}


def _line_count(state: FakeState, run: Mapping[str, Any]) -> int:
    return len(_short_lines(state, run)) + int(run["flood"])


def _line_at(run: Mapping[str, Any], short: list[dict[str, Any]], number: int) -> dict[str, Any]:
    """The first line, then the flood a test asked for, then the rest: never all of it in memory."""
    if number == 1:
        return short[0]
    if number <= 1 + run["flood"]:
        return {"at": run["started_at"], "stream": "stdout", "text": f"line {number - 1} of a talkative agent"}
    place = number - 1 - int(run["flood"])
    return short[place]


def _short_lines(state: FakeState, run: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What the harness itself has said by now."""
    start, due = parse_instant(run["started_at"]), parse_instant(run["due_at"])
    said = [
        (start, "harness", f"{run['reference']}: {run['model']} begins, the task has {len(run['task'])} characters"),
        (start + (due - start) / 10, "stdout", "reading the project"),
        (start + (due - start) / 2, "stdout", f"working on {PRODUCT}"),
    ]
    until = parse_instant(run["ended_at"]) if run["ended_at"] else state.now()
    lines = [{"at": iso(at), "stream": stream, "text": text} for at, stream, text in said if at <= until]
    if run["ended_at"]:
        lines.append({"at": run["ended_at"], "stream": "harness", "text": f"{run['reference']}: {run['status']}: {run['summary']}"})
    return lines


def public_advance(state: FakeState) -> None:
    """Let open runs end whose time has come."""
    for one in state.list("open"):
        settle(state, one["project"])


def deployed(state: FakeState, project: str) -> dict[str, Any]:
    """The product as this world knows it: the file on disk is its picture, so an older life's file means nothing."""
    found = state.get("products", project)
    return copy.deepcopy(FRESH) if found is None else dict(found["product"])


def public_product(state: FakeState, project: str) -> dict[str, Any]:
    """product.json of a project as deployed now; empty as long as nothing was ever deployed."""
    settle(state, project)
    found = state.get("products", project)
    return {} if found is None else dict(found["product"])


def public_projects(state: FakeState) -> list[str]:
    """The projects anything was deployed of, by name."""
    public_advance(state)
    return sorted(str(one["id"]) for one in state.list("products"))


def public_fail_next(state: FakeState, times: int = 1) -> None:
    """The next runs to start end with a broken test."""
    _plan_mode(state, "tests_failed", times)


def public_hang_next(state: FakeState, times: int = 1) -> None:
    """The next runs to start never end by themselves."""
    _plan_mode(state, _HANG, times)


def public_flood_next(state: FakeState, lines: int) -> None:
    """The agent of the next run to start prints so many lines."""
    waiting = (state.get("modes", "next") or {"modes": []})["modes"]
    state.put("modes", "next", {"modes": [*waiting, {"mode": None, "lines": lines}]})


def _plan_mode(state: FakeState, mode: str, times: int) -> None:
    waiting = (state.get("modes", "next") or {"modes": []})["modes"]
    state.put("modes", "next", {"modes": [*waiting, *({"mode": mode, "lines": 0} for _ in range(times))]})


def public_restart(state: FakeState) -> None:
    """The harness forgets every run, as one without a memory on disk does; projects and what is deployed stay."""
    for run in state.list("runs"):
        state.drop("runs", run["reference"])
        state.drop("open", run["project"])
        state.drop(PLACE, run["project"])
