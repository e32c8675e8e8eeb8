"""A pretend App Store Connect: the routes of its API 4.4.1 as published, over the shop in `fake_shop`."""

from __future__ import annotations

from revenue_machine.integrations.app_store import fake_tests, fake_words
from revenue_machine.integrations.app_store.fake_jsonapi import error, routes
from revenue_machine.integrations.app_store.fake_orders import report_file
from revenue_machine.integrations.app_store.fake_shop import (
    CONTROL,
    public_app,
    public_day,
    public_doom,
    public_draft,
    public_expose,
    public_listing,
    public_release,
    public_results,
    public_review,
    public_submit,
    public_tests,
)
from revenue_machine.integrations.app_store.fake_token import complaint, public_key, public_revoke
from revenue_machine.kit.fakeserver import FakeRequest, FakeResponse, FakeState

__all__ = [
    "CONTROL", "public_app", "public_day", "public_doom", "public_draft", "public_expose", "public_key", "public_listing",
    "public_release", "public_results", "public_review", "public_revoke", "public_submit", "public_tests", "respond",
]  # fmt: skip
CALLS_PER_HOUR = 3600
# Their routes are found in the table all of them share.
ROUTED = (fake_words, fake_tests)


def respond(state: FakeState, request: FakeRequest) -> FakeResponse:
    """One request to the API, or to the place where report files lie, which wants a signed address instead of a token."""
    if request.path.startswith("/segments/"):
        return report_file(state, request)
    wrong = complaint(state, request.bearer())
    if wrong is not None:
        return error(401, "NOT_AUTHORIZED", "Authentication credentials are missing or invalid.", wrong)
    used = _count_call(state)
    told = {"x-rate-limit": f"user-hour-lim:{CALLS_PER_HOUR};user-hour-rem:{max(0, CALLS_PER_HOUR - used)};"}
    if used > CALLS_PER_HOUR:
        return error(429, "RATE_LIMIT_EXCEEDED", "The request rate limit has been reached.", headers=told)
    found = routes.find(request.method, request.path)
    if found is None:
        return error(
            404, "PATH_ERROR", "The URL path is not valid", f"The resource '{request.path.strip('/')}' does not exist", headers=told
        )
    route, names = found
    answer = route(state, request, **names)
    return FakeResponse(answer.status, answer.body, {**answer.headers, **told}, answer.acted)


def _count_call(state: FakeState) -> int:
    """Calls in this hour of world time, this one included."""
    hour = int(state.now().timestamp()) // 3600
    held = state.get("rate", "calls")
    used = held["used"] + 1 if held is not None and held["hour"] == hour else 1
    state.put("rate", "calls", {"hour": hour, "used": used})
    return used
