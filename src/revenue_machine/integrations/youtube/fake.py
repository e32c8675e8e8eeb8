"""A pretend YouTube: one channel that grows day by day, its reports, quota, and the errors Google answers."""

from __future__ import annotations

from datetime import UTC, date, timedelta
from typing import Any

from revenue_machine.kit.fakeserver import FakeRequest, FakeResponse, FakeState, answer_json
from revenue_machine.kit.rng import rng

CHANNEL = "UCsandbox_channel_00000001"
BEGAN = date(2025, 1, 1)
QUOTA_PER_DAY = 10_000
VIDEOS_PER_WEEK = 2
LAG = timedelta(days=2)
_TYPES = {
    "day": ("DIMENSION", "STRING"), "video": ("DIMENSION", "STRING"), "views": ("METRIC", "INTEGER"),
    "estimatedMinutesWatched": ("METRIC", "INTEGER"), "subscribersGained": ("METRIC", "INTEGER"),
    "subscribersLost": ("METRIC", "INTEGER"), "estimatedRevenue": ("METRIC", "FLOAT"),
}  # fmt: skip


def respond(state: FakeState, request: FakeRequest) -> FakeResponse:
    """Answer as the Data API or, below /v2, as the Analytics API."""
    if request.path == "/v2/reports" and request.method == "GET":
        return _report(state, request)
    if request.path == "/youtube/v3/channels" and request.method == "GET":
        return _channels(state, request)
    return _error(404, "notFound", "Not Found")


def public_monetise(state: FakeState, *, is_on: bool) -> None:
    """The channel joins or leaves the partner programme; new channels are in it."""
    state.put("setting", "monetised", {"is_on": is_on})


def _channels(state: FakeState, request: FakeRequest) -> FakeResponse:
    key = request.headers.get("x-goog-api-key") or request.param("key")
    if key != state.api_key:
        return _error(
            400,
            "badRequest",
            "API key not valid. Please pass a valid API key.",
            status="INVALID_ARGUMENT",
            detail="API_KEY_INVALID",
        )
    if not _takes_quota(state):
        return _error(403, "quotaExceeded", "The request cannot be completed because you have exceeded your quota.")
    parts = set((request.param("part") or "").split(","))
    if not parts & {"snippet", "statistics", "id"}:
        return _error(400, "missingRequiredParameter", "No filter selected.")
    if request.param("id") != CHANNEL:
        return answer_json(200, {"kind": "youtube#channelListResponse", "pageInfo": {"totalResults": 0, "resultsPerPage": 5}})
    item: dict[str, Any] = {"kind": "youtube#channel", "id": CHANNEL}
    if "snippet" in parts:
        item["snippet"] = {"title": "EverReach", "publishedAt": "2025-01-01T00:00:00Z", "customUrl": "@everreach"}
    if "statistics" in parts:
        item["statistics"] = _statistics(state)
    page = {"totalResults": 1, "resultsPerPage": 5}
    return answer_json(200, {"kind": "youtube#channelListResponse", "pageInfo": page, "items": [item]})


def _statistics(state: FakeState) -> dict[str, Any]:
    today = state.now().astimezone(UTC).date()
    days = [_day(state, BEGAN + timedelta(days=place)) for place in range((today - BEGAN).days)]
    subscribers = sum(one["subscribersGained"] - one["subscribersLost"] for one in days)
    return {
        "viewCount": str(sum(one["views"] for one in days)), "subscriberCount": str(_rounded(subscribers)),
        "hiddenSubscriberCount": False, "videoCount": str(len(days) // 7 * VIDEOS_PER_WEEK),
    }  # fmt: skip


def _rounded(count: int) -> int:
    """YouTube shows three digits."""
    step: int = 10 ** max(0, len(str(count)) - 3)
    return count // step * step


def _day(state: FakeState, day: date) -> dict[str, Any]:
    """What one day brought; the same for the same world."""
    draws = rng(state.seed, "youtube.day", day.isoformat())
    age = (day - BEGAN).days
    views = int(draws.uniform(0.6, 1.4) * (40 + age * 0.5))
    return {
        "views": views, "estimatedMinutesWatched": int(views * draws.uniform(1.5, 3.0)),
        "subscribersGained": int(views * draws.uniform(0.004, 0.012)), "subscribersLost": int(views * draws.uniform(0.0, 0.003)),
        "estimatedRevenue": round(views * draws.uniform(0.0015, 0.004), 3),
    }  # fmt: skip


def _report(state: FakeState, request: FakeRequest) -> FakeResponse:
    if request.bearer() != state.api_key:
        return _error(401, "authError", "Request had invalid authentication credentials.", status="UNAUTHENTICATED")
    metrics = (request.param("metrics") or "").split(",")
    dimensions = [one for one in (request.param("dimensions") or "").split(",") if one]
    unknown = [one for one in [*metrics, *dimensions] if one not in _TYPES]
    if unknown or request.param("ids") != f"channel=={CHANNEL}":
        return _error(400, "badRequest", f"The query is not supported: {', '.join(unknown) or 'ids'}", status="INVALID_ARGUMENT")
    if "estimatedRevenue" in metrics and not (state.get("setting", "monetised") or {"is_on": True})["is_on"]:
        return _error(403, "forbidden", "Forbidden", status="PERMISSION_DENIED")
    try:
        start, end = (date.fromisoformat(request.param(name) or "") for name in ("startDate", "endDate"))
    except ValueError:
        return _error(400, "badRequest", "Invalid date.", status="INVALID_ARGUMENT")
    rows = _rows(state, (start, end), metrics, dimensions, request)
    headers = [{"name": one, "columnType": _TYPES[one][0], "dataType": _TYPES[one][1]} for one in [*dimensions, *metrics]]
    answer: dict[str, Any] = {"kind": "youtubeAnalytics#resultTable", "columnHeaders": headers}
    return answer_json(200, {**answer, "rows": rows} if rows else answer)


def _rows(
    state: FakeState, span: tuple[date, date], metrics: list[str], dimensions: list[str], request: FakeRequest
) -> list[list[Any]]:
    """Totals of the span, days, or videos; numbers of the last two days are not there yet."""
    ready = (state.now().astimezone(UTC) - LAG).date()
    last = min(span[1], ready)
    days = [span[0] + timedelta(days=place) for place in range((last - span[0]).days + 1)]
    told = [(day, _day(state, day)) for day in days if day >= BEGAN]
    if not told:
        return []
    if dimensions == ["day"]:
        return [[day.isoformat(), *(one[name] for name in metrics)] for day, one in told]
    totals = {name: sum(one[name] for _, one in told) for name in metrics}
    if dimensions == ["video"]:
        return _videos(state, totals, metrics, request)
    return [[round(totals[name], 3) if name == "estimatedRevenue" else totals[name] for name in metrics]]


def _videos(state: FakeState, totals: dict[str, Any], metrics: list[str], request: FakeRequest) -> list[list[Any]]:
    """The totals spread over videos, the first taking the most."""
    most = int(request.param("maxResults") or "10")
    shares = [2.0 ** -(place + 1) for place in range(12)]
    rows = [[f"vid{place:08d}", *(int(totals[name] * share) for name in metrics)] for place, share in enumerate(shares)]
    return rows[:most]


def _takes_quota(state: FakeState) -> bool:
    day = state.now().astimezone(UTC).date().isoformat()
    held = state.get("quota", day) or {"used": 0}
    state.put("quota", day, {"used": held["used"] + 1})
    return int(held["used"]) < QUOTA_PER_DAY


def _error(code: int, reason: str, message: str, status: str = "PERMISSION_DENIED", detail: str | None = None) -> FakeResponse:
    said: dict[str, Any] = {"code": code, "message": message, "status": status}
    said["errors"] = [{"message": message, "domain": "global", "reason": reason}]
    if detail is not None:
        said["details"] = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": detail, "domain": "googleapis.com"}]
    return answer_json(code, {"error": said})
