"""How the YouTube client asks, reads and fails."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import httpx2
import pytest

from revenue_machine import integrations
from revenue_machine.integrations.youtube.youtube_client import YouTubeClient
from revenue_machine.kit.errors import (
    ContractBroken,
    Failure,
    NotConfigured,
    OutsideAuthFailed,
    OutsideRateLimited,
    OutsideRejected,
    OutsideUnavailable,
)
from tests.integrations.conftest import build_client

FIXTURES = Path(integrations.__path__[0]) / "youtube" / "fixtures"
SPAN = (date(2026, 10, 1), date(2026, 10, 28))
Answer = Callable[[httpx2.Request], httpx2.Response]


def client_hearing(answer: Answer, **options: str) -> YouTubeClient:
    own = {"api_key": "sk_sandbox_youtube", "channel_id": "UCown", "access_token": "token", **options}
    return build_client(YouTubeClient, httpx2.MockTransport(answer), lambda _exchange: None, **own)


def says(status: int, body: object, asked: list[httpx2.Request] | None = None) -> Answer:
    def answer(request: httpx2.Request) -> httpx2.Response:
        if asked is not None:
            asked.append(request)
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return httpx2.Response(status, content=content)

    return answer


def refusal(code: int, reason: str, status: str = "") -> dict[str, object]:
    return {"error": {"code": code, "message": "no", "status": status, "errors": [{"reason": reason}]}}


def test_channel_asks_with_the_key() -> None:
    asked: list[httpx2.Request] = []
    found = client_hearing(says(200, (FIXTURES / "channel.json").read_bytes(), asked)).channel()
    assert (found.title, found.subscribers, found.views, found.videos) == ("Own channel", 1230, 2**64 - 1, 42)
    assert str(asked[0].url) == "https://youtube.googleapis.com/youtube/v3/channels?part=snippet%2Cstatistics&id=UCown"
    assert asked[0].headers["x-goog-api-key"] == "sk_sandbox_youtube"
    assert "authorization" not in asked[0].headers


def test_hidden_subscribers_are_unknown() -> None:
    body = json.loads((FIXTURES / "channel.json").read_text())
    body["items"][0]["statistics"] = {"viewCount": "1", "videoCount": "1", "hiddenSubscriberCount": True}
    assert client_hearing(says(200, body)).channel().subscribers is None


def test_report_asks_with_the_token() -> None:
    asked: list[httpx2.Request] = []
    report = json.loads((FIXTURES / "report.json").read_text())
    money = {"columnHeaders": [{"name": "estimatedRevenue", "columnType": "METRIC", "dataType": "FLOAT"}], "rows": [[12.345]]}

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        return httpx2.Response(200, json=money if "estimatedRevenue" in str(request.url) else report)

    found = client_hearing(answer).earnings(*SPAN)
    assert (found.views, found.watch_minutes, found.subscribers_gained, found.subscribers_lost) == (4101, 9001, 31, 4)
    assert found.estimated_micro_usd == 12_345_000
    assert asked[0].url.host == "youtubeanalytics.googleapis.com"
    assert dict(asked[0].url.params)["ids"] == "channel==UCown"
    assert asked[0].headers["authorization"] == "Bearer token"
    assert "x-goog-api-key" not in asked[0].headers


def test_nothing_counted_is_nothing() -> None:
    headers = [{"name": name, "columnType": "METRIC", "dataType": "INTEGER"} for name in (
        "views", "estimatedMinutesWatched", "subscribersGained", "subscribersLost", "estimatedRevenue")]  # fmt: skip
    found = client_hearing(says(200, {"columnHeaders": headers})).earnings(*SPAN)
    assert (found.views, found.estimated_micro_usd) == (0, None)


def test_report_without_its_column_is_broken() -> None:
    body = {"columnHeaders": [{"name": "views", "columnType": "METRIC", "dataType": "INTEGER"}], "rows": [[1]]}
    with pytest.raises(ContractBroken, match="lacks"):
        client_hearing(says(200, body)).earnings(*SPAN)


def test_unknown_channel_is_refused() -> None:
    with pytest.raises(OutsideRejected, match="no channel UCown"):
        client_hearing(says(200, {"pageInfo": {"totalResults": 0, "resultsPerPage": 5}})).channel()


@pytest.mark.parametrize(("status", "body", "kind"), [
    (403, refusal(403, "quotaExceeded"), OutsideRateLimited), (429, refusal(429, "x", "RESOURCE_EXHAUSTED"), OutsideRateLimited),
    (401, refusal(401, "authError"), OutsideAuthFailed), (400, refusal(400, "keyInvalid"), OutsideAuthFailed),
    (400, refusal(400, "badRequest"), OutsideRejected), (500, refusal(500, "backendError"), OutsideUnavailable),
    (502, b"<html>", OutsideUnavailable), (200, b"<html>", ContractBroken), (404, b"", OutsideRejected),
])  # fmt: skip
def test_errors_are_told_apart(status: int, body: object, kind: type[Failure]) -> None:
    with pytest.raises(kind):
        client_hearing(says(status, body)).channel()


def test_missing_settings_are_named() -> None:
    with pytest.raises(NotConfigured, match="REVENUE_YOUTUBE__CHANNEL_ID"):
        build_client(YouTubeClient, httpx2.MockTransport(says(200, {})), lambda _exchange: None)
    line = build_client(YouTubeClient, httpx2.MockTransport(says(200, {})), lambda _exchange: None, channel_id="UCown")
    with pytest.raises(NotConfigured, match="REVENUE_YOUTUBE__ACCESS_TOKEN"):
        line.top_videos(*SPAN)
