"""What the Blotato client sends, and what it refuses to send."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from revenue_machine.integrations.blotato.blotato_client import BlotatoClient
from revenue_machine.kit.errors import (
    BadInput,
    ContractBroken,
    Failure,
    OutsideAuthFailed,
    OutsideRateLimited,
    OutsideRejected,
    OutsideUnanswered,
    OutsideUnavailable,
)

Own = Callable[[str, str], bytes]
Hearing = Callable[..., BlotatoClient]
TIKTOK = {
    "privacyLevel": "PUBLIC_TO_EVERYONE", "disabledComments": False, "disabledDuet": False, "disabledStitch": False,
    "isBrandedContent": False, "isYourBrand": True, "isAiGenerated": True,
}  # fmt: skip
FILE = ["https://cdn.example.com/a.mp4"]


class Line:
    """Answers every request alike and keeps what was asked."""

    def __init__(self, body: bytes, status: int = 200) -> None:
        self.body = body
        self.status = status
        self.asked: list[httpx2.Request] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request)
        return httpx2.Response(self.status, content=self.body)


def test_thread_is_sent_as_documented(client_hearing: Hearing, own: Own) -> None:
    line = Line(own("blotato", "publish_answer.json"), 201)
    submission_id = client_hearing(BlotatoClient, line, api_key="blt_key==").publish(
        "9101", "x", "Three things", additional_posts=["One", "Two"], scheduled_at=datetime(2026, 11, 22, 9, tzinfo=UTC)
    )
    assert submission_id == "0c2f8a54-7f3e-4b1d-a0c9-5d1f6e2b7a90"
    assert str(line.asked[0].url) == "https://backend.blotato.com/v2/posts"
    assert line.asked[0].headers["blotato-api-key"] == "blt_key=="
    assert json.loads(line.asked[0].content) == json.loads(own("blotato", "publish_thread_request.json"))


def test_tiktok_is_sent_with_its_disclosures(client_hearing: Hearing, own: Own) -> None:
    line = Line(own("blotato", "publish_answer.json"), 201)
    client_hearing(BlotatoClient, line).publish("9104", "tiktok", "Watch", media_urls=FILE, target_fields=TIKTOK)
    assert json.loads(line.asked[0].content) == json.loads(own("blotato", "publish_tiktok_request.json"))


def test_youtube_notifies_unless_told_otherwise(client_hearing: Hearing, own: Own) -> None:
    line = Line(own("blotato", "publish_answer.json"), 201)
    fields = {"title": "How", "privacyStatus": "public"}
    client_hearing(BlotatoClient, line).publish("9106", "youtube", "Watch", media_urls=FILE, target_fields=fields)
    target = json.loads(line.asked[0].content)["post"]["target"]
    assert target == {"targetType": "youtube", "title": "How", "privacyStatus": "public", "shouldNotifySubscribers": True}


REFUSED: list[tuple[str, str, dict[str, Any], str]] = [
    ("twitter", "hi", {}, "platform"),
    ("x", " ", {}, "text"),
    ("instagram", "hi", {}, "media_urls"),
    ("tiktok", "hi", {"target_fields": TIKTOK}, "media_urls"),
    ("youtube", "hi", {"target_fields": {"title": "a", "privacyStatus": "public"}}, "media_urls"),
    ("x", "hi", {"media_urls": FILE * 21}, "media_urls"),
    ("x", "hi", {"additional_posts": ["a"] * 11}, "additional_posts"),
    ("x", "hi", {"additional_posts": ["a", ""]}, "additional_posts"),
    ("facebook", "hi", {"additional_posts": ["a"], "target_fields": {"pageId": "1"}}, "additional_posts"),
    ("facebook", "hi", {}, "target_fields.pageId"),
    ("youtube", "hi", {"media_urls": FILE, "target_fields": {"privacyStatus": "public"}}, "target_fields.title"),
    ("x", "hi", {"target_fields": {"targetType": "facebook"}}, "target_fields.targetType"),
    ("x", "hi", {"target_fields": {"pageId": "1"}}, "target_fields.pageId"),
    ("tiktok", "hi", {"media_urls": FILE, "target_fields": {**TIKTOK, "isAiGenerated": "yes"}}, "target_fields.isAiGenerated"),
    *[
        (
            "tiktok",
            "hi",
            {"media_urls": FILE, "target_fields": {k: v for k, v in TIKTOK.items() if k != name}},
            f"target_fields.{name}",
        )
        for name in TIKTOK
    ],
]


@pytest.mark.parametrize(("platform", "text", "rest", "field"), REFUSED)
def test_incomplete_posts_are_not_sent(platform: str, text: str, rest: dict[str, Any], field: str, client_hearing: Hearing) -> None:
    line = Line(b"")
    with pytest.raises(BadInput) as refusal:
        client_hearing(BlotatoClient, line).publish("9101", platform, text, **rest)
    assert refusal.value.field == field
    assert line.asked == []


@pytest.mark.parametrize(
    ("name", "status", "url", "error"),
    [
        ("status_in_progress.json", "in-progress", None, None),
        ("status_published.json", "published", "https://x.com/solo_growth_lab/status/1992000000000104729", None),
        ("status_failed.json", "failed", None, "The account has to be connected again"),
    ],
)
def test_status_is_read(name: str, status: str, url: str | None, error: str | None, client_hearing: Hearing, own: Own) -> None:
    line = Line(own("blotato", name))
    told = client_hearing(BlotatoClient, line).status("a/b")
    assert (told.status, told.public_url, told.error) == (status, url, error)
    assert line.asked[0].url.raw_path == b"/v2/posts/a%2Fb"


def test_accounts_are_read(client_hearing: Hearing, own: Own) -> None:
    line = Line(own("blotato", "accounts.json"))
    [account] = client_hearing(BlotatoClient, line).accounts("x")
    assert (account.id, account.platform) == ("9101", "twitter")
    assert line.asked[0].url.query == b"platform=twitter"


@pytest.mark.parametrize(
    ("status", "kind", "nothing_happened"),
    [
        (401, OutsideAuthFailed, True), (404, OutsideRejected, True), (422, OutsideRejected, True), (429, OutsideRateLimited, True),
        (500, OutsideUnavailable, False), (503, OutsideUnavailable, False),
    ],
)  # fmt: skip
def test_errors_mean_failures(status: int, kind: type[Failure], nothing_happened: bool, client_hearing: Hearing) -> None:
    with pytest.raises(Failure) as failure:
        client_hearing(BlotatoClient, Line(b'{"message":"no"}', status)).publish("9101", "x", "hi")
    assert type(failure.value) is kind
    assert failure.value.nothing_happened is nothing_happened
    assert failure.value.retry_after_s == (60.0 if status == 429 else None)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"postSubmissionId":""}', b'{"postSubmissionId":5}'])
def test_strange_answer_breaks_the_contract(body: bytes, client_hearing: Hearing) -> None:
    with pytest.raises(ContractBroken):
        client_hearing(BlotatoClient, Line(body, 201)).publish("9101", "x", "hi")


def test_lost_answer_leaves_the_outcome_open(client_hearing: Hearing) -> None:
    def lost(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ReadTimeout("late", request=request)

    with pytest.raises(OutsideUnanswered) as failure:
        client_hearing(BlotatoClient, lost).publish("9101", "x", "hi")
    assert not failure.value.nothing_happened
