"""RevenueCat's webhooks: only the shared value opens, and every documented event is read."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from revenue_machine.integrations.revenuecat import hook
from revenue_machine.kit.errors import Failure
from revenue_machine.kit.hooks import BadHook, HookEvent, HookRequest
from revenue_machine.kit.signing import BadSignature, HookTooOld, sign_revenuecat

Own = Callable[[str, str], bytes]
NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)
AT = datetime(2026, 11, 22, 6, 0, 0, 123000, tzinfo=UTC)


def request(body: bytes, value: str = "right") -> HookRequest:
    return HookRequest({"authorization": value}, body)


@pytest.mark.parametrize("value", ["right", "Bearer right"])
def test_right_value_opens(value: str) -> None:
    hook.verify(request(b"{}", value), ["new", "right"], NOW)


@pytest.mark.parametrize("value", ["wrong", "", "Bearer", "Bearer ", "right ", "Basic right", "r\u00efght"])
def test_wrong_value_is_refused(value: str) -> None:
    with pytest.raises(BadSignature):
        hook.verify(request(b"{}", value), ["right"], NOW)


@pytest.mark.parametrize("secrets", [[], [""]])
def test_unset_secret_opens_nothing(secrets: list[str]) -> None:
    for value in ("", "Bearer", "Bearer "):
        with pytest.raises(BadSignature):
            hook.verify(request(b"{}", value), secrets, NOW)


@pytest.mark.parametrize(
    ("name", "event"),
    [
        ("event_trial_start", HookEvent("rc-event-1", "INITIAL_PURCHASE", "2000000000001", AT)),
        ("event_renewal", HookEvent("rc-event-2", "RENEWAL", "2000000000001", AT)),
        ("event_refund", HookEvent("rc-event-3", "CANCELLATION", "2000000000001", AT)),
        ("event_sandbox", HookEvent("rc-event-4", "RENEWAL", "2000000000001", AT, is_sandbox=True)),
        ("event_transfer", HookEvent("rc-event-5", "TRANSFER", "person-1", AT)),
    ],
)
def test_envelope_is_read(name: str, event: HookEvent, own: Own) -> None:
    assert hook.read(request(own("revenuecat", f"{name}.json"))) == event


def test_money_of_renewal_is_exact(own: Own) -> None:
    event = hook.event_of(request(own("revenuecat", "event_renewal.json")))
    assert (event.price_micro_usd, event.price_in_purchased_currency, event.currency) == (21_735_000, Decimal("19.99"), "EUR")
    assert (event.tax_percentage, event.commission_percentage) == (Decimal("0.19"), Decimal("0.15"))
    assert event.is_trial_conversion is True
    assert event.attribute("$email") == "person@example.org"
    assert event.attribute("$idfa") is None


def test_refund_is_negative(own: Own) -> None:
    event = hook.event_of(request(own("revenuecat", "event_refund.json")))
    assert event.is_refund
    assert event.price_micro_usd == -21_735_000


def test_trial_start_is_free(own: Own) -> None:
    event = hook.event_of(request(own("revenuecat", "event_trial_start.json")))
    assert event.is_trial_start
    assert event.price_micro_usd == 0


def status_of(asked: HookRequest) -> int:
    try:
        hook.read(asked)
    except Failure as failure:
        return failure.http_status
    return 200


MALFORMED = [
    b"", b"[]", b"null", b"{}", b'{"event": {}}', b'{"event": []}', b"\xff\xfe", b"[" * 100_000,
    b'{"event": {"id": "", "type": "X"}}',
    b'{"api_version": "1.0", "event": {"id": "a", "type": "RENEWAL", "event_timestamp_ms": -1}}',
    b'{"api_version": "1.0", "event": {"id": "a", "type": "RENEWAL", "event_timestamp_ms": 1e400}}',
    b'{"api_version": "1.0", "event": {"id": "a", "type": "RENEWAL", "event_timestamp_ms": 999999999999999999}}',
    b'{"api_version": "1.0", "event": {"id": "a", "type": "RENEWAL", "event_timestamp_ms": 1, "price": NaN}}',
    b'{"api_version": "1.0", "event": {"id": "\\ud800", "type": "RENEWAL", "event_timestamp_ms": 1}}',
]  # fmt: skip


ODD = [
    b'{"api_version": "1.0", "event": {"id": "a", "type": "RENEWAL", "event_timestamp_ms": 1, "price": 1e999999}}',
    b'{"api_version": "1.0", "event": {"id": "a", "type": "RENEWAL", "event_timestamp_ms": 1, "price": "1e999999999"}}',
    b'{"event": {"id": "a", "type": "RENEWAL", "event_timestamp_ms": 1, "transferred_to": 7, "commission_percentage": 30}}',
]  # fmt: skip


@pytest.mark.parametrize("body", ODD)
def test_odd_details_are_kept_for_the_reader(body: bytes) -> None:
    assert hook.read(request(body)).external_id == "a"
    with pytest.raises(BadHook):
        hook.event_of(request(body))


@pytest.mark.parametrize("name", ["X-RevenueCat-Webhook-Signature", "X-RevenueCat-Signature"])
def test_signature_and_header_must_both_hold(name: str) -> None:
    body = b'{"event": {}}'
    signed = {name.lower(): sign_revenuecat(body, "sealed", NOW)["x-revenuecat-webhook-signature"]}
    hook.verify(HookRequest({"authorization": "right", **signed}, body), ["right"], NOW, signing=["sealed"])
    hook.verify(HookRequest(signed, body), [], NOW, signing=["sealed"])
    hostile = [
        HookRequest({"authorization": "right"}, body), HookRequest({"authorization": "wrong", **signed}, body),
        HookRequest({"authorization": "right", **signed}, body + b" "), HookRequest(signed, body),
        HookRequest({"authorization": "right", name.lower(): "t=1,v1="}, body),
    ]  # fmt: skip
    for one in hostile:
        with pytest.raises(BadSignature):
            hook.verify(one, ["right"], NOW, signing=["sealed"])
    with pytest.raises(HookTooOld):
        hook.verify(
            HookRequest({"authorization": "right", **signed}, body), ["right"], NOW + timedelta(seconds=301), signing=["sealed"]
        )
    with pytest.raises(BadSignature, match="no webhook secret is set"):
        hook.verify(HookRequest({"authorization": "right", **signed}, body), [], NOW, signing=[""])


def test_published_signature_vector_opens() -> None:
    """Worked out by hand: HMAC-SHA256 of `1700000000.` and the body under the secret, in hex."""
    body = b'{"api_version":"1.0","event":{"id":"evt_123"}}'
    header = {"x-revenuecat-webhook-signature": "t=1700000000,v1=450a93f016917ae1cb87a06c780abccb13f8ee581865151b824759080a87da91"}
    hook.verify(HookRequest(header, body), [], datetime.fromtimestamp(1700000000, UTC), signing=["whsec_test"])


@pytest.mark.parametrize("body", MALFORMED)
def test_malformed_body_is_refused(body: bytes) -> None:
    with pytest.raises(BadHook):
        hook.read(request(body))


def test_altered_events_never_break(own: Own) -> None:
    draw, whole = random.Random(7), own("revenuecat", "event_renewal.json")
    statuses = []
    for _ in range(1000):
        body = bytearray(whole)
        for _ in range(draw.randint(1, 6)):
            body[draw.randrange(len(body))] = draw.randrange(256)
        statuses.append(status_of(request(bytes(body))))
    assert set(statuses) == {200, 400}
    assert statuses.count(400) > 100


def test_every_published_sample_is_read(shared: Path) -> None:
    kinds: dict[str, Any] = {}
    for sample in sorted((shared / "fixtures/revenuecat/webhooks").glob("*.json")):
        event = hook.event_of(request(sample.read_bytes()))
        held = json.loads(sample.read_bytes())["event"]
        assert (event.id, event.type, event.event_timestamp_ms) == (held["id"], held["type"], held["event_timestamp_ms"])
        assert event.price == (None if held.get("price") is None else Decimal(str(held["price"])))
        assert hook.read(request(sample.read_bytes())).subject in (held.get("original_transaction_id"), held.get("app_user_id"))
        kinds[event.type] = kinds.get(event.type, 0) + 1
    assert kinds == {
        "BILLING_ISSUE": 1, "CANCELLATION": 2, "EXPIRATION": 1, "INITIAL_PURCHASE": 2, "NON_RENEWING_PURCHASE": 1, "RENEWAL": 1,
        "SUBSCRIPTION_EXTENDED": 1, "TEMPORARY_ENTITLEMENT_GRANT": 1, "UNCANCELLATION": 1, "VIRTUAL_CURRENCY_TRANSACTION": 1,
    }  # fmt: skip
