"""Hard lives of subscriptions, in every order: late beginnings, changes, hand-overs, trouble, refunds taken back, disputes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice, permutations
from pathlib import Path
from typing import Any

import pytest

from revenue_machine.engine.tables import LEDGER
from tests.domains.revenue.tills import (
    DAY,
    T0,
    Document,
    Till,
    open_till,
    revenuecat,
    stripe_event,
    stripe_invoice,
    stripe_subscription,
)

MONTH = T0 + 30 * DAY
BOUGHT = revenuecat("INITIAL_PURCHASE", T0, price=19.99)
RENEWED = revenuecat("RENEWAL", MONTH, price=19.99, transaction_id="t2")
AGAIN = {"bought": MONTH, "transaction_id": "t2"}
REFUNDED = revenuecat("CANCELLATION", MONTH + DAY, cancel_reason="CUSTOMER_SUPPORT", price=-19.99, **AGAIN)
DISPUTE = {
    "id": "dp_1",
    "amount": 4900,
    "currency": "usd",
    "created": int((T0 + DAY).timestamp()),
    "charge": "ch_1",
    "livemode": True,
}
CREATED = stripe_event("evt_1", "customer.subscription.created", T0, stripe_subscription("active", T0, MONTH))
PAID = stripe_event("evt_2", "invoice.paid", T0, stripe_invoice("in_1", T0, "subscription_create", charge="ch_1"))
TAKEN = stripe_event("evt_8", "charge.dispute.funds_withdrawn", T0 + DAY, DISPUTE)
BACK = stripe_event("evt_9", "charge.dispute.funds_reinstated", T0 + 2 * DAY, DISPUTE)


def snapshot(number: int, day: int, status: str, **fields: Any) -> Document:
    held = stripe_subscription(status, T0, MONTH, **fields)
    return stripe_event(f"evt_{number}", "customer.subscription.updated", T0 + day * DAY, held)


# (what happened, in order; the state it ends in; the income)
LIVES: dict[str, tuple[list[Document], str, list[int]]] = {
    "a late beginning after the end": (
        [BOUGHT, revenuecat("EXPIRATION", MONTH, bought=T0, until=MONTH)], "expired", [19_990_000]),
    "a product changed at once": (
        [BOUGHT, revenuecat("PRODUCT_CHANGE", T0 + DAY, new_product_id="portal_monthly", bought=T0),
         revenuecat("RENEWAL", T0 + DAY, price=49.0, transaction_id="t2", product_id="app_monthly")], "active", [19_990_000, 49_000_000]),
    "a cancellation taken back": (
        [BOUGHT, revenuecat("CANCELLATION", T0 + DAY, cancel_reason="UNSUBSCRIBE", bought=T0, until=MONTH),
         revenuecat("UNCANCELLATION", T0 + 2 * DAY, bought=T0, until=MONTH)], "active", [19_990_000]),
    "trouble, grace, recovery": (
        [BOUGHT, revenuecat("BILLING_ISSUE", MONTH, bought=T0), revenuecat("CANCELLATION", MONTH, cancel_reason="BILLING_ERROR", bought=T0),
         revenuecat("RENEWAL", MONTH + DAY, price=19.99, transaction_id="t2")], "active", [19_990_000, 19_990_000]),
    "trouble without recovery": (
        [BOUGHT, revenuecat("BILLING_ISSUE", MONTH, bought=T0), revenuecat("EXPIRATION", MONTH + 6 * DAY, bought=T0, until=MONTH + 6 * DAY)],
        "expired", [19_990_000]),
    "a pause": (
        [BOUGHT, revenuecat("SUBSCRIPTION_PAUSED", T0 + DAY, bought=T0, until=MONTH),
         revenuecat("EXPIRATION", MONTH, expiration_reason="SUBSCRIPTION_PAUSED", bought=T0, until=MONTH),
         revenuecat("RENEWAL", MONTH + 20 * DAY, price=19.99, transaction_id="t2")], "active", [19_990_000, 19_990_000]),
    "a refund taken back": (
        [BOUGHT, RENEWED, REFUNDED, revenuecat("REFUND_REVERSED", MONTH + 2 * DAY, price=19.99, **AGAIN)], "active",
        [-19_990_000, 19_990_000, 19_990_000, 19_990_000]),
    "paid again after a refund": (
        [BOUGHT, RENEWED, REFUNDED, revenuecat("RENEWAL", MONTH + 30 * DAY, price=19.99, transaction_id="t3")], "active",
        [-19_990_000, 19_990_000, 19_990_000, 19_990_000]),
    "dunning": ([CREATED, PAID, snapshot(3, 30, "past_due"), snapshot(4, 40, "unpaid")], "grace", [49_000_000]),
    "dunning to the end": (
        [CREATED, PAID, snapshot(3, 30, "past_due"), snapshot(4, 40, "canceled", ended_at=int((T0 + 40 * DAY).timestamp()))], "expired", [49_000_000]),
    "a dispute lost": ([CREATED, PAID, TAKEN], "refunded", [-49_000_000, 49_000_000]),
    "a dispute won": ([CREATED, PAID, TAKEN, BACK], "active", [-49_000_000, 49_000_000, 49_000_000]),
    "a refund that failed": (
        [CREATED, PAID, TAKEN, stripe_event("evt_9", "refund.failed", T0 + 2 * DAY, {**DISPUTE, "id": "re_1"})], "active",
        [-49_000_000, 49_000_000, 49_000_000]),
    "a plan changed with proration": (
        [CREATED, PAID, snapshot(3, 10, "active"),
         stripe_event("evt_4", "invoice.paid", T0 + 10 * DAY, stripe_invoice("in_2", T0 + 10 * DAY, "subscription_update", 1500))],
        "active", [15_000_000, 49_000_000]),
    "an unknown kind in between": (
        [BOUGHT, revenuecat("SOMETHING_NEW", T0 + DAY, odd={"deep": [1]}), stripe_event("evt_7", "customer.tax_id.created", T0, {"id": "x"})],
        "active", [19_990_000]),
}  # fmt: skip


def orders(told: Sequence[Document]) -> list[tuple[Document, ...]]:
    return list(islice(permutations(told), 24))


def income(till: Till) -> list[int]:
    return sorted(row[1] for row in till.rows(LEDGER, "kind", "amount_micro_usd") if row[0] in ("revenue", "refund"))


@pytest.mark.parametrize("name", sorted(LIVES))
def test_hard_life_ends_alike_in_every_order(name: str, tmp_path: Path) -> None:
    told, status, wanted = LIVES[name]
    till = open_till(f"sqlite:///{tmp_path}/r.db")
    till.hear(*told)
    ending = till.everything()
    assert [row[1] for row in till.standing()] == [status]
    assert income(till) == wanted
    for order in orders(told):
        till.forget()
        till.hear(*order, *order[:2])
        assert till.everything() == ending, [one.get("type") or one["event"]["type"] for one in order]
    till.database.close()


def test_transfer_moves_what_was_bought_before_it(tmp_path: Path) -> None:
    moved = revenuecat("TRANSFER", T0 + DAY, transferred_from=["visitor_a"], transferred_to=["visitor_b"])
    moved["event"].pop("app_user_id")
    till = open_till(f"sqlite:///{tmp_path}/r.db")
    for order in permutations([BOUGHT, moved]):
        till.forget()
        till.hear(*order)
        assert [row[2] for row in till.standing()] == ["visitor_b"]
    till.database.close()
