"""Meta's webhooks: its question answered to those who know the token, its signature over the bytes, its bytes as its id."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qsl

import pytest

from revenue_machine.integrations.meta_ads import fake, hook
from revenue_machine.kit.hooks import BadHook, HookRequest
from revenue_machine.kit.settings import ServiceSettings
from revenue_machine.kit.signing import BadSignature, sign_hub

Own = Callable[[str, str], bytes]
NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)
OURS = ServiceSettings.model_validate({"verify_token": fake.VERIFY_TOKEN})


def test_signed_change_is_read(own: Own) -> None:
    body = own("meta_ads", "change.json")
    request = HookRequest(sign_hub(body, "app-secret"), body)
    hook.verify(request, ["new-secret", "app-secret"], NOW)
    event = hook.read(request)
    assert (event.external_id, event.kind) == (hashlib.sha256(body).hexdigest(), "ad_account.in_process_ad_objects")
    assert (event.subject, event.occurred_at) == ("410000000000001", NOW)


def test_signature_is_the_published_scheme() -> None:
    """Worked out by openssl: HMAC-SHA256 of `{}` under `key`."""
    header = {"x-hub-signature-256": "sha256=a777724d943eb48dc69bca8a4a6d57a04db3f9ec7e1de4e581e860265bdf3032"}
    assert sign_hub(b"{}", "key") == header
    hook.verify(HookRequest(header, b"{}"), ["key"], NOW)


@pytest.mark.parametrize("header", ["", "sha256=", "sha1=00", "00", "sha256", "sha256=00,sha256=11"])
def test_unproven_is_refused(header: str) -> None:
    with pytest.raises(BadSignature):
        hook.verify(HookRequest({"x-hub-signature-256": header}, b"{}"), ["key"], NOW)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"object":"page","entry":[]}', b'{"object":"page","entry":[{"id":"1","time":1e400}]}']
)
def test_malformed_body_is_refused(body: bytes) -> None:
    with pytest.raises(BadHook):
        hook.read(HookRequest({}, body))


def test_question_is_answered_with_its_challenge() -> None:
    assert hook.greet(dict(parse_qsl(fake.challenge(42))), OURS) == "42"
    for asked in (fake.challenge(42, "guess"), fake.challenge(42, ""), "hub.mode=subscribe&hub.challenge=1"):
        with pytest.raises(BadHook):
            hook.greet(dict(parse_qsl(asked, keep_blank_values=True)), OURS)
    with pytest.raises(BadHook):
        hook.greet(dict(parse_qsl(fake.challenge(42))), ServiceSettings())


def test_published_errors_are_no_webhooks(shared: Path) -> None:
    samples = sorted((shared / "fixtures/meta_marketing").glob("*.json"))
    assert len(samples) == 2
    for sample in samples:
        with pytest.raises(BadHook):
            hook.read(HookRequest({}, sample.read_bytes()))
