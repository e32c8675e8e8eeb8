"""The pretend Stripe through our client: lives, money, idempotency, paging, signed events."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from revenue_machine.integrations.stripe import fake, hook, wire
from revenue_machine.integrations.stripe.stripe_client import StripeClient
from revenue_machine.kit.errors import Conflict, OutsideAuthFailed, OutsideRejected
from revenue_machine.kit.fakeserver import FakeRequest, FakeResponse
from revenue_machine.kit.hooks import HookRequest
from revenue_machine.kit.service import Exchange
from revenue_machine.kit.settings import sandbox_webhook_secret
from revenue_machine.sandbox.store import ServiceState, WorldStore
from revenue_machine.sandbox.vendors import Outside

ClientOf = Callable[..., StripeClient]
START = datetime(2026, 11, 22, 6, tzinfo=UTC)
PRICE = 49_000_000


def state_of(outside: Outside) -> ServiceState:
    return outside.state("stripe")


def subscribe(outside: Outside, who: str = "ann", **more: Any) -> str:
    return fake.public_subscribe(state_of(outside), f"{who}@people.example", who, "clientportal", PRICE, **more)


def sent(outside: Outside) -> list[wire.Event]:
    """Every webhook so far, signed and opened as the product would."""
    found = []
    for key, body in outside.store.run("select key, body from hooks where service = 'stripe' order by place"):
        request = HookRequest(fake.hook_headers(state_of(outside), key, body), body)
        hook.verify(request, [sandbox_webhook_secret("stripe")], outside.store.now())
        assert hook.read(request).external_id == key
        found.append(hook.event_of(request))
    return found


def live(outside: Outside, days: int) -> None:
    for _ in range(days):
        outside.store.move_to(outside.store.now() + timedelta(days=1))
        fake.public_advance(state_of(outside))


def post(outside: Outside, path: str, body: str, key: str | None = None) -> FakeResponse:
    headers = {"authorization": "Bearer sk_sandbox_stripe", "content-type": "application/x-www-form-urlencoded"}
    if key is not None:
        headers["idempotency-key"] = key
    return fake.respond(state_of(outside), FakeRequest("POST", path, headers=headers, body=body.encode()))


def test_subscription_lives_and_renews(outside: Outside, client_of: ClientOf) -> None:
    name = subscribe(outside, trial_days=7, metadata={"distinct_id": "visitor"})
    live(outside, 40)
    assert [event.type for event in sent(outside)] == [
        "customer.created", "customer.subscription.created", "invoice.paid", "checkout.session.completed",
        "customer.subscription.updated", "charge.succeeded", "invoice.paid",
        "customer.subscription.updated", "charge.succeeded", "invoice.paid",
    ]  # fmt: skip
    held = client_of(StripeClient).subscriptions()[0]
    assert (held.id, held.status, held.monthly_micro_usd, held.livemode) == (name, "active", PRICE, True)
    assert held.metadata == {"distinct_id": "visitor"}
    assert held.period_end == int(datetime(2027, 1, 29, 6, tzinfo=UTC).timestamp())
    invoices = [hook.object_of(event, wire.Invoice) for event in sent(outside) if event.type == "invoice.paid"]
    assert [(one.billing_reason, one.paid_micro_usd, one.subscription_id) for one in invoices] == [
        ("subscription_create", 0, name), ("subscription_cycle", PRICE, name), ("subscription_cycle", PRICE, name),
    ]  # fmt: skip


def test_money_adds_up(outside: Outside, client_of: ClientOf) -> None:
    client = client_of(StripeClient)
    subscribe(outside)
    charge = fake.public_pay(state_of(outside), "bob@people.example", "bob", "Template pack", 19_000_000)
    assert fake.public_refund(state_of(outside), charge, 9_000_000) == 9_000_000
    assert [one.gross_micro_usd for one in client.charges()] == [PRICE, 19_000_000]
    assert [(one.id, one.refunded_micro_usd, one.refunded) for one in client.charges()][1] == (charge, 9_000_000, False)
    assert [(one.amount, one.charge) for one in client.refunds()] == [(900, charge)]
    fees = [one.fee_micro_usd for one in client.balance_transactions()]
    assert fees == [1_730_000, 860_000, 0]
    balance = client.balance()
    assert (balance.available[0].amount, balance.pending[0].amount) == (0, 4900 - 173 + 1900 - 86 - 900)
    outside.store.move_to(START + timedelta(days=2))
    assert client.balance().available[0].amount == 5641


def test_refund_beyond_charge_is_refused(outside: Outside) -> None:
    name = subscribe(outside)
    assert fake.public_refund(state_of(outside), name) == PRICE
    with pytest.raises(Conflict):
        fake.public_refund(state_of(outside), name)


def test_cancelled_ends_with_period(outside: Outside, client_of: ClientOf) -> None:
    name = subscribe(outside)
    live(outside, 3)
    fake.public_cancel(state_of(outside), name)
    held = client_of(StripeClient).subscriptions("active")[0]
    assert (held.cancel_at_period_end, held.status) == (True, "active")
    live(outside, 30)
    assert client_of(StripeClient).subscriptions("active") == []
    assert [one.status for one in client_of(StripeClient).subscriptions("all")] == ["canceled"]
    assert sent(outside)[-1].type == "customer.subscription.deleted"
    assert sent(outside)[-1].occurred_at == datetime(2026, 12, 22, 6, tzinfo=UTC)


def test_unwilling_people_leave(outside: Outside) -> None:
    subscribe(outside, "trial", trial_days=7, will_convert=False)
    subscribe(outside, "month", renews=False)
    live(outside, 40)
    ended = [event for event in sent(outside) if event.type == "customer.subscription.deleted"]
    assert [event.occurred_at for event in ended] == [START + timedelta(days=7), START + timedelta(days=30)]
    assert sum(event.type == "charge.succeeded" for event in sent(outside)) == 1


def test_events_are_polled_in_order(outside: Outside, client_of: ClientOf) -> None:
    subscribe(outside, trial_days=7)
    live(outside, 8)
    client = client_of(StripeClient)
    assert [one.id for one in client.events()] == [one.id for one in sent(outside)]
    later = client.events(START + timedelta(days=1), ["invoice.paid"])
    assert [(one.type, one.occurred_at) for one in later] == [("invoice.paid", START + timedelta(days=7))]


def test_long_lists_are_paged(outside: Outside, client_of: ClientOf, exchanges: list[Exchange]) -> None:
    for number in range(205):
        fake.public_pay(state_of(outside), f"p{number}@people.example", f"p{number}", "x", 1_000_000)
    found = client_of(StripeClient).charges()
    assert len({one.id for one in found}) == 205
    assert [exchange.path for exchange in exchanges] == ["/v1/charges"] * 3


def test_offer_is_created_once(outside: Outside, client_of: ClientOf) -> None:
    client = client_of(StripeClient)
    assert client.coupon("early-20") is None
    assert client.promotion_code("EARLY20") is None
    coupon = client.create_coupon("early-20", percent_off=20, name="Early", idempotency_key="coupon/early-20")
    again = client.create_coupon("early-20", percent_off=20, name="Early", idempotency_key="coupon/early-20")
    assert coupon == again == client.coupon("early-20")
    client.create_promotion_code("early-20", "EARLY20", idempotency_key="code/EARLY20")
    found = client.promotion_code("EARLY20")
    assert found is not None
    assert found.active
    price = json.loads(post(outside, "/v1/prices", "currency=usd&unit_amount=900&product_data[name]=x").body)["id"]
    link = client.create_payment_link(price, metadata={"offer": "x"}, idempotency_key="link/x")
    assert client.payment_links() == [link]
    assert state_of(outside).count("coupon") == 1


def test_same_key_other_parameters_is_refused(outside: Outside) -> None:
    assert post(outside, "/v1/customers", "email=a@b.example", "k").status == 200
    again = post(outside, "/v1/customers", "email=a@b.example", "k")
    assert (again.headers["idempotent-replayed"], again.acted) == ("true", False)
    other = post(outside, "/v1/customers", "email=c@d.example", "k")
    assert (other.status, json.loads(other.body)["error"]["type"]) == (400, "idempotency_error")
    assert state_of(outside).count("customer") == 1
    outside.store.move_to(START + timedelta(hours=25))
    assert post(outside, "/v1/customers", "email=c@d.example", "k").status == 200


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/v1/prices", "currency=usd", 400, "parameter_missing"),
        ("/v1/prices", "currency=usd&unit_amount=x", 400, "parameter_invalid_integer"),
        ("/v1/prices", "currency=usd&unit_amount=1&product=none", 404, "resource_missing"),
        ("/v1/subscriptions", "customer=none&items[0][price]=p", 404, "resource_missing"),
        ("/v1/refunds", "", 400, "parameter_missing"),
        ("/v1/coupons", "duration=once", 400, "parameter_missing"),
        ("/v1/promotion_codes", "promotion[coupon]=none", 404, "resource_missing"),
        ("/v1/nothing", "", 404, None),
        ("/v1/customers", "metadata=x&metadata[a]=b", 400, None),
    ],
)
def test_bad_requests_get_vendor_errors(path: str, body: str, status: int, code: str | None, outside: Outside) -> None:
    answer = post(outside, path, body)
    error = json.loads(answer.body)["error"]
    assert (answer.status, error.get("code"), error["type"]) == (status, code, "invalid_request_error")


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("Bearer sk_sandbox_stripe", 200), ("Basic " + base64.b64encode(b"sk_sandbox_stripe:").decode(), 200),
        ("Bearer sk_other", 401), ("Basic ???", 401), ("", 401),
    ],
)  # fmt: skip
def test_key_is_checked(header: str, status: int, outside: Outside) -> None:
    request = FakeRequest("GET", "/v1/balance", headers={"authorization": header})
    assert fake.respond(state_of(outside), request).status == status


def test_wrong_key_is_refused(client_of: ClientOf) -> None:
    with pytest.raises(OutsideAuthFailed):
        client_of(StripeClient, api_key="sk_sandbox_other").balance()


def test_lost_cursor_is_refused(outside: Outside) -> None:
    for query in (("starting_after", "ch_none"), ("ending_before", "ch_none"), ("limit", "101"), ("limit", "x")):
        request = FakeRequest("GET", "/v1/charges", (query,), {"authorization": "Bearer sk_sandbox_stripe"})
        assert fake.respond(state_of(outside), request).status == 400


def test_missing_customer_is_none(client_of: ClientOf) -> None:
    assert client_of(StripeClient).customer("cus_none") is None
    with pytest.raises(OutsideRejected):
        client_of(StripeClient).create_payment_link("price_none", idempotency_key="k")


def test_same_seed_same_bytes(tmp_path: Path) -> None:
    def bytes_of(name: str) -> list[Any]:
        store = WorldStore(tmp_path / name)
        store.move_to(START)
        outside = Outside(store, 7)
        for number in range(10):
            subscribe(outside, f"p{number}", trial_days=number % 3, will_convert=number % 4 > 0)
        live(outside, 35)
        return store.run("select key, body, due_at from hooks order by place")

    first = bytes_of("a.db")
    assert first == bytes_of("b.db")
    assert len(first) == len({key for key, _, _ in first}) > 60
