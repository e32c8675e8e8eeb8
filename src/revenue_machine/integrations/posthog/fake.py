"""A pretend PostHog: capture, flags and queries as its API documents them, in world time."""

from __future__ import annotations

import base64
import binascii
import gzip
import hashlib
import json
import zlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from revenue_machine.integrations.posthog import fake_hogql, fake_insights, fake_store
from revenue_machine.integrations.posthog.fake_store import FakeEvent, micros
from revenue_machine.kit.clock import iso, parse_instant
from revenue_machine.kit.errors import BadInput
from revenue_machine.kit.fakeserver import FakeRequest, FakeResponse, FakeState, Routes, answer_json
from revenue_machine.kit.ids import content_hash

Document = dict[str, Any]
routes = Routes()
QUERIES_PER_HOUR = 2400
_INGEST = ("/batch/", "/i/v0/e/", "/e/", "/capture/", "/track/", "/engage/")
_FLAGS = ("/flags/", "/decide/")
_MAX_BODY = 20 * 1024 * 1024
_INSIGHTS = {"FunnelsQuery": fake_insights.funnel, "TrendsQuery": fake_insights.trends, "RetentionQuery": fake_insights.retention}


def respond(state: FakeState, request: FakeRequest) -> FakeResponse:
    """One request to the ingest host or the API host; the path tells which."""
    path = request.path.rstrip("/") + "/"
    if request.method == "POST" and path in _INGEST:
        return _capture(state, request)
    if request.method == "POST" and path in _FLAGS:
        return _flags(state, request)
    if request.bearer() != state.api_key:
        return _error(401, "authentication_error", "authentication_failed", "Invalid personal API key.")
    found = routes.find(request.method, request.path)
    if found is None:
        return _error(404, "invalid_request", "not_found", "Not found.")
    route, names = found
    if not names.pop("project").isdigit():
        return _error(404, "invalid_request", "not_found", "Project not found.")
    return route(state, request, **names)


def public_capture(
    state: FakeState,
    event: str,
    distinct_id: str,
    properties: Mapping[str, Any] | None = None,
    at: datetime | None = None,
) -> str:
    """A person's device records an event; returns its uuid. The same call at the same time is the same event."""
    instant = at or state.now()
    held = dict(properties or {})
    uuid = _uuid_text([event, distinct_id, iso(instant), held])
    fake_store.add(state, FakeEvent(micros(instant), uuid, event, distinct_id, held))
    return uuid


def public_flag(state: FakeState, key: str, rollout_percentage: float = 100, variants: Mapping[str, float] | None = None) -> None:
    """The owner sets up a flag; `variants` name their percentages."""
    known = state.get("flag", key)
    split = [{"key": name, "name": name, "rollout_percentage": share} for name, share in (variants or {}).items()]
    flag: Document = {
        "id": known["id"] if known is not None else state.next_number("flag"),
        "key": key,
        "name": key,
        "active": True,
        "deleted": False,
        "created_at": iso(state.now()),
        "created_by": None,
        "is_simple_flag": not split,
        "rollout_percentage": rollout_percentage,
        "filters": {
            "groups": [{"properties": [], "rollout_percentage": rollout_percentage}],
            "multivariate": {"variants": split} if split else None,
            "payloads": {},
        },
        "experiment_set": [],
        "tags": [],
    }
    state.put("flag", key, flag)


def public_experiment(
    state: FakeState, name: str, flag_key: str, *, starts: datetime | None = None, ends: datetime | None = None
) -> int:
    """The owner sets up an experiment over a flag that exists; without a start it is a draft. Returns its number."""
    number = state.next_number("experiment")
    experiment: Document = {
        "id": number, "name": name, "description": "", "start_date": None if starts is None else iso(starts),
        "end_date": None if ends is None else iso(ends), "feature_flag_key": flag_key, "holdout": None, "holdout_id": None,
        "exposure_cohort": None, "parameters": {}, "saved_metrics": [], "metrics": [], "filters": {}, "archived": False,
        "deleted": False, "created_by": None, "created_at": iso(state.now()), "updated_at": iso(state.now()), "type": "product",
        "conclusion": None, "conclusion_comment": None,
    }  # fmt: skip
    state.put("experiment", f"{number:09}", experiment)
    return number


def public_set_busy(state: FakeState, *, is_busy: bool) -> None:
    """While PostHog is busy it computes what was asked to block in the background too, and says where to look."""
    state.put("busy", "query", {"is_busy": is_busy})


def public_set_quota(state: FakeState, events_left: int | None) -> None:
    """What billing still lets in; None lifts the limit."""
    state.put("quota", "events", {"left": events_left})


def _capture(state: FakeState, request: FakeRequest) -> FakeResponse:
    if len(request.body) > _MAX_BODY:
        return _error(413, "validation_error", "payload_too_large", "The body is larger than 20 MB.")
    payload = _payload(request)
    if payload is None:
        return _error(400, "validation_error", "invalid_payload", "Malformed request data: invalid JSON.")
    held = payload if isinstance(payload, dict) else {}
    entries = held.get("batch", payload)
    entries = entries if isinstance(entries, list) else [entries]
    token = held.get("api_key") or held.get("token") or _token_of(entries) or request.bearer()
    if not _is_project_token(state, token):
        return _error(401, "authentication_error", "invalid_api_key", "Project API key invalid.")
    dropped = sum(not _keep(state, entry) for entry in entries if isinstance(entry, dict))
    limited = {"quota_limited": ["events"]} if dropped else {}
    return answer_json(200, {"status": "Ok", **limited})


def _payload(request: FakeRequest) -> Any:
    """The JSON of a body that may be gzipped or sit in a form field as base64; None when it is not."""
    body = request.body
    try:
        if "gzip" in request.headers.get("content-encoding", "") or request.param("compression") in ("gzip", "gzip-js"):
            body = gzip.decompress(body)
        if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            body = base64.b64decode(FakeRequest("POST", "/", body=body).form().get("data", ""), validate=True)
        return json.loads(body)
    except (ValueError, OSError, EOFError, zlib.error, binascii.Error):
        return None


def _token_of(entries: list[Any]) -> Any:
    first = entries[0] if entries and isinstance(entries[0], dict) else {}
    properties = first.get("properties")
    return first.get("api_key") or (properties.get("token") if isinstance(properties, dict) else None)


def _is_project_token(state: FakeState, token: Any) -> bool:
    return isinstance(token, str) and (token.startswith("phc_") or token == state.api_key)


def _keep(state: FakeState, entry: Document) -> bool:
    """Store one entry; false when quota drops it. What names no event or person vanishes, as at PostHog."""
    given = entry.get("properties")
    properties: Document = given if isinstance(given, dict) else {}
    distinct_id = entry.get("distinct_id") or entry.get("$distinct_id") or properties.get("distinct_id")
    if not isinstance(entry.get("event"), str) or not distinct_id:
        return True
    at_us = micros(_time_of(state, entry))
    uuid = entry.get("uuid") or _uuid_text([state.next_number("captured"), entry["event"], distinct_id])
    quota = state.get("quota", "events")
    if quota is not None and quota["left"] is not None:
        if quota["left"] <= 0:
            return False
        state.put("quota", "events", {"left": quota["left"] - 1})
    extra: Document = {name: entry[name] for name in ("$set", "$set_once") if name in entry}
    fake_store.add(state, FakeEvent(at_us, str(uuid), entry["event"], str(distinct_id), {**properties, **extra}))
    return True


def _time_of(state: FakeState, entry: Document) -> datetime:
    try:
        return parse_instant(str(entry["timestamp"]).replace("Z", "+00:00"))
    except (KeyError, BadInput):
        return state.now()


def _flags(state: FakeState, request: FakeRequest) -> FakeResponse:
    payload = _payload(request)
    held = payload if isinstance(payload, dict) else {}
    if not _is_project_token(state, held.get("token") or held.get("api_key")):
        return _error(401, "authentication_error", "invalid_api_key", "Project API key invalid.")
    person = str(held.get("distinct_id") or held.get("$distinct_id") or "")
    values = {str(flag["key"]): _flag_value(flag, person) for flag in state.list("flag") if flag["active"]}
    shared = {"errorsWhileComputingFlags": False, "requestId": _uuid_text([person, sorted(values)])}
    version = request.param("v") or "1"
    if request.path.startswith("/flags") and version.isdigit() and int(version) >= 2:
        return answer_json(200, {"flags": {key: _flag_detail(state, key, value=value) for key, value in values.items()}, **shared})
    on = {key: value for key, value in values.items() if value is not False}
    return answer_json(200, {"featureFlags": on, "featureFlagPayloads": {}, **shared})


def _flag_value(flag: Document, person: str) -> bool | str:
    """PostHog's own dice: a hash of flag and person, so the same person always sees the same."""
    if _dice(f"{flag['key']}.{person}") * 100 > flag["rollout_percentage"]:
        return False
    spot, reached = _dice(f"{flag['key']}.{person}variant") * 100, 0.0
    for variant in (flag["filters"]["multivariate"] or {"variants": []})["variants"]:
        reached += variant["rollout_percentage"]
        if spot < reached:
            return str(variant["key"])
    return True


def _dice(text: str) -> float:
    return int(hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()[:15], 16) / 0xFFFFFFFFFFFFFFF


def _flag_detail(state: FakeState, key: str, *, value: bool | str) -> Document:
    flag = state.get("flag", key) or {"id": 0}
    reason = {"code": "condition_match" if value else "out_of_rollout_bound", "condition_index": 0, "description": None}
    variant = value if isinstance(value, str) else None
    metadata = {"id": flag["id"], "version": 1, "payload": None, "description": None}
    return {"key": key, "enabled": bool(value), "variant": variant, "reason": reason, "metadata": metadata}


@routes("POST", "/api/projects/{project}/query")
def _query(state: FakeState, request: FakeRequest) -> FakeResponse:
    wait_s = _over_limit(state)
    if wait_s is not None:
        detail = f"Request was throttled. Expected available in {wait_s} seconds."
        return _error(429, "throttled_error", "throttled", detail, {"retry-after": str(wait_s)})
    payload = request.json()
    query = payload.get("query") if isinstance(payload, dict) else None
    if not isinstance(query, dict):
        return _error(400, "validation_error", "required", "This field is required.", attr="query")
    try:
        results = _results(state, query)
    except BadInput as refusal:
        return _error(400, "validation_error", "invalid_input", refusal.message, attr=refusal.field)
    is_busy = (state.get("busy", "query") or {"is_busy": False})["is_busy"]
    if is_busy or payload.get("async") or payload.get("refresh") in ("async", "force_async"):
        return _later(state, results)
    return answer_json(200, {**results, "query_status": None, "error": None, "is_cached": False, "timezone": "UTC"})


def _results(state: FakeState, query: Document) -> Document:
    kind = query.get("kind")
    if kind == "HogQLQuery":
        columns, rows, more = fake_hogql.answer(state, str(query.get("query")), query.get("values") or {})
        return {"columns": columns, "results": rows, "hasMore": more, "types": [], "query": query.get("query")}
    if kind not in _INSIGHTS:
        raise BadInput(f"This PostHog does not answer {kind}.", field="query")
    return {"results": _INSIGHTS[str(kind)](state, query)}


def _later(state: FakeState, results: Document) -> FakeResponse:
    name = _uuid_text(["query", state.next_number("query")])
    state.put("query", name, {"results": results, "looks": 0})
    return answer_json(202, {"query_status": _status(name, complete=False)})


def _status(name: str, *, complete: bool, results: Any = None) -> Document:
    return {"id": name, "team_id": 1, "query_async": True, "complete": complete, "error": False, "results": results}


@routes("GET", "/api/projects/{project}/query/{name}")
def _query_status(state: FakeState, request: FakeRequest, name: str) -> FakeResponse:
    held = state.get("query", name)
    if held is None:
        return _error(404, "invalid_request", "not_found", "Query not found.")
    state.put("query", name, {**held, "looks": held["looks"] + 1})
    if held["looks"] == 0:
        return answer_json(202, {"query_status": _status(name, complete=False)})
    return answer_json(200, {"query_status": _status(name, complete=True, results=held["results"])})


@routes("GET", "/api/projects/{project}/feature_flags")
def _feature_flags(state: FakeState, request: FakeRequest) -> FakeResponse:
    return _page(request, state.list("flag"))


@routes("GET", "/api/projects/{project}/experiments")
def _experiments(state: FakeState, request: FakeRequest) -> FakeResponse:
    found = [{**one, "feature_flag": state.get("flag", one["feature_flag_key"])} for one in state.list("experiment")]
    return _page(request, found)


def _page(request: FakeRequest, rows: list[Document]) -> FakeResponse:
    given = {name: request.param(name) or default for name, default in (("limit", "100"), ("offset", "0"))}
    if not all(text.isdigit() for text in given.values()):
        return _error(400, "validation_error", "invalid_input", "A valid integer is required.")
    limit, offset = int(given["limit"]), int(given["offset"])
    more = offset + limit < len(rows)
    following = f"https://us.posthog.com{request.path}?limit={limit}&offset={offset + limit}" if more else None
    return answer_json(200, {"count": len(rows), "next": following, "previous": None, "results": rows[offset : offset + limit]})


def _over_limit(state: FakeState) -> int | None:
    """Seconds to wait when this hour's queries of the team are used up."""
    now_s = int(state.now().timestamp())
    held = state.get("rate", "query")
    used = held["used"] + 1 if held is not None and held["hour"] == now_s // 3600 else 1
    state.put("rate", "query", {"hour": now_s // 3600, "used": used})
    return 3600 - now_s % 3600 if used > QUERIES_PER_HOUR else None


def _uuid_text(natural_key: list[Any]) -> str:
    digest = content_hash(natural_key)
    return "-".join((digest[:8], digest[8:12], f"7{digest[13:16]}", f"8{digest[17:20]}", digest[20:32]))


def _error(
    status: int, kind: str, code: str, detail: str, headers: Mapping[str, str] | None = None, *, attr: str | None = None
) -> FakeResponse:
    return answer_json(status, {"type": kind, "code": code, "detail": detail, "attr": attr}, headers)
