"""The official `stripe` SDK finds its way around the pretend Stripe over loopback."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import stripe

from revenue_machine.integrations.stripe import fake
from revenue_machine.sandbox.vendors import Outside
from tests.integrations.loopback import served


@pytest.fixture
def sdk(outside: Outside) -> Iterator[stripe.StripeClient]:
    http = stripe.RequestsClient()
    with served(outside) as base:
        yield stripe.StripeClient("sk_sandbox_stripe", base_addresses={"api": f"{base}/stripe"}, http_client=http)
        http.close()  # type: ignore[no-untyped-call]


def test_sdk_sells_subscription(sdk: stripe.StripeClient) -> None:
    customer = sdk.v1.customers.create({"email": "a@b.example", "name": "Ann", "metadata": {"distinct_id": "v1"}})
    assert customer.email == "a@b.example"
    assert customer.metadata is not None
    assert customer.metadata["distinct_id"] == "v1"
    product = sdk.v1.products.create({"name": "ClientPortal"})
    price = sdk.v1.prices.create(
        {"currency": "usd", "unit_amount": 4900, "product": product.id, "recurring": {"interval": "month"}}
    )
    made = sdk.v1.subscriptions.create({"customer": customer.id, "items": [{"price": price.id}], "trial_period_days": 7})
    assert (made.status, made["items"].data[0].price.unit_amount) == ("trialing", 4900)
    assert sdk.v1.subscriptions.retrieve(made.id).customer == customer.id
    assert sdk.v1.subscriptions.cancel(made.id).status == "canceled"
    kinds = [event.type for event in sdk.v1.events.list({"limit": 100}).auto_paging_iter()]
    assert kinds == ["customer.subscription.deleted", "invoice.paid", "customer.subscription.created", "customer.created"]


def test_sdk_pages_through_everything(sdk: stripe.StripeClient, outside: Outside) -> None:
    state = outside.state("stripe")
    made = [fake.public_subscribe(state, f"p{n}@x.example", f"p{n}", "pro", 9_000_000) for n in range(25)]
    found = [one.id for one in sdk.v1.subscriptions.list({"limit": 10}).auto_paging_iter()]
    assert found == made[::-1]


def test_sdk_replays_same_key(sdk: stripe.StripeClient) -> None:
    first = sdk.v1.customers.create({"email": "a@b.example"}, {"idempotency_key": "k"})
    again = sdk.v1.customers.create({"email": "a@b.example"}, {"idempotency_key": "k"})
    assert first.id == again.id
    with pytest.raises(stripe.IdempotencyError):
        sdk.v1.customers.create({"email": "c@d.example"}, {"idempotency_key": "k"})


def test_sdk_refunds_charge(sdk: stripe.StripeClient, outside: Outside) -> None:
    charge = fake.public_pay(outside.state("stripe"), "a@b.example", "Ann", "Pack", 19_000_000)
    refund = sdk.v1.refunds.create({"charge": charge, "amount": 900})
    assert (refund.amount, refund.status) == (900, "succeeded")
    assert sdk.v1.charges.retrieve(charge).amount_refunded == 900
    assert sdk.v1.balance.retrieve().pending[0].amount == 1900 - 86 - 900


def test_sdk_raises_its_own_errors(sdk: stripe.StripeClient, outside: Outside) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        sdk.v1.customers.retrieve("cus_none")
    assert (caught.value.code, caught.value.http_status) == ("resource_missing", 404)


def test_sdk_accepts_our_webhooks(outside: Outside) -> None:
    state = outside.state("stripe")
    fake.public_pay(state, "a@b.example", "Ann", "Pack", 19_000_000)
    for key, body in outside.store.run("select key, body from hooks where service = 'stripe'"):
        header = fake.hook_headers(state, key, body)["stripe-signature"]
        stamp = header.split(",")[0].removeprefix("t=")
        wanted = stripe.WebhookSignature._compute_signature(f"{stamp}.{body.decode()}", state.webhook_secret)
        assert header == f"t={stamp},v1={wanted}"
        assert stripe.Webhook.construct_event_without_verification(body).id == key
