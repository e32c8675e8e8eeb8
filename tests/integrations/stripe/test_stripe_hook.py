"""Stripe's webhooks: signed bytes only, both generations of shapes, and nothing malformed gets through."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from revenue_machine.integrations.stripe import hook, wire
from revenue_machine.kit.errors import Failure
from revenue_machine.kit.hooks import BadHook, HookEvent, HookRequest
from revenue_machine.kit.service import Wire
from revenue_machine.kit.signing import BadSignature, sign_stripe

Own = Callable[[str, str], bytes]
NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)
SECRET = "whsec_right"
RESOURCES: dict[str, type[Wire]] = {
    "subscription": wire.Subscription, "invoice": wire.Invoice, "charge": wire.Charge, "refund": wire.Refund, "event": wire.Event,
    "checkout.session": wire.CheckoutSession, "customer": wire.Customer, "price": wire.Price, "balance": wire.Balance,
    "balance_transaction": wire.BalanceTransaction, "coupon": wire.Coupon, "promotion_code": wire.PromotionCode,
}  # fmt: skip


def signed(body: bytes, secret: str = SECRET, at: datetime = NOW) -> HookRequest:
    return HookRequest(sign_stripe(body, secret, at), body)


def test_signed_event_is_read(own: Own) -> None:
    request = signed(own("stripe", "event_charge_refunded.json"))
    hook.verify(request, ["whsec_new", SECRET], NOW)
    assert hook.read(request) == HookEvent("evt_own1", "charge.refunded", "ch_own1", datetime(2026, 11, 23, 6, tzinfo=UTC))


def test_test_mode_counts_as_sandbox(own: Own) -> None:
    body = own("stripe", "event_charge_refunded.json").replace(b'"livemode": true', b'"livemode": false')
    assert hook.read(signed(body)).is_sandbox
    assert not hook.event_of(signed(body)).livemode


def test_refund_names_sum_before(own: Own) -> None:
    event = hook.event_of(signed(own("stripe", "event_charge_refunded.json")))
    charge = hook.object_of(event, wire.Charge)
    assert (charge.gross_micro_usd, charge.refunded_micro_usd) == (98_000_000, 49_000_000)
    assert event.data.previous_attributes == {"amount_refunded": 0}


@pytest.mark.parametrize(
    "request_",
    [
        signed(b"{}", "whsec_wrong"), signed(b"{}", at=NOW - timedelta(minutes=6)), signed(b"{}", at=NOW + timedelta(minutes=6)),
        HookRequest(sign_stripe(b"{}", SECRET, NOW), b"{ }"), HookRequest({}, b"{}"),
        HookRequest({"stripe-signature": "t=1"}, b"{}"),
    ],
)  # fmt: skip
def test_unproven_webhook_is_refused(request_: HookRequest) -> None:
    with pytest.raises(BadSignature):
        hook.verify(request_, [SECRET], NOW)


@pytest.mark.parametrize("year", ["2023", "2026"])
def test_both_generations_of_subscription(year: str, own: Own) -> None:
    held = wire.Subscription.model_validate_json(own("stripe", f"subscription_{year}.json"))
    assert (held.period_start, held.period_end, held.customer_id) == (1795327200, 1797919200, "cus_own1")
    assert held.monthly_micro_usd == 98_000_000


@pytest.mark.parametrize("year", ["2023", "2026"])
def test_both_generations_of_invoice(year: str, own: Own) -> None:
    held = wire.Invoice.model_validate_json(own("stripe", f"invoice_{year}.json"))
    assert (held.subscription_id, held.paid_micro_usd) == ("sub_own1", 98_000_000)


@pytest.mark.parametrize(
    ("interval", "count", "amount", "currency", "monthly"),
    [
        ("month", 1, 999, "usd", 9_990_000), ("year", 1, 12_000, "usd", 10_000_000), ("week", 1, 300, "usd", 13_000_000),
        ("month", 3, 3000, "usd", 10_000_000), ("day", 1, 100, "usd", 30_416_666), ("month", 1, 999, "eur", None),
    ],
)  # fmt: skip
def test_monthly_money_is_exact(interval: str, count: int, amount: int, currency: str, monthly: int | None, own: Own) -> None:
    held = json.loads(own("stripe", "subscription_2026.json"))
    item = held["items"]["data"][0]
    item["quantity"] = 1
    item["price"] |= {"unit_amount": amount, "currency": currency, "recurring": {"interval": interval, "interval_count": count}}
    assert wire.Subscription.model_validate(held).monthly_micro_usd == monthly


def test_expanded_reference_is_its_id(own: Own) -> None:
    held = json.loads(own("stripe", "subscription_2026.json")) | {"customer": {"id": "cus_full", "object": "customer"}}
    assert wire.Subscription.model_validate(held).customer_id == "cus_full"


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b"\xff", b'{"id": 1}', b"[" * 100_000, b'{"id":"e","type":"t","created":1e30}']
)
def test_malformed_body_is_refused(body: bytes) -> None:
    with pytest.raises(BadHook):
        hook.read(signed(body))


def status_of(asked: HookRequest) -> int:
    try:
        hook.object_of(hook.event_of(asked), wire.Charge)
        hook.read(asked)
    except Failure as failure:
        return failure.http_status
    return 200


def test_altered_events_never_break(own: Own) -> None:
    draw, whole = random.Random(7), own("stripe", "event_charge_refunded.json")
    statuses = []
    for _ in range(1000):
        body = bytearray(whole)
        for _ in range(draw.randint(1, 6)):
            body[draw.randrange(len(body))] = draw.randrange(256)
        statuses.append(status_of(signed(bytes(body))))
    assert set(statuses) == {200, 400}
    assert statuses.count(400) > 300


@pytest.mark.parametrize("name", sorted(RESOURCES))
def test_published_resources_are_read(name: str, shared: Path) -> None:
    text = (shared / f"fixtures/stripe/resources_2026/{name}.json").read_text()
    held = RESOURCES[name].model_validate_json(text)
    if name != "balance":
        assert getattr(held, "id") == json.loads(text)["id"]  # noqa: B009 - one test over many models


def test_published_subscription_has_item_period(shared: Path) -> None:
    text = (shared / "fixtures/stripe/resources_2026/subscription.json").read_text()
    held = wire.Subscription.model_validate_json(text)
    assert (held.period_end, held.monthly_micro_usd) == (976287773, 20_000_000)
    invoice = wire.Invoice.model_validate_json((shared / "fixtures/stripe/resources_2026/invoice.json").read_text())
    assert invoice.subscription_id == "subscription"


@pytest.mark.parametrize("kind", ["charge.refunded", "charge.succeeded", "charge.updated"])
def test_published_charge_events_are_read(kind: str, shared: Path) -> None:
    data = json.loads((shared / f"fixtures/stripe/events_pay_rails/{kind}.json").read_text())
    event = {"id": "evt_x", "type": kind, "created": 1, "livemode": False, "data": data}
    request = signed(json.dumps(event).encode())
    assert hook.read(request).subject == data["object"]["id"]
    charge = hook.object_of(hook.event_of(request), wire.Charge)
    assert charge.gross_micro_usd == data["object"]["amount"] * 10_000
    assert charge.refunded_micro_usd == data["object"]["amount_refunded"] * 10_000


def test_every_published_event_data_is_read(shared: Path) -> None:
    samples = sorted((shared / "fixtures/stripe/events_pay_rails").glob("*.json"))
    for sample in samples:
        data = json.loads(sample.read_text())
        data = data if "object" in data and isinstance(data["object"], dict) else {"object": data}
        event = {"id": "evt_x", "type": sample.stem, "created": 1, "livemode": True, "data": data}
        assert hook.read(signed(json.dumps(event).encode())).kind == sample.stem
    assert len(samples) == 11
