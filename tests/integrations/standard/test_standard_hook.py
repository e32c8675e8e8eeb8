"""Any sender of Standard Webhooks: the published vectors of both schemes, and messages of any shape."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import standardwebhooks

from revenue_machine.integrations.standard import hook
from revenue_machine.kit.hooks import BadHook, HookEvent, HookRequest
from revenue_machine.kit.signing import BadSignature, sign_standard

Own = Callable[[str, str], bytes]
NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def signed(body: bytes) -> HookRequest:
    return HookRequest(sign_standard("msg_1", body, SECRET, NOW), body)


def test_message_is_read(own: Own) -> None:
    request = signed(own("standard", "message.json"))
    hook.verify(request, [SECRET], NOW)
    assert hook.read(request) == HookEvent("msg_1", "order.paid", None, datetime(2026, 11, 22, 6, 0, 0, 123000, tzinfo=UTC))


@pytest.mark.parametrize("body", [b"{}", b'{"type": null}', b'{"type": 7, "timestamp": 5}', b'{"type": "", "timestamp": "soon"}'])
def test_shapeless_message_is_kept(body: bytes) -> None:
    assert hook.read(signed(body)) == HookEvent("msg_1", "message", None, NOW)


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"NaN", b"\xff"])
def test_what_is_no_message_is_refused(body: bytes) -> None:
    with pytest.raises(BadHook):
        hook.read(signed(body))


def test_senders_library_is_understood() -> None:
    body = '{"type":"x"}'
    headers = {
        "webhook-id": "m",
        "webhook-timestamp": str(int(NOW.timestamp())),
        "webhook-signature": standardwebhooks.Webhook(SECRET).sign("m", NOW, body),
    }
    hook.verify(HookRequest(headers, body.encode()), [SECRET], NOW)


def test_every_published_vector_holds(shared: Path) -> None:
    vectors = json.loads((shared / "fixtures/standard_webhooks/vectors.json").read_text())
    for vector in vectors:
        headers = {name.replace("svix", "webhook"): value for name, value in vector["headers"].items()}
        request, secret = HookRequest(headers, vector["body"].encode()), vector.get("secret", vector.get("public_key"))
        at = datetime.fromtimestamp(vector["now"], UTC)
        if vector["valid"]:
            hook.verify(request, [secret], at)
            hook.verify(request, ["whsec_b3RoZXI=", secret], at)
        else:
            with pytest.raises(BadSignature):
                hook.verify(request, [secret], at)
    assert len(vectors) == 17


def test_public_key_opens_only_its_own(shared: Path) -> None:
    vectors = json.loads((shared / "fixtures/standard_webhooks/vectors.json").read_text())
    vector = next(one for one in vectors if "public_key" in one)
    at, headers = datetime.fromtimestamp(vector["now"], UTC), vector["headers"]
    seal = headers["webhook-signature"]
    hostile = [
        seal[:-6] + "AAAA==",
        seal.replace("v1a", "v1"),
        "v1a,",
        "v1a,!!",
        "v1,",
        "v1a," + "A" * 500,
        seal.removeprefix("v1a,"),
    ]
    for one in hostile:
        with pytest.raises(BadSignature):
            hook.verify(HookRequest({**headers, "webhook-signature": one}, vector["body"].encode()), [vector["public_key"]], at)
    for key in ("whpk_", "whpk_!!", "whpk_" + "A" * 43 + "=", "whpk_AAAA"):
        with pytest.raises(BadSignature):
            hook.verify(HookRequest(headers, vector["body"].encode()), [key], at)
    with pytest.raises(BadSignature):
        hook.verify(HookRequest(headers, vector["body"].encode() + b" "), [vector["public_key"]], at)
