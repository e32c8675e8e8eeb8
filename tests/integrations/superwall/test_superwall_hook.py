"""Superwall's webhooks: Svix signatures, the envelope at the door, and what the fake sends is what the reader understands."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import standardwebhooks

from revenue_machine.domains.revenue.superwall_reading import read_superwall
from revenue_machine.integrations.superwall import fake, hook
from revenue_machine.kit.clock import parse_instant
from revenue_machine.kit.hooks import BadHook, HookEvent, HookRequest
from revenue_machine.kit.settings import sandbox_webhook_secret
from revenue_machine.kit.signing import BadSignature, HookTooOld, sign_standard
from revenue_machine.sandbox.vendors import Outside

Own = Callable[[str, str], bytes]
NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def signed(body: bytes, prefix: str = "svix", at: datetime = NOW) -> HookRequest:
    return HookRequest(sign_standard("msg_1", body, SECRET, at, prefix=prefix), body)


@pytest.mark.parametrize("prefix", ["svix", "webhook"])
def test_signed_event_is_read(prefix: str, own: Own) -> None:
    request = signed(own("superwall", "event_renewal.json"), prefix)
    hook.verify(request, ["whsec_bmV3", SECRET], NOW)
    at = datetime(2026, 11, 22, 6, 0, 0, 123000, tzinfo=UTC)
    assert hook.read(request) == HookEvent("sw-event-1:renewal", "renewal", "2000000000001", at)
    event = hook.event_of(request)
    assert (event.price_micro_usd, event.tax_percentage, event.is_trial_conversion) == (21_735_000, Decimal("0.19"), True)


def test_replayed_altered_or_foreign_is_refused(own: Own) -> None:
    body = own("superwall", "event_renewal.json")
    with pytest.raises(HookTooOld):
        hook.verify(signed(body), [SECRET], NOW + timedelta(seconds=301))
    for request, secrets in (
        (HookRequest(signed(body).headers, body + b" "), [SECRET]),
        (signed(body), ["whsec_bmV3"]),
        (signed(body), []),
    ):
        with pytest.raises(BadSignature):
            hook.verify(request, secrets, NOW)


def test_vendors_library_signs_alike(own: Own) -> None:
    body = own("superwall", "event_renewal.json").decode()
    theirs = standardwebhooks.Webhook(SECRET).sign("msg_1", NOW, body)
    assert signed(body.encode()).headers["svix-signature"] == theirs


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"type":"x","timestamp":1,"data":[]}',
        b'{"type":"x","timestamp":NaN,"data":{}}',
        b'{"type":"","timestamp":1,"data":{}}',
    ],
)
def test_malformed_body_is_refused(body: bytes) -> None:
    with pytest.raises(BadHook):
        hook.read(signed(body))


def test_odd_details_are_kept_for_the_reader() -> None:
    body = b'{"type":"something_new","timestamp":1000,"data":{"id":"e1","price":"much","ts":"soon","originalTransactionId":7}}'
    assert hook.read(signed(body)) == HookEvent("e1", "something_new", None, datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC))
    with pytest.raises(BadHook):
        hook.event_of(signed(body))


def test_what_the_fake_sends_is_understood(outside: Outside) -> None:
    state = outside.state("superwall")
    sale = {
        "subscription": "s1",
        "transaction": "t1",
        "product": "own_monthly",
        "user": "p1",
        "bought_at": NOW,
        "ends_at": NOW + timedelta(days=30),
    }
    fake.public_event(state, "initial_purchase", sale, price_micro_usd=19_990_000)
    fake.public_event(state, "cancellation", {**sale, "cancelReason": "CUSTOMER_SUPPORT"}, price_micro_usd=-19_990_000)
    rows = outside.store.run("select key, body, due_at from hooks order by place")
    requests = [HookRequest(fake.hook_headers(state, key, bytes(body)), bytes(body)) for key, body, _ in rows]
    for request in requests:
        hook.verify(request, [sandbox_webhook_secret("superwall")], NOW)
    assert [hook.read(one).kind for one in requests] == ["initial_purchase", "cancellation"]
    readings = [read_superwall(json.loads(one.body)) for one in requests]
    assert [(one.payments[0].key, one.payments[0].amount_micro_usd, one.facts[0].kind) for one in readings] == [
        ("t1", 19_990_000, "paid"), ("t1/refund", -19_990_000, "refunded"),
    ]  # fmt: skip
    assert all(parse_instant(due) > NOW for _, _, due in rows)
    with pytest.raises(ValueError, match="takes no money"):
        fake.public_event(state, "expiration", sale, price_micro_usd=1)


def test_published_sample_and_fields_are_read(shared: Path) -> None:
    body = (shared / "fixtures/superwall/webhook_renewal_docs_sample.json").read_bytes()
    held = json.loads(body)
    request = signed(body)
    assert (hook.read(request).external_id, hook.read(request).kind) == (held["data"]["id"], held["type"])
    reading = read_superwall(held)
    assert [(one.kind, one.amount_micro_usd, one.commission_micro_usd) for one in reading.payments] == [
        ("renewal", 9_990_000, -2_997_000)
    ]
    fields = {one["field"] for one in json.loads((shared / "fixtures/superwall/webhook_field_table.json").read_text())}
    known = {info.validation_alias for info in type(hook.event_of(request)).model_fields.values()}
    assert {"price", "expirationAt", "originalTransactionId"} <= {str(one) for one in known} & fields


def test_every_published_event_and_store_has_a_meaning(shared: Path) -> None:
    matrix = json.loads((shared / "fixtures/superwall/event_store_matrix.json").read_text())["events_by_store"]
    sample = json.loads((shared / "fixtures/superwall/webhook_renewal_docs_sample.json").read_text())
    found = {}
    for name, stores in matrix.items():
        for store in stores:
            told = {**sample, "type": name, "data": {**sample["data"], "name": name, "store": store, "price": 0}}
            reading = read_superwall(told)
            found[name] = reading.facts[0].kind if reading.facts else None
            assert reading.payments == ()
    assert found == {
        "billing_issue": "grace", "cancellation": "renewal_off", "expiration": "ended", "initial_purchase": "paid",
        "non_renewing_purchase": None, "product_change": None, "renewal": "paid", "subscription_paused": "renewal_off",
        "uncancellation": "renewal_on",
    }  # fmt: skip
