"""The pretend RevenueCat: lives of subscriptions, overview that agrees, limits, and webhooks the hook accepts."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from revenue_machine.integrations.revenuecat import fake, hook
from revenue_machine.integrations.revenuecat.revenuecat_client import RevenueCatClient
from revenue_machine.integrations.revenuecat.wire import Overview, WebhookEvent
from revenue_machine.kit.errors import Conflict, OutsideAuthFailed, OutsideRateLimited, OutsideRejected
from revenue_machine.kit.fakeserver import FakeRequest
from revenue_machine.kit.hooks import HookRequest
from revenue_machine.kit.settings import sandbox_webhook_secret
from revenue_machine.sandbox.store import ServiceState, WorldStore
from revenue_machine.sandbox.vendors import Outside

ClientOf = Callable[..., RevenueCatClient]
START = datetime(2026, 11, 22, 6, tzinfo=UTC)
PRICE = 19_990_000


def state_of(outside: Outside) -> ServiceState:
    return outside.state("revenuecat")


def sent(outside: Outside) -> list[WebhookEvent]:
    """Every webhook so far, signed and opened as the product would, in order of vendor time."""
    found = []
    for key, body in outside.store.run("select key, body from hooks where service = 'revenuecat'"):
        request = HookRequest(fake.hook_headers(state_of(outside), key, body), body)
        hook.verify(request, [sandbox_webhook_secret("revenuecat")], outside.store.now())
        assert hook.read(request).external_id == key
        found.append(hook.event_of(request))
    return sorted(found, key=lambda event: (event.event_timestamp_ms, event.type))


def live(outside: Outside, days: int) -> None:
    for _ in range(days):
        outside.store.move_to(outside.store.now() + timedelta(days=1))
        fake.public_advance(state_of(outside))


def story(outside: Outside) -> list[tuple[str, str | None, int | None]]:
    return [(event.type, event.period_type, event.price_micro_usd) for event in sent(outside)]


def test_trial_converts_and_renews(outside: Outside) -> None:
    fake.public_start_trial(state_of(outside), "person", "pro", PRICE, 7, attributes={"$email": "a@b.example"})
    live(outside, 40)
    assert story(outside) == [
        ("INITIAL_PURCHASE", "TRIAL", 0),
        ("RENEWAL", "NORMAL", PRICE),
        ("RENEWAL", "NORMAL", PRICE),
    ]
    start, conversion, renewal = sent(outside)
    assert (conversion.is_trial_conversion, renewal.is_trial_conversion) == (True, False)
    assert (start.original_transaction_id, start.attribute("$email")) == (renewal.original_transaction_id, "a@b.example")
    assert len({event.transaction_id for event in (start, conversion, renewal)}) == 3
    assert conversion.occurred_at == START + timedelta(days=7)
    assert renewal.occurred_at == datetime(2026, 12, 29, 6, tzinfo=UTC)


def test_unwilling_trial_expires(outside: Outside) -> None:
    fake.public_start_trial(state_of(outside), "person", "pro", PRICE, 7, will_convert=False)
    live(outside, 10)
    assert [event.type for event in sent(outside)] == ["INITIAL_PURCHASE", "CANCELLATION", "EXPIRATION"]
    cancelled, expired = sent(outside)[1:]
    assert (cancelled.cancel_reason, expired.expiration_reason) == ("UNSUBSCRIBE", "UNSUBSCRIBE")
    assert (cancelled.occurred_at, expired.occurred_at) == (START + timedelta(days=6), START + timedelta(days=7))


def test_cancelled_keeps_access_until_end(outside: Outside, client_of: ClientOf) -> None:
    name = fake.public_purchase(state_of(outside), "person", "pro", PRICE)
    fake.public_cancel(state_of(outside), name)
    held = client_of(RevenueCatClient).subscriptions("person")
    assert [(one.status, one.auto_renewal_status, one.gives_access) for one in held] == [("active", "will_not_renew", True)]
    live(outside, 31)
    assert [event.type for event in sent(outside)] == ["CANCELLATION", "INITIAL_PURCHASE", "EXPIRATION"]
    assert [one.status for one in client_of(RevenueCatClient).subscriptions("person")] == ["expired"]
    with pytest.raises(Conflict):
        fake.public_cancel(state_of(outside), name)


def test_refund_is_negative_cancellation(outside: Outside, client_of: ClientOf) -> None:
    name = fake.public_purchase(state_of(outside), "person", "pro", PRICE)
    live(outside, 3)
    assert fake.public_refund(state_of(outside), name) == PRICE
    refunds = [event for event in sent(outside) if event.is_refund]
    assert [(event.price_micro_usd, event.type) for event in refunds] == [(-PRICE, "CANCELLATION")]
    overview = client_of(RevenueCatClient).overview()
    assert (overview.active_subscriptions, overview.mrr_micro_usd, overview.revenue_28d_micro_usd) == (0, 0, 0)
    with pytest.raises(Conflict):
        fake.public_refund(state_of(outside), name)


def test_billing_issue_ends_after_grace(outside: Outside) -> None:
    name = fake.public_purchase(state_of(outside), "person", "pro", PRICE)
    outside.store.move_to(START + timedelta(days=29, hours=23))
    fake.public_billing_issue(state_of(outside), name)
    live(outside, 8)
    assert [event.type for event in sent(outside)] == ["INITIAL_PURCHASE", "BILLING_ISSUE", "CANCELLATION", "EXPIRATION"]
    assert sent(outside)[-1].expiration_reason == "BILLING_ERROR"
    assert sent(outside)[-1].occurred_at == START + timedelta(days=35, hours=23)


def test_overview_agrees_with_lives(outside: Outside, client_of: ClientOf) -> None:
    state = state_of(outside)
    for number in range(4):
        fake.public_start_trial(state, f"trial-{number}", "pro", PRICE, 7)
    for number in range(3):
        fake.public_purchase(state, f"payer-{number}", "pro", PRICE)
    fake.public_purchase(state, "yearly", "pro_year", 120_000_000, period="P1Y")
    fake.public_purchase(state, "tester", "pro", PRICE, environment="SANDBOX")
    assert client_of(RevenueCatClient).overview() == Overview(
        active_subscriptions=4,
        active_trials=4,
        mrr_micro_usd=3 * PRICE + 10_000_000,
        revenue_28d_micro_usd=3 * PRICE + 120_000_000,
        new_customers_28d=9,
        active_users_28d=9,
    )
    everything = client_of(RevenueCatClient).every_subscription("production")
    assert sum(one.status == "active" for one in everything) == 4
    assert sum(one.status == "trialing" for one in everything) == 4


def test_sandbox_purchases_say_so(outside: Outside) -> None:
    fake.public_purchase(state_of(outside), "tester", "pro", PRICE, environment="SANDBOX")
    assert [event.is_sandbox for event in sent(outside)] == [True]


def test_sixth_overview_is_limited(outside: Outside, client_of: ClientOf) -> None:
    client = client_of(RevenueCatClient)
    outside.store.move_to(START + timedelta(seconds=20))
    for _ in range(5):
        client.overview()
    with pytest.raises(OutsideRateLimited) as caught:
        client.overview()
    assert caught.value.retry_after_s == 40.0
    assert client.customers() == []
    outside.store.move_to(START + timedelta(seconds=60))
    assert client.overview().active_trials == 0


def test_customers_are_paged(outside: Outside, client_of: ClientOf) -> None:
    for number in range(45):
        fake.public_start_trial(state_of(outside), f"person-{number:02d}", "pro", PRICE, 7)
    assert [one.id for one in client_of(RevenueCatClient).customers()] == [f"person-{number:02d}" for number in range(45)]


def test_customer_has_attributes(outside: Outside, client_of: ClientOf) -> None:
    fake.public_start_trial(state_of(outside), "person", "pro", PRICE, 7, attributes={"$email": "a@b.example"})
    known = client_of(RevenueCatClient).customer("person")
    assert known is not None
    assert known.attributes is not None
    assert [(one.name, one.value) for one in known.attributes.items] == [("$email", "a@b.example")]
    assert client_of(RevenueCatClient).customer("nobody") is None


def test_webhook_leads_to_subscription(outside: Outside, client_of: ClientOf) -> None:
    name = fake.public_start_trial(state_of(outside), "person", "pro", PRICE, 7)
    live(outside, 8)
    client = client_of(RevenueCatClient)
    renewal = sent(outside)[-1]
    assert [one.id for one in client.subscriptions_of_store(str(renewal.transaction_id))] == [name]
    assert client.subscription(name).status == "active"
    assert [one.id for one in client.transactions(name)] == [event.transaction_id for event in sent(outside)]
    assert client.purchases("person") == []


def test_wrong_key_is_refused(client_of: ClientOf) -> None:
    with pytest.raises(OutsideAuthFailed):
        client_of(RevenueCatClient, api_key="sk_sandbox_other").overview()


def test_unknown_things_are_refused(client_of: ClientOf) -> None:
    with pytest.raises(OutsideRejected):
        client_of(RevenueCatClient).subscription("sub-none")
    with pytest.raises(OutsideRejected):
        client_of(RevenueCatClient, project_id="other").overview()


def test_same_seed_same_bytes(tmp_path: Path) -> None:
    def bytes_of(name: str) -> list[Any]:
        store = WorldStore(tmp_path / name)
        store.move_to(START)
        outside = Outside(store, 7)
        for number in range(20):
            fake.public_start_trial(state_of(outside), f"p{number}", "pro", PRICE, 3 + number % 4, will_convert=number % 3 > 0)
        live(outside, 40)
        return store.run("select key, body, due_at from hooks order by place")

    first = bytes_of("a.db")
    assert first == bytes_of("b.db")
    assert len(first) == 20 + 13 * 2 + 7 * 2


def test_answers_fit_published_schema(shared: Path, outside: Outside) -> None:
    import yaml
    from openapi_schema_validator import OAS30Validator

    whole = yaml.safe_load((shared / "contracts/revenuecat/openapi.v2.trimmed.yaml").read_text())
    name = fake.public_start_trial(state_of(outside), "person", "pro", PRICE, 7)
    checks = {
        "/projects/proj_sandbox/metrics/overview": "OverviewMetrics",
        "/projects/proj_sandbox/customers": "ListCustomers",
        "/projects/proj_sandbox/customers/person/subscriptions": "ListSubscriptions",
        f"/projects/proj_sandbox/subscriptions/{name}": "Subscription",
        f"/projects/proj_sandbox/subscriptions/{name}/transactions": "ListSubscriptionTransaction",
    }
    for path, schema in checks.items():
        headers = {"authorization": "Bearer sk_sandbox_revenuecat"}
        answer = fake.respond(state_of(outside), FakeRequest("GET", path, headers=headers))
        held = {**whole["components"]["schemas"][schema], "components": whole["components"]}
        mistakes = [error.message for error in OAS30Validator(held).iter_errors(json.loads(answer.body))]
        assert mistakes == [], path
