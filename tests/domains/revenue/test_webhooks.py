"""The tills' webhooks through the inbox: each once, in any order, from the pretend vendors themselves."""

from __future__ import annotations

from typing import Any

from revenue_machine.domains.revenue.tables import PAYMENTS, SUBSCRIPTIONS
from revenue_machine.engine.tables import EVENTS, HOOK_INBOX, LEDGER
from revenue_machine.kit.hooks import HookEvent
from tests.domains.revenue.house import DAY, HOUR, PRICE, START, House

STANDING = ("user_id", "status", "is_production")


def told(house: House) -> list[str]:
    return [row[0] for row in house.rows(EVENTS, "kind") if row[0].startswith("billing.")]


def test_trial_becomes_paid_and_leaves(house: House) -> None:
    subscription = house.tries("ann", START)
    house.move_to(START + HOUR)
    assert house.rows(SUBSCRIPTIONS, *STANDING, "product") == [("ann", "trial", True, "everreach_pro")]
    house.move_to(START + 8 * DAY)
    assert house.rows(SUBSCRIPTIONS, *STANDING) == [("ann", "active", True)]
    fake, state = house.fake("revenuecat")
    fake.public_cancel(state, subscription)
    house.move_to(START + 9 * DAY)
    assert house.rows(SUBSCRIPTIONS, *STANDING) == [("ann", "cancelled_at_period_end", True)]
    house.move_to(START + 45 * DAY)
    assert house.rows(SUBSCRIPTIONS, *STANDING) == [("ann", "expired", True)]
    assert told(house) == ["billing.churned", "billing.purchased", "billing.trial_started"]
    assert house.rows(LEDGER, "kind", "amount_micro_usd") == [("revenue", PRICE), ("store_commission", -2_998_500)]


def test_cancelled_trial_is_no_churn(house: House) -> None:
    house.tries("ann", START, will_convert=False)
    house.move_to(START + 6 * DAY + 3 * HOUR)
    assert house.rows(SUBSCRIPTIONS, "status", "paid_at") == [("cancelled_at_period_end", None)]
    house.move_to(START + 9 * DAY)
    assert house.rows(SUBSCRIPTIONS, "status", "paid_at") == [("expired", None)]
    assert told(house) == ["billing.trial_started"]
    assert house.rows(LEDGER, "id") == []


def test_billing_trouble_is_grace_until_paid(house: House) -> None:
    subscription = house.tries("ann", START)
    house.move_to(START + 8 * DAY)
    fake, state = house.fake("revenuecat")
    fake.public_billing_issue(state, subscription)
    house.move_to(START + 9 * DAY)
    assert house.rows(SUBSCRIPTIONS, "status") == [("grace",)]
    fake.public_renew(state, subscription)
    house.move_to(START + 10 * DAY)
    assert house.rows(SUBSCRIPTIONS, "status") == [("active",)]
    assert told(house) == ["billing.purchased", "billing.renewed", "billing.trial_started"]


def test_uncancelled_subscription_renews_again(house: House) -> None:
    subscription = house.tries("ann", START)
    house.move_to(START + 8 * DAY)
    fake, state = house.fake("revenuecat")
    fake.public_cancel(state, subscription)
    house.move_to(START + 9 * DAY)
    fake.public_uncancel(state, subscription)
    house.move_to(START + 10 * DAY)
    assert house.rows(SUBSCRIPTIONS, "status") == [("active",)]


def life(house: House, **how: Any) -> list[Any]:
    """A refunded life at RevenueCat and one at Stripe, all webhooks brought at once at the end."""
    subscription = house.tries("ann", START)
    house.subscribes_at_stripe("sue", START)
    house.clock.move_to(START + 8 * DAY)
    for service in ("revenuecat", "stripe"):
        fake, state = house.fake(service)
        fake.public_advance(state)
    fake, state = house.fake("revenuecat")
    fake.public_refund(state, subscription)
    house.clock.move_to(START + 9 * DAY)
    house.deliver(**how)
    return [
        house.rows(SUBSCRIPTIONS, "id", *STANDING, "paid_at", "ended_at"),
        house.rows(LEDGER, "id", "amount_micro_usd"),
        told(house),
    ]


def test_reversed_and_doubled_webhooks_end_alike(house: House) -> None:
    seen = life(house, newest_first=True, twice=True)
    assert [row[1:3] for row in sorted(seen[0], key=lambda row: str(row[1]))] == [("ann", "refunded"), ("sue", "active")]
    assert sorted(row[1] for row in seen[1]) == [-PRICE, -2_998_500, 2_998_500, PRICE, 49_000_000]
    assert seen[2] == ["billing.churned", "billing.purchased", "billing.purchased", "billing.refunded", "billing.trial_started"]


def test_second_delivery_is_known(house: House) -> None:
    house.tries("ann", START)
    house.clock.move_to(START + HOUR)
    assert house.deliver(twice=True) == 1


def test_malformed_event_becomes_dead_letter(house: House) -> None:
    body = b'{"event": {"id": "e1", "type": "RENEWAL"}, "api_version": "1.0"}'
    house.app.inbox.store("revenuecat", HookEvent("e1", "RENEWAL", None, START), body)
    for _ in range(3):
        house.app.inbox.drain()
    assert house.rows(HOOK_INBOX, "status") == [("dead",)]
    assert house.rows(PAYMENTS, "id") == []


def test_stripe_purchase_finds_person_and_product(house: House) -> None:
    house.subscribes_at_stripe("sue", START)
    house.move_to(START + HOUR)
    assert house.rows(SUBSCRIPTIONS, "user_id", "status", "product") == [("sue", "active", "clientportal")]
    assert house.rows(LEDGER, "kind", "amount_micro_usd", "product") == [("revenue", 49_000_000, "clientportal")]
    house.move_to(START + 40 * DAY)
    assert told(house) == ["billing.purchased", "billing.renewed"]


def test_stripe_refund_is_matched_to_its_sale(house: House) -> None:
    subscription = house.subscribes_at_stripe("sue", START)
    house.move_to(START + HOUR)
    fake, state = house.fake("stripe")
    fake.public_refund(state, subscription)
    house.move_to(START + 2 * HOUR)
    assert house.rows(LEDGER, "kind", "amount_micro_usd") == [("refund", -49_000_000), ("revenue", 49_000_000)]
    assert house.rows(SUBSCRIPTIONS, "status") == [("refunded",)]
    assert house.rows(PAYMENTS, "kind", "user_id", "status") == [("purchase", "sue", "counted"), ("refund", "sue", "counted")]
