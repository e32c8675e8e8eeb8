"""How the pretend Unipile reads parameters, pages lists, counts calls in world time and words its refusals."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from revenue_machine.kit.clock import iso, parse_instant
from revenue_machine.kit.errors import BadInput
from revenue_machine.kit.fakeserver import FakeRequest, FakeResponse, FakeState, answer_json
from revenue_machine.kit.ids import make_id

Document = dict[str, Any]
LARGEST_PAGE = 100
_TITLES = {
    400: "Invalid parameters", 401: "Missing authorization", 403: "Forbidden", 404: "Resource not found", 409: "Conflict",
    422: "Unprocessable entity", 429: "Too many requests",
}  # fmt: skip


class Problem(Exception):
    """A documented error answer on its way out."""

    def __init__(self, status: int, kind: str, detail: str, retry_after_s: int | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.kind = kind
        self.detail = detail
        self.retry_after_s = retry_after_s


def refusal(state: FakeState, problem: Problem) -> FakeResponse:
    """The problem object of RFC 7807 as Unipile sends it."""
    req_id = make_id("req", state.seed, state.next_number("problem"))
    body = {
        "object": "Error", "type": problem.kind, "status": problem.status, "title": _TITLES[problem.status],
        "detail": problem.detail, "req_id": req_id,
    }  # fmt: skip
    wait = {} if problem.retry_after_s is None else {"retry-after": str(problem.retry_after_s)}
    return answer_json(problem.status, body, wait)


def count_call(state: FakeState, what: str, most: int, window: timedelta, provider: tuple[int, timedelta] | None = None) -> None:
    """Count a call in world time or refuse it: by Unipile with a waiting time, by the provider without one."""
    now = state.now()
    longest = max(window, provider[1]) if provider else window
    calls = [at for at in (state.get("calls", what) or {"at": []})["at"] if now - parse_instant(at) < longest]
    recent = [at for at in calls if now - parse_instant(at) < window]
    if len(recent) >= most:
        wait = parse_instant(recent[0]) + window - now
        raise Problem(429, "api/too_many_requests", f"Too many {what}.", max(1, int(wait.total_seconds())))
    if provider is not None and len(calls) >= provider[0]:
        raise Problem(429, "provider/too_many_requests", f"The provider refuses more {what} for now.")
    state.put("calls", what, {"at": [*calls, iso(now)]})


def page(request: FakeRequest, rows: list[Document], shape: Callable[[Document], Mapping[str, Any]]) -> FakeResponse:
    """A page after the cursor's entry; the cursor names the last entry shown, so newer ones shift nothing."""
    start, limit, cursor = 0, page_size(request, 20), request.param("cursor")
    if cursor is not None:
        last = _uncursor(cursor)
        start = next((place + 1 for place, one in enumerate(rows) if one["id"] == last), len(rows))
    shown = rows[start : start + limit]
    more = start + limit < len(rows)
    following = base64.urlsafe_b64encode(str(shown[-1]["id"]).encode()).decode() if more else None
    return answer_json(200, {"data": [shape(one) for one in shown], "total_count": len(rows), "next_cursor": following})


def _uncursor(cursor: str) -> str:
    try:
        return base64.b64decode(cursor.encode(), b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise Problem(400, "api/invalid_parameters", "cursor: unknown.") from None


def page_size(request: FakeRequest, usual: int) -> int:
    """The `limit` parameter, 1 to 100."""
    limit = whole(request.param("limit"), "limit", usual)
    if not 1 <= limit <= LARGEST_PAGE:
        raise Problem(400, "api/invalid_parameters", f"limit: must be 1 to {LARGEST_PAGE}.")
    return limit


def whole(text: str | None, name: str, usual: int) -> int:
    """A parameter that is a whole number."""
    if text is None:
        return usual
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Problem(400, "api/invalid_parameters", f"{name}: must be a number.")
    return int(text)


def instant(text: str | None, name: str) -> datetime | None:
    """A parameter that is an instant."""
    try:
        return None if text is None else parse_instant(text)
    except BadInput:
        raise Problem(400, "api/invalid_parameters", f"{name}: must be an ISO 8601 instant.") from None


def body_of(request: FakeRequest) -> Document:
    """The body as an object."""
    body = request.json()
    if not isinstance(body, dict):
        raise Problem(400, "api/invalid_parameters", "The body must be an object.")
    return body


def word(body: Document, name: str) -> str:
    """A field that must be text."""
    value = body.get(name)
    if not isinstance(value, str) or not value.strip():
        raise Problem(400, "api/invalid_parameters", f"{name}: is required.")
    return value
