"""One sale told by RevenueCat, Stripe and Superwall is one ledger row, one purchase event and one subscriber, in any order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from revenue_machine.domains.owner.models import Business
from revenue_machine.domains.revenue import tables
from revenue_machine.domains.revenue.superwall_reading import read_superwall
from revenue_machine.engine.tables import EVENTS, LEDGER
from tests.domains.revenue.tills import (
    BUSINESS,
    DAY,
    T0,
    Document,
    Till,
    milliseconds,
    open_till,
    product,
    revenuecat,
    stripe_charge,
    stripe_event,
    stripe_invoice,
    stripe_subscription,
)

NEXT = T0 + 30 * DAY
GIVEN_BACK = T0 + 31 * DAY
SOLD = {"distinct_id": "visitor_s", "product": "portal_monthly"}
Story = dict[str, list[Document]]


def superwall(name: str, at: datetime, transaction: str, price: float = 0, **fields: Any) -> Document:
    data: Document = {
        "id": f"{transaction}-{milliseconds(at)}:{name}", "name": name, "ts": milliseconds(at), "price": price, "proceeds": price,
        "priceInPurchasedCurrency": price, "currencyCode": "USD", "exchangeRate": 1.0, "taxPercentage": None,
        "commissionPercentage": 0.0, "periodType": "NORMAL", "isFamilyShare": False, "isTrialConversion": False,
        "transactionId": transaction, "originalTransactionId": "sub_1", "originalAppUserId": "$SuperwallAlias:7", "store": "STRIPE",
        "purchasedAt": milliseconds(at), "expirationAt": milliseconds(at + 30 * DAY), "productId": "portal_monthly",
        "environment": "PRODUCTION",
    }  # fmt: skip
    return {
        "object": "event",
        "type": name,
        "projectId": 1,
        "applicationId": 2,
        "timestamp": milliseconds(at),
        "data": {**data, **fields},
    }


def at_revenuecat(kind: str, at: datetime, transaction: str, price: float, **fields: Any) -> Document:
    return revenuecat(
        kind, at, price=price, transaction_id=transaction, original_transaction_id="sub_1", store="STRIPE", commission_percentage=0,
        product_id="portal_monthly", **fields,
    )  # fmt: skip


def charge(refunded: int) -> Document:
    return stripe_charge(refunded, NEXT, id="ch_2", invoice="in_2", metadata={})


PURCHASE: Story = {
    "revenuecat": [at_revenuecat("INITIAL_PURCHASE", T0, "in_1", 49.0)],
    "stripe": [
        stripe_event("evt_1", "customer.subscription.created", T0, stripe_subscription("active", T0, NEXT, metadata=SOLD)),
        stripe_event("evt_2", "invoice.paid", T0, stripe_invoice("in_1", T0, "subscription_create")),
    ],
    "superwall": [superwall("initial_purchase", T0, "in_1", 49.0)],
}
RENEWAL: Story = {
    "revenuecat": [at_revenuecat("RENEWAL", NEXT, "in_2", 49.0)],
    "stripe": [
        stripe_event(
            "evt_3", "customer.subscription.updated", NEXT, stripe_subscription("active", NEXT, NEXT + 30 * DAY, metadata=SOLD)
        ),
        stripe_event("evt_4", "invoice.paid", NEXT, stripe_invoice("in_2", NEXT, "subscription_cycle")),
    ],
    "superwall": [superwall("renewal", NEXT, "in_2", 49.0)],
}
REFUND: Story = {
    "revenuecat": [at_revenuecat("CANCELLATION", GIVEN_BACK, "in_2", -49.0, cancel_reason="CUSTOMER_SUPPORT", bought=NEXT)],
    "stripe": [stripe_event("evt_5", "charge.refunded", GIVEN_BACK, charge(4900), {"amount_refunded": 0})],
    "superwall": [
        superwall("cancellation", GIVEN_BACK, "in_2", -49.0, cancelReason="CUSTOMER_SUPPORT", purchasedAt=milliseconds(NEXT))
    ],
}
ORDERS = list(permutations(("revenuecat", "stripe", "superwall")))


def business(source: str) -> Business:
    """The sale's product with that money source, beside another product of Stripe's own."""
    others = (product("app", "revenuecat", "app_monthly"), product("shop", "stripe", "shop_monthly"))
    return BUSINESS.model_copy(update={"products": (*others, product("portal", source, "portal_monthly"))})


def hear(till: Till, payloads: Sequence[Document]) -> None:
    for payload in payloads:
        if "projectId" in payload:
            with till.database.writing() as connection:
                till.book.record(connection, read_superwall(payload))
        else:
            till.hear(payload)


def money(till: Till) -> list[tuple[Any, ...]]:
    return [row for row in till.rows(LEDGER, "kind", "amount_micro_usd", "service", "product") if row[0] in ("revenue", "refund")]


def subscribers(till: Till) -> list[tuple[Any, ...]]:
    rows = till.rows(tables.SUBSCRIPTIONS, "provider", "status", "product", "is_revenue")
    assert len(rows) == 3
    return [row[:3] for row in rows if row[3]]


def told(till: Till) -> list[str]:
    return [row[0] for row in till.rows(EVENTS, "kind") if row[0] != "alert.raised"]


@pytest.mark.parametrize("source", ["revenuecat", "stripe", "superwall"])
def test_one_sale_is_one_in_every_order(source: str, tmp_path: Path) -> None:
    till = open_till(f"sqlite:///{tmp_path}/r.db", business(source))
    for order in ORDERS:
        for twice in (False, True):
            till.forget()
            for name in order:
                hear(till, PURCHASE[name] * (2 if twice else 1))
            assert money(till) == [("revenue", 49_000_000, source, "portal")], order
            assert told(till) == ["billing.purchased"]
            assert subscribers(till) == [(source, "active", "portal")]
    till.database.close()


@pytest.mark.parametrize("source", ["revenuecat", "stripe", "superwall"])
def test_renewal_and_refund_count_once(source: str, tmp_path: Path) -> None:
    till = open_till(f"sqlite:///{tmp_path}/r.db", business(source))
    for order in ORDERS:
        till.forget()
        for story in (PURCHASE, REFUND, RENEWAL) if order[0] == "stripe" else (PURCHASE, RENEWAL, REFUND):
            for name in order:
                hear(till, story[name] * 2)
        assert money(till) == [
            ("refund", -49_000_000, source, "portal"), ("revenue", 49_000_000, source, "portal"), ("revenue", 49_000_000, source, "portal"),
        ], order  # fmt: skip
        assert told(till) == ["billing.purchased", "billing.refunded", "billing.renewed"]
        assert subscribers(till) == [(source, "refunded", "portal")]
    till.database.close()


def test_both_databases_agree(database_url: str) -> None:
    till = open_till(database_url, business("revenuecat"))
    for story in (RENEWAL, REFUND, PURCHASE):
        for name in ("superwall", "stripe", "revenuecat"):
            hear(till, story[name] * 3)
    assert [row[1] for row in money(till)] == [-49_000_000, 49_000_000, 49_000_000]
    assert subscribers(till) == [("revenuecat", "refunded", "portal")]
    till.database.close()


@pytest.mark.parametrize("order", ORDERS)
def test_names_only_one_till_knows_are_enough(order: tuple[str, ...], tmp_path: Path) -> None:
    """The owner listed what Superwall calls it; the others are joined by the ids of the store, whoever spoke first."""
    strange = {
        "superwall": PURCHASE["superwall"],
        "stripe": [
            stripe_event("evt_1", "customer.subscription.created", T0, stripe_subscription("active", T0, NEXT)),
            stripe_event("evt_2", "invoice.paid", T0, stripe_invoice("in_1", T0, "subscription_create")),
        ],
        "revenuecat": [revenuecat("INITIAL_PURCHASE", T0, price=49.0, transaction_id="in_1", original_transaction_id="sub_1",
                                  store="STRIPE", commission_percentage=0, product_id="nobody_knows")],
    }  # fmt: skip
    till = open_till(f"sqlite:///{tmp_path}/r.db", business("superwall"))
    for name in order:
        hear(till, strange[name])
    with till.database.writing() as connection:
        till.book.retry_open(connection, till.clock.now())
    assert [row[:2] for row in money(till)] == [("revenue", 49_000_000)]
    assert told(till) == ["billing.purchased"]
    assert subscribers(till) == [("superwall", "active", "portal")]
    till.database.close()


def test_sale_nobody_else_tells_is_counted(tmp_path: Path) -> None:
    till = open_till(f"sqlite:///{tmp_path}/r.db", business("superwall"))
    hear(till, PURCHASE["superwall"])
    assert money(till) == [("revenue", 49_000_000, "superwall", "portal")]
    till.database.close()


def test_sandbox_sales_of_all_three_are_no_money(tmp_path: Path) -> None:
    till = open_till(f"sqlite:///{tmp_path}/r.db", business("superwall"))
    hear(till, [superwall("initial_purchase", T0, "in_1", 49.0, environment="SANDBOX")])
    assert money(till) == []
    assert till.rows(tables.PAYMENTS, "status") == [("sandbox",)]
    till.database.close()
