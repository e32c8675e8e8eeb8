"""A pretend coding harness: works some minutes of world time, then really edits a toy repository on disk."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from revenue_machine.integrations.acd.fake_runs import (
    PLACE,
    deployed,
    log_page,
    public_advance,
    public_fail_next,
    public_flood_next,
    public_hang_next,
    public_product,
    public_projects,
    public_restart,
    settle,
    status_of,
    stop,
    work_plan,
)
from revenue_machine.integrations.acd.fake_toy import BadFolder, toy_at
from revenue_machine.kit.fakeserver import FakeRequest, FakeResponse, FakeState, Routes, answer_json
from revenue_machine.kit.ids import content_hash

__all__ = [
    "public_advance",
    "public_fail_next",
    "public_flood_next",
    "public_hang_next",
    "public_product",
    "public_projects",
    "public_restart",
    "respond",
]
routes = Routes()
MODELS: Mapping[str, str] = {"tests": "haiku", "features": "sonnet", "architecture": "opus"}
MOST_BODY_BYTES = 1_000_000
MOST_TASK_CHARS = 200_000
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_REFERENCE = re.compile(r"[A-Za-z0-9_.:-]{1,128}")


class _Refusal(Exception):
    """An error answer on its way out."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


def respond(state: FakeState, request: FakeRequest) -> FakeResponse:
    """Answer one call."""
    try:
        return answer_json(200, {"data": _answer(state, request)})
    except _Refusal as refusal:
        return answer_json(refusal.status, {"error": {"code": refusal.code, "message": refusal.message}})


def _answer(state: FakeState, request: FakeRequest) -> Any:
    if request.bearer() != state.api_key:
        raise _Refusal(401, "unauthorized", "the key is missing or wrong")
    found = routes.find(request.method, request.path)
    if found is None:
        raise _Refusal(404, "not_found", "no such path")
    if len(request.body) > MOST_BODY_BYTES:
        raise _Refusal(413, "too_large", f"the body is larger than {MOST_BODY_BYTES:,} bytes")
    return found[0](state, request, **found[1])


@routes("GET", "/api/projects")
def _list(state: FakeState, request: FakeRequest) -> Any:
    return [_project(state, one["id"]) for one in sorted(state.list("projects"), key=lambda one: str(one["id"]))]


@routes("POST", "/api/projects")
def _import(state: FakeState, request: FakeRequest) -> Any:
    body = _body(request)
    name, path = _fitting(body, "name", _NAME), body.get("path")
    if not isinstance(path, str):
        raise _Refusal(422, "bad_request", "path is no text")
    is_new = state.get("projects", name) is None
    _place(state, name, path)
    return {**_project(state, name), "isNew": is_new}


@routes("POST", "/api/projects/{project}/harness/start")
def _start(state: FakeState, request: FakeRequest, project: str) -> Any:
    return _started(state, project, _body(request))


@routes("POST", "/api/harness/start")
def _start_named(state: FakeState, request: FakeRequest) -> Any:
    body = _body(request)
    return _started(state, _fitting(body, "project", _NAME), body)


@routes("POST", "/api/projects/{project}/harness/stop")
def _stop(state: FakeState, request: FakeRequest, project: str) -> Any:
    return _stopped(state, project, _body(request))


@routes("POST", "/api/harness/stop")
def _stop_named(state: FakeState, request: FakeRequest) -> Any:
    body = _body(request)
    return _stopped(state, _fitting(body, "project", _NAME), body)


@routes("GET", "/api/projects/{project}/harness/status")
def _status(state: FakeState, request: FakeRequest, project: str) -> Any:
    _known(state, project)
    return status_of(state, project, _run(state, project, request.param("reference")))


@routes("GET", "/api/projects/{project}/harness/logs")
def _logs(state: FakeState, request: FakeRequest, project: str) -> Any:
    _known(state, project)
    run = _run(state, project, request.param("reference"))
    after, tail = _count(request, "after"), _count(request, "tail")
    return log_page(state, run, after or 0, tail)


@routes("GET", "/api/harnesses")
def _open(state: FakeState, request: FakeRequest) -> Any:
    for one in state.list("open"):
        settle(state, one["project"])
    return [status_of(state, one["project"], state.get("runs", one["reference"])) for one in state.list("open")]


@routes("GET", "/api/dashboard/stats")
def _stats(state: FakeState, request: FakeRequest) -> Any:
    for one in state.list("open"):
        settle(state, one["project"])
    words = [run["status"] for run in state.list("runs")]
    return {
        "projects": state.count("projects"),
        **{name: words.count(name) for name in ("running", "completed", "failed", "stopped")},
    }


def _started(state: FakeState, project: str, body: Mapping[str, Any]) -> Any:
    reference, task = _fitting(body, "reference", _REFERENCE), body.get("task")
    settle(state, project)
    known = state.get("runs", reference)
    if known is not None:
        if (known["project"], known["task_hash"]) != (project, content_hash(str(task))):
            raise _Refusal(409, "reference_used", "that reference was started with another task or project")
        return status_of(state, project, known)
    sessions = _fit_to_start(body)
    if body.get("projectPath") is not None:
        _place(state, project, str(body["projectPath"]))
    _known(state, project)
    if state.get("open", project) is not None:
        raise _Refusal(409, "running", "another run of this project is open")
    try:
        toy_at(str((state.get("projects", project) or {})["path"])).make(deployed(state, project))
    except BadFolder as error:
        raise _Refusal(422, "bad_path", str(error)) from None
    order = {"project": project, "reference": reference, "task": task, "task_hash": content_hash(str(task)), "model": body["model"]}
    run = {**order, **work_plan(state, order, sessions)}
    state.put("runs", reference, run)
    state.put(PLACE, project, {"reference": reference})
    state.put("open", project, {"project": project, "reference": reference})
    return status_of(state, project, run)


def _fit_to_start(body: Mapping[str, Any]) -> int:
    """How many sessions are allowed; refuses what does not fit."""
    task, sessions, delay_ms = body.get("task"), body.get("maxSessions", 1), body.get("sessionDelayMs", 5000)
    if not isinstance(task, str) or not 1 <= len(task) <= MOST_TASK_CHARS:
        raise _Refusal(422, "bad_request", f"task is no text of 1 to {MOST_TASK_CHARS:,} characters")
    if body.get("task_type") not in MODELS or body.get("model") not in MODELS.values():
        raise _Refusal(422, "bad_request", "task_type is tests, features or architecture; model is haiku, sonnet or opus")
    if body.get("continuous", False) is not False:
        raise _Refusal(422, "bad_request", "continuous runs are not offered")
    if type(sessions) is not int or not 1 <= sessions <= 100 or type(delay_ms) is not int or not 0 <= delay_ms <= 600_000:
        raise _Refusal(422, "bad_request", "maxSessions is 1 to 100, sessionDelayMs 0 to 600,000")
    return sessions


def _stopped(state: FakeState, project: str, body: Mapping[str, Any]) -> Any:
    _known(state, project)
    wanted = _fitting(body, "reference", _REFERENCE) if "reference" in body else None
    run = _run(state, project, wanted)
    is_open = state.get("open", project) is not None
    if run is not None and is_open and run["status"] == "running":
        run = stop(state, run)
    return status_of(state, project, run)


def _place(state: FakeState, project: str, path: str) -> None:
    """Where a project lies, from now on; the toy is made when nothing is there."""
    if _NAME.fullmatch(project) is None:
        raise _Refusal(404, "unknown_project", "no project of that name")
    known = state.get("projects", project)
    if known is not None and known["path"] == path:
        return
    settle(state, project)
    if state.get("open", project) is not None:
        raise _Refusal(409, "running", "a run of this project is open")
    try:
        toy_at(path).make(deployed(state, project), is_anew=known is None)
    except BadFolder as error:
        raise _Refusal(422, "bad_path", str(error)) from None
    state.put("projects", project, {"id": project, "path": path})


def _project(state: FakeState, project: str) -> dict[str, Any]:
    return {"id": project, "name": project, "status": status_of(state, project, _run(state, project, None))["status"]}


def _known(state: FakeState, project: str) -> None:
    if state.get("projects", project) is None:
        raise _Refusal(404, "unknown_project", "no project of that name")


def _run(state: FakeState, project: str, reference: str | None) -> dict[str, Any] | None:
    """The run of a reference, or the project's latest; None when it has none."""
    settle(state, project)
    if reference is not None:
        run = state.get("runs", reference)
        if run is None or run["project"] != project:
            raise _Refusal(404, "unknown_run", "this project has no run of that reference")
        return run
    latest = state.get(PLACE, project)
    return None if latest is None else state.get("runs", latest["reference"])


def _body(request: FakeRequest) -> dict[str, Any]:
    body = request.json() if request.body else {}
    if not isinstance(body, dict):
        raise _Refusal(422, "bad_request", "the body is no JSON object")
    return body


def _fitting(body: Mapping[str, Any], name: str, shape: re.Pattern[str]) -> str:
    value = body.get(name)
    if not isinstance(value, str) or shape.fullmatch(value) is None:
        raise _Refusal(422, "bad_request", f"{name} is missing or does not fit")
    return value


def _count(request: FakeRequest, name: str) -> int | None:
    text = request.param(name)
    if text is None:
        return None
    if re.fullmatch(r"[0-9]{1,12}", text) is None:
        raise _Refusal(422, "bad_request", f"{name} is no count")
    return int(text)
