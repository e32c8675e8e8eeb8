"""Whole lives of subscriptions as three providers tell them, ten events each, for those who shuffle them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tests.app_fixture import START
from tests.domains.revenue.tills import milliseconds, revenuecat, stripe_event, stripe_invoice, stripe_subscription

DAY = timedelta(days=1)
T0 = START - 100 * DAY
TRIAL, MONTH = T0 + 7 * DAY, T0 + 37 * DAY


@dataclass(frozen=True)
class Told:
    """One event on its way: who sends it, its id, its bytes."""

    service: str
    key: str
    body: bytes


def _told(service: str, key: str, payload: dict[str, Any]) -> Told:
    return Told(service, key, json.dumps(payload, separators=(",", ":")).encode())


def at_revenuecat(number: int) -> list[Told]:
    """Trial, conversion, trouble, renewal, a cancellation taken back, a refund, an end, and somebody else's turn."""
    name, price = f"rc{number}", 19.99
    shift = number * timedelta(minutes=7)

    def one(kind: str, day: float, transaction: int, **fields: Any) -> Told:
        at = T0 + shift + timedelta(days=day)
        more = {"product_id": "everreach_pro_monthly", "app_user_id": name, "original_app_user_id": name}
        body = revenuecat(kind, at, transaction_id=f"{name}-{transaction}", original_transaction_id=f"{name}-1", **more, **fields)
        body["event"]["id"] = f"{name}-{kind}-{day}"
        return _told("revenuecat", body["event"]["id"], body)

    bought = {"bought": T0 + shift + 37 * DAY}
    return [
        one("INITIAL_PURCHASE", 0, 1, period_type="TRIAL", until=T0 + shift + 7 * DAY),
        one("RENEWAL", 7, 2, price=price, is_trial_conversion=True),
        one("BILLING_ISSUE", 37, 2, grace_period_expiration_at_ms=milliseconds(T0 + shift + 43 * DAY), bought=T0 + shift + 7 * DAY),
        one("RENEWAL", 38, 3, price=price),
        one("PRODUCT_CHANGE", 39, 3, new_product_id="everreach_pro_yearly", **bought),
        one("CANCELLATION", 40, 3, cancel_reason="UNSUBSCRIBE", **bought),
        one("UNCANCELLATION", 41, 3, **bought),
        one("CANCELLATION", 42 + number % 2, 3, cancel_reason="CUSTOMER_SUPPORT", price=-price, **bought),
        one("EXPIRATION", 45, 3, until=T0 + shift + 45 * DAY, **bought)
        if number % 3
        else one("REFUND_REVERSED", 45, 3, price=price, **bought),
        one("RENEWAL", 60, 4, price=price) if number % 2 else one("TEST", 60, 4),
    ]


def at_stripe(number: int) -> list[Told]:
    """Trial, bills, dunning and recovery, a part given back, a dispute lost or won, an end."""
    name, at = f"st{number}", T0 + number * timedelta(minutes=7)
    trial = {"trial_start": int(at.timestamp()), "trial_end": int((at + 7 * DAY).timestamp())}

    def held(status: str, begun: float, **fields: Any) -> dict[str, Any]:
        start = at + timedelta(days=begun)
        more = {
            "id": f"sub_{name}",
            "customer": f"cus_{name}",
            "metadata": {"distinct_id": name, "product": "clientportal"},
            "start_date": int(at.timestamp()),
            **trial,
        }
        return stripe_subscription(status, start, start + 30 * DAY, **{**more, **fields})

    def bill(turn: int, day: float, reason: str) -> dict[str, Any]:
        made = stripe_invoice(
            f"in_{name}_{turn}", at + timedelta(days=day), reason, customer=f"cus_{name}", charge=f"ch_{name}_{turn}"
        )
        made["parent"]["subscription_details"] = {"subscription": f"sub_{name}", "metadata": {"distinct_id": name}}
        return made

    def one(turn: int, kind: str, day: float, thing: dict[str, Any], before: dict[str, Any] | None = None) -> Told:
        key = f"evt_{name}_{turn}"
        return _told("stripe", key, stripe_event(key, kind, at + timedelta(days=day), thing, before))

    given = {"id": f"ch_{name}_1", "amount": 4900, "amount_refunded": 900, "currency": "usd", "created": int((at + 7 * DAY).timestamp()),
             "livemode": True, "customer": f"cus_{name}", "invoice": f"in_{name}_1"}  # fmt: skip
    dispute = {"id": f"dp_{name}", "amount": 4900, "currency": "usd", "created": int((at + 50 * DAY).timestamp()), "charge": f"ch_{name}_2",
               "livemode": True}  # fmt: skip
    return [
        one(1, "customer.subscription.created", 0, held("trialing", 0)),
        one(2, "invoice.paid", 7, bill(1, 7, "subscription_cycle")),
        one(3, "customer.subscription.updated", 7.001, held("active", 7)),
        one(4, "charge.refunded", 8, given, {"amount_refunded": 0}),
        one(5, "customer.subscription.updated", 37, held("past_due", 37)),
        one(6, "invoice.paid", 38, bill(2, 38, "subscription_cycle")),
        one(7, "customer.subscription.updated", 38.001, held("active", 37)),
        one(8, "charge.dispute.funds_withdrawn", 50, dispute),
        one(9, "charge.dispute.funds_reinstated", 55, dispute) if number % 2 else one(9, "charge.dispute.closed", 55, dispute),
        one(10, "customer.subscription.deleted", 60, held("canceled", 37, ended_at=int((at + 60 * DAY).timestamp()))),
    ]


def at_superwall(number: int) -> list[Told]:
    """The first lives of RevenueCat once more, as their paywall's server tells them."""
    name = f"rc{number}"
    shift = number * timedelta(minutes=7)

    def one(kind: str, day: float, transaction: int, price: float = 0, **fields: Any) -> Told:
        at = milliseconds(T0 + shift + timedelta(days=day))
        data = {
            "id": f"sw-{name}-{kind}-{day}", "name": kind, "ts": at, "price": price, "proceeds": price, "commissionPercentage": 0.15,
            "periodType": "NORMAL", "transactionId": f"{name}-{transaction}", "originalTransactionId": f"{name}-1", "store": "APP_STORE",
            "purchasedAt": at, "expirationAt": at + 30 * 86_400_000, "productId": "everreach_pro_monthly", "environment": "PRODUCTION",
        }  # fmt: skip
        body = {"object": "event", "type": kind, "projectId": 1, "applicationId": 1, "timestamp": at, "data": {**data, **fields}}
        return _told("superwall", str(data["id"]), body)

    return [
        one("initial_purchase", 0, 1, periodType="TRIAL"), one("renewal", 7, 2, 19.99, isTrialConversion=True), one("billing_issue", 37, 2),
        one("renewal", 38, 3, 19.99), one("product_change", 39, 3, newProductId="x"), one("cancellation", 40, 3, cancelReason="UNSUBSCRIBE"),
        one("uncancellation", 41, 3), one("cancellation", 42, 3, -19.99, cancelReason="CUSTOMER_SUPPORT"), one("expiration", 45, 3),
        one("something_new", 60, 4),
    ]  # fmt: skip


def lives(subscriptions: int) -> list[Told]:
    """Ten events for each: half at RevenueCat, a third at Stripe, the rest Superwall's word on RevenueCat's."""
    at_store, at_checkout = subscriptions // 2, subscriptions // 3
    told = [one for number in range(at_store) for one in at_revenuecat(number)]
    told += [one for number in range(at_checkout) for one in at_stripe(number)]
    return told + [one for number in range(subscriptions - at_store - at_checkout) for one in at_superwall(number)]
