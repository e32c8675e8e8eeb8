"""Resend's webhooks: signed bytes only, every documented event, and nothing malformed gets through."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from revenue_machine.integrations.resend import hook
from revenue_machine.kit.errors import Failure
from revenue_machine.kit.hooks import BadHook, HookEvent, HookRequest
from revenue_machine.kit.signing import BadSignature, sign_standard

Own = Callable[[str, str], bytes]
NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)
SECRET = "whsec_cmlnaHQtc2VjcmV0LXJpZ2h0LXNlY3JldC0="
OTHER = "whsec_d3Jvbmctc2VjcmV0LXdyb25nLXNlY3JldC0="
ID = "3f1c2d4e-0000-4000-8000-000000000001"


def signed(body: bytes, secret: str = SECRET, at: datetime = NOW) -> HookRequest:
    return HookRequest(sign_standard("msg_1", body, secret, at, prefix="svix"), body)


def test_delivery_is_read(own: Own) -> None:
    request = signed(own("resend", "event_delivered.json"))
    hook.verify(request, [OTHER, SECRET], NOW)
    assert hook.read(request) == HookEvent("msg_1", "email.delivered", ID, datetime(2026, 11, 22, 6, 0, 2, tzinfo=UTC))
    data = hook.event_of(request).data
    assert (data.tags, data.to, data.email_id) == ({"campaign_id": "trial", "person_id": "con_1"}, ["ann@people.example"], ID)


def test_both_header_names_verify(own: Own) -> None:
    body = own("resend", "event_delivered.json")
    request = HookRequest(sign_standard("msg_2", body, SECRET, NOW), body)
    hook.verify(request, [SECRET], NOW)
    assert hook.read(request).external_id == "msg_2"


def test_details_of_events_are_typed(own: Own) -> None:
    click = hook.event_of(signed(own("resend", "event_clicked.json"))).data.click
    assert click is not None
    assert (click.link, click.timestamp) == ("https://maker.example/go/abc?a=1&b=2", datetime(2026, 11, 22, 6, 5, tzinfo=UTC))
    bounce = hook.event_of(signed(own("resend", "event_bounced.json"))).data.bounce
    assert bounce is not None
    assert (bounce.type, bounce.sub_type, bounce.is_permanent) == ("Permanent", "NoEmail", True)
    older = hook.event_of(signed(own("resend", "event_bounced_older.json"))).data.bounce
    assert older is not None
    assert (older.type, older.is_permanent) == (None, True)
    suppressed = hook.event_of(signed(own("resend", "event_suppressed.json"))).data.suppressed
    assert suppressed is not None
    assert suppressed.reason == "previous_bounce"


def test_full_mailbox_is_no_permanent_bounce(own: Own) -> None:
    body = own("resend", "event_bounced.json").replace(b'"Permanent"', b'"Transient"')
    bounce = hook.event_of(signed(body)).data.bounce
    assert bounce is not None
    assert not bounce.is_permanent


def test_reply_names_its_mail(own: Own) -> None:
    request = signed(own("resend", "event_received.json"))
    assert hook.read(request).subject == "r0000000-0000-4000-8000-000000000001"
    data = hook.event_of(request).data
    assert (data.sender, data.message_id) == ("Ann <ann@people.example>", "<a1@people.example>")


def test_other_events_keep_their_envelope() -> None:
    body = json.dumps({"type": "contact.created", "created_at": "2025-11-30 20:39:59.540771+00", "data": {"id": "c1"}}).encode()
    wanted = HookEvent("msg_1", "contact.created", "c1", datetime(2025, 11, 30, 20, 39, 59, 540771, tzinfo=UTC))
    assert hook.read(signed(body)) == wanted


@pytest.mark.parametrize(
    "request_",
    [
        signed(b"{}", OTHER), signed(b"{}", at=NOW - timedelta(seconds=301)), signed(b"{}", at=NOW + timedelta(seconds=301)),
        HookRequest(sign_standard("msg_1", b"{}", SECRET, NOW, prefix="svix"), b"{ }"), HookRequest({}, b"{}"),
        HookRequest({"svix-id": "msg_1", "svix-timestamp": "x", "svix-signature": "v1,"}, b"{}"),
    ],
)  # fmt: skip
def test_unproven_webhook_is_refused(request_: HookRequest) -> None:
    with pytest.raises(BadSignature):
        hook.verify(request_, [SECRET], NOW)


@pytest.mark.parametrize("age_s", [-300, 300])
def test_five_minutes_are_tolerated(age_s: int) -> None:
    hook.verify(signed(b"{}", at=NOW + timedelta(seconds=age_s)), [SECRET], NOW)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"{}", b"\xff", b'{"type":"email.sent","created_at":"2026-11-22T06:00:00Z","data":[]}',
        b'{"type":"email.sent","created_at":"soon","data":{"email_id":"e"}}', b'{"type":"email.sent","created_at":1,"data":[]}',
        b'{"type":"x","created_at":"0001-01-01T00:00:00+14:00","data":{}}', b'{"type":"x","created_at":1e999,"data":{}}',
    ],
)  # fmt: skip
def test_malformed_body_is_refused(body: bytes) -> None:
    with pytest.raises(BadHook):
        hook.read(signed(body))


def test_odd_details_are_kept_for_the_reader() -> None:
    request = signed(b'{"type":"email.sent","created_at":"2026-11-22T06:00:00Z","data":{}}')
    assert (hook.read(request).kind, hook.read(request).subject) == ("email.sent", None)
    with pytest.raises(BadHook):
        hook.event_of(request)


def test_webhook_without_id_is_refused(own: Own) -> None:
    with pytest.raises(BadHook):
        hook.read(HookRequest({}, own("resend", "event_delivered.json")))


def status_of(request: HookRequest) -> int:
    try:
        hook.verify(request, [SECRET], NOW)
        hook.read(request)
    except Failure as failure:
        return failure.http_status
    return 200


def test_altered_events_never_break(own: Own) -> None:
    draw, whole = random.Random(7), own("resend", "event_clicked.json")
    statuses = []
    for _ in range(1000):
        body = bytearray(whole)
        for _ in range(draw.randint(1, 6)):
            body[draw.randrange(len(body))] = draw.randrange(256)
        statuses.append(status_of(signed(bytes(body))))
    assert set(statuses) == {200, 400}
    assert statuses.count(400) > 300


def test_every_published_event_is_read(shared: Path) -> None:
    samples = sorted((shared / "fixtures/resend/webhooks").glob("*.json"))
    for sample in samples:
        request = signed(sample.read_bytes())
        payload = json.loads(sample.read_text())
        assert (hook.read(request).kind, hook.read(request).subject) == (payload["type"], payload["data"]["email_id"])
        assert hook.event_of(request).data.to == payload["data"]["to"]
    assert len(samples) == 5


def test_published_signatures_are_judged_alike(shared: Path) -> None:
    vectors = json.loads((shared / "fixtures/standard_webhooks/vectors.json").read_text())
    symmetric = [vector for vector in vectors if "secret" in vector]
    judged = {
        vector["name"]: is_accepted(vector["headers"], vector["body"], vector["secret"], vector["now"]) for vector in symmetric
    }
    assert judged == {vector["name"]: vector["valid"] for vector in symmetric}
    assert len(judged) == 16


def is_accepted(headers: dict[str, str], body: str, secret: str, now: int) -> bool:
    request = HookRequest({name.lower(): value for name, value in headers.items()}, body.encode())
    try:
        hook.verify(request, [secret], datetime.fromtimestamp(now, UTC))
    except BadSignature:
        return False
    return True
