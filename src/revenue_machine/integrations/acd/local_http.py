"""The local harness's door: README.md's endpoints on loopback, closed to web pages, other hosts and wrong keys."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from hmac import compare_digest
from typing import Any, Literal, TypeVar
from urllib.parse import parse_qs, unquote

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from revenue_machine.integrations.acd.local_book import RunRecord
from revenue_machine.integrations.acd.local_harness import LocalHarness, Order
from revenue_machine.kit.clock import Clock, iso
from revenue_machine.kit.errors import Failure, first_mistake
from revenue_machine.kit.log import logger
from revenue_machine.kit.settings import is_loopback

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
MOST_BODY_BYTES = 1_000_000
_NAME = r"^[a-z0-9][a-z0-9_-]{0,63}$"
_REFERENCE = r"^[A-Za-z0-9_.:-]{1,128}$"
_STATUS = {"unknown_project": 404, "unknown_run": 404, "bad_path": 422, "running": 409, "reference_used": 409}


class Turned(Exception):
    """A refusal on its way out."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


class _Asked(BaseModel):
    """A body; fields this harness does not know are left alone."""

    model_config = ConfigDict(frozen=True, extra="ignore")


T = TypeVar("T", bound=_Asked)


class ImportBody(_Asked):
    """POST /api/projects."""

    name: str = Field(pattern=_NAME)
    path: str = Field(min_length=1, max_length=4096)


class StartBody(_Asked):
    """POST …/harness/start."""

    project: str = Field(pattern=_NAME)
    task: str = Field(min_length=1, max_length=200_000)
    task_type: Literal["tests", "features", "architecture"]
    model: Literal["haiku", "sonnet", "opus"]
    reference: str = Field(pattern=_REFERENCE)
    continuous: Literal[False] = False
    maxSessions: int = Field(default=1, ge=1, le=100, strict=True)  # noqa: N815 - the contract's spelling
    sessionDelayMs: int = Field(default=5000, ge=0, le=600_000, strict=True)  # noqa: N815 - the contract's spelling
    projectPath: str | None = Field(default=None, max_length=4096)  # noqa: N815 - the contract's spelling


class StopBody(_Asked):
    """POST …/harness/stop."""

    project: str = Field(pattern=_NAME)
    reference: str | None = Field(default=None, pattern=_REFERENCE)


class LogQuery(_Asked):
    """GET …/logs."""

    reference: str | None = None
    after: int = Field(default=0, ge=0)
    tail: int | None = Field(default=None, ge=0)


class HarnessDoor:
    """An ASGI app; `keys` empty lets everybody on this machine in."""

    def __init__(self, harness: LocalHarness, keys: tuple[str, ...], clock: Clock) -> None:
        self._harness, self._keys, self._clock = harness, keys, clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        body, more = b"", True
        while more and len(body) <= MOST_BODY_BYTES:
            part = await receive()
            body, more = body + part.get("body", b""), part.get("more_body", False)
        status, answer = await asyncio.to_thread(self._answer, scope, body)
        data = json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(data)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": data})

    def _answer(self, scope: Scope, body: bytes) -> tuple[int, Any]:
        try:
            self._check(scope, body)
            return 200, {"data": self._routed(scope, body)}
        except Turned as turned:
            return turned.status, _error(turned.code, str(turned))
        except Failure as failure:
            code = str(failure.details.get("reason", failure.code))
            return _STATUS.get(code, 409), _error(code, failure.message)
        except OSError as error:
            logger().error("harness.disk", message=str(error))
            return 500, _error("machine", f"the machine refused: {error.strerror or error}")

    def _check(self, scope: Scope, body: bytes) -> None:
        """A browser sends Origin, and a page that renamed itself to this address another Host: neither may start an agent."""
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        if "origin" in headers or not is_loopback(f"http://{headers.get('host', '')}"):
            raise Turned(403, "not_local", "this harness answers programs of this machine only")
        scheme, _, key = headers.get("authorization", "").partition(" ")
        given = key.strip().encode() if scheme.lower() == "bearer" else b""
        if self._keys and not any(compare_digest(given, known.encode()) for known in self._keys):
            raise Turned(401, "unauthorized", "the key is missing or wrong")
        if len(body) > MOST_BODY_BYTES:
            raise Turned(413, "too_large", f"the body is larger than {MOST_BODY_BYTES:,} bytes")
        if body and headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            raise Turned(422, "bad_request", "the body is no application/json")

    def _routed(self, scope: Scope, body: bytes) -> Any:
        path = unquote(scope.get("raw_path", scope["path"].encode()).decode("latin-1").partition("?")[0])
        query = {name: values[-1] for name, values in parse_qs(scope["query_string"].decode("latin-1")).items()}
        for method, pattern, route in _ROUTES:
            found = re.fullmatch(pattern, path)
            if found is not None and method == scope["method"]:
                return route(self, {**(query if method == "GET" else _object(body)), **found.groupdict()})
        raise Turned(404, "not_found", "no such path")

    def projects(self, asked: Mapping[str, Any]) -> Any:
        return [self._project(name) for name in self._harness.book.projects()]

    def _project(self, name: str) -> dict[str, Any]:
        run = self._harness.book.latest(name)
        return {"id": name, "name": name, "status": "idle" if run is None else run.status}

    def take_in(self, asked: Mapping[str, Any]) -> Any:
        body = _read(ImportBody, asked)
        is_new = self._harness.move(body.name, body.path)
        return {**self._project(body.name), "isNew": is_new}

    def start(self, asked: Mapping[str, Any]) -> Any:
        body = _read(StartBody, asked)
        order = Order(
            body.project, body.reference, body.task, body.task_type, body.model,
            max_sessions=body.maxSessions, delay_s=body.sessionDelayMs / 1000,
        )  # fmt: skip
        return self._status_of(body.project, self._harness.start(order, body.projectPath))

    def stop(self, asked: Mapping[str, Any]) -> Any:
        body = _read(StopBody, asked)
        return self._status_of(body.project, self._harness.stop(body.project, body.reference))

    def status(self, asked: Mapping[str, Any]) -> Any:
        body = _read(StopBody, asked)
        return self._status_of(body.project, self._harness.find(body.project, body.reference))

    def logs(self, asked: Mapping[str, Any]) -> Any:
        query = _read(LogQuery, asked)
        run = self._harness.find(str(asked["project"]), query.reference)
        if run is None:
            return {"reference": None, "lines": [], "nextAfter": 0, "dropped": 0, "isEnd": True}
        return {"reference": run.reference, **self._harness.log_of(run).page(query.after, query.tail)}

    def open_runs(self, asked: Mapping[str, Any]) -> Any:
        return [self._status_of(run.project, run) for run in self._harness.book.runs() if run.is_open]

    def stats(self, asked: Mapping[str, Any]) -> Any:
        words = ["running" if run.is_open else run.status for run in self._harness.book.runs()]
        counts = {name: words.count(name) for name in ("running", "completed", "failed", "stopped")}
        return {"projects": len(self._harness.book.projects()), **counts}

    def _status_of(self, project: str, run: RunRecord | None) -> dict[str, Any]:
        if run is None:
            return {"projectId": project, "status": "idle", "reference": None, "sessionNumber": 0, "stats": {}, "pid": None}
        return {
            "projectId": project, "reference": run.reference, "status": run.status, "reason": run.reason, "summary": run.summary,
            "model": run.model, "sessionType": "coding", "sessionNumber": run.session, "branch": run.branch_name, "pid": run.pid,
            "stats": {
                "sessions": run.session, "filesChanged": _size(run.files), "commits": _size(run.commits), "testsPassed": None,
                "testsFailed": None, "logLines": self._harness.log_of(run).count if run.is_open else run.log_lines,
            },
            "filesChanged": [{"path": path, "change": change} for path, change in run.files or ()],
            "commits": [{"id": commit, "subject": subject} for commit, subject in run.commits or ()],
            "startedAt": iso(run.started_at), "endedAt": None if run.ended_at is None else iso(run.ended_at),
            "lastUpdate": iso(run.ended_at or self._clock.now()),
        }  # fmt: skip


def _size(rows: tuple[Any, ...] | None) -> int | None:
    return None if rows is None else len(rows)


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        raise Turned(422, "bad_request", "the body is no JSON") from None
    if not isinstance(found, dict):
        raise Turned(422, "bad_request", "the body is no JSON object")
    return found


def _read(kind: type[T], asked: Mapping[str, Any]) -> T:
    try:
        return kind.model_validate(asked)
    except ValidationError as error:
        raise Turned(422, "bad_request", first_mistake(error)) from None


def _error(code: str, message: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": message}}


_HARNESS = r"/api/projects/(?P<project>[^/]+)/harness"
_ROUTES: tuple[tuple[str, str, Callable[[HarnessDoor, Mapping[str, Any]], Any]], ...] = (
    ("GET", r"/api/projects", HarnessDoor.projects),
    ("POST", r"/api/projects", HarnessDoor.take_in),
    ("POST", rf"{_HARNESS}/start", HarnessDoor.start),
    ("POST", r"/api/harness/start", HarnessDoor.start),
    ("POST", rf"{_HARNESS}/stop", HarnessDoor.stop),
    ("POST", r"/api/harness/stop", HarnessDoor.stop),
    ("GET", rf"{_HARNESS}/status", HarnessDoor.status),
    ("GET", rf"{_HARNESS}/logs", HarnessDoor.logs),
    ("GET", r"/api/harnesses", HarnessDoor.open_runs),
    ("GET", r"/api/dashboard/stats", HarnessDoor.stats),
)  # fmt: skip
