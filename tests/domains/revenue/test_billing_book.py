"""Money and state are the same in whatever order the tills' events arrive, and exact to the micro-dollar."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import permutations
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from revenue_machine.domains.revenue import reads, store, tables
from revenue_machine.domains.revenue.models import Rate
from tests.domains.revenue.tills import (
    BUSINESS,
    DAY,
    T0,
    Document,
    Till,
    open_till,
    product,
    revenuecat,
    stripe_charge,
    stripe_event,
    stripe_invoice,
    stripe_subscription,
)

PAID = T0 + 7 * DAY
TRIAL = revenuecat("INITIAL_PURCHASE", T0, period_type="TRIAL", until=PAID)
CONVERSION = revenuecat(
    "RENEWAL", PAID, price=19.99, is_trial_conversion=True, transaction_id="t2", until=PAID + 30 * DAY
)  # fmt: skip
RENEWAL = revenuecat("RENEWAL", PAID + 30 * DAY, price=19.99, transaction_id="t3", until=PAID + 60 * DAY)
OFF = revenuecat("CANCELLATION", PAID + 31 * DAY, cancel_reason="UNSUBSCRIBE", bought=PAID + 30 * DAY, until=PAID + 60 * DAY)
REFUND = revenuecat(
    "CANCELLATION", PAID + 32 * DAY, cancel_reason="CUSTOMER_SUPPORT", price=-19.99, transaction_id="t3", bought=PAID + 30 * DAY
)  # fmt: skip
END = revenuecat("EXPIRATION", PAID + 32 * DAY, bought=PAID + 30 * DAY, until=PAID + 32 * DAY, transaction_id="t3")
LIFE = [TRIAL, CONVERSION, RENEWAL, OFF, REFUND, END]

STRIPE_LIFE = [
    stripe_event("evt_1", "customer.subscription.created", T0, stripe_subscription(
        "trialing", T0, PAID, trial_start=int(T0.timestamp()), trial_end=int(PAID.timestamp()))),
    stripe_event("evt_2", "invoice.paid", PAID, stripe_invoice("in_1", PAID, "subscription_cycle")),
    stripe_event("evt_3", "customer.subscription.updated", PAID, stripe_subscription(
        "active", PAID, PAID + 30 * DAY, trial_start=int(T0.timestamp()), trial_end=int(PAID.timestamp()))),
    stripe_event("evt_4", "charge.refunded", PAID + DAY, stripe_charge(900, PAID), {"amount_refunded": 0}),
    stripe_event("evt_5", "charge.refunded", PAID + 2 * DAY, stripe_charge(4900, PAID), {"amount_refunded": 900}),
]  # fmt: skip


def folded(till: Till, order: list[Document]) -> object:
    """What a history leaves behind on an empty database."""
    till.forget()
    till.hear(*order)
    return till.everything()


def test_paid_life_is_booked_exactly(database_url: str) -> None:
    till = open_till(database_url)
    till.hear(*LIFE)
    assert till.ledger() == [
        ("refund", -19_990_000, "app"), ("revenue", 19_990_000, "app"), ("revenue", 19_990_000, "app"),
        ("store_commission", -2_998_500, "app"), ("store_commission", -2_998_500, "app"), ("store_commission", 2_998_500, "app"),
    ]  # fmt: skip
    assert [row[1] for row in till.standing()] == ["refunded"]
    assert [key.split("/")[0] for key in till.told()] == [
        "billing.churned", "billing.purchased", "billing.refunded", "billing.renewed", "billing.trial_started",
    ]  # fmt: skip
    till.database.close()


def test_every_order_ends_alike(tmp_path: Path) -> None:
    life = [TRIAL, CONVERSION, REFUND, END]
    till = open_till(f"sqlite:///{tmp_path}/r.db")
    endings = [folded(till, list(order)) for order in permutations(life)]
    assert len(endings) == 24
    assert all(ending == endings[0] for ending in endings)
    till.database.close()


def test_stripe_orders_end_alike(tmp_path: Path) -> None:
    till = open_till(f"sqlite:///{tmp_path}/r.db")
    endings = [folded(till, list(order)) for order in permutations(STRIPE_LIFE)]
    assert len(endings) == 120
    assert all(ending == endings[0] for ending in endings)
    till.database.close()


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_shuffled_duplicates_change_nothing(data: st.DataObject) -> None:
    history = data.draw(st.sampled_from([LIFE, STRIPE_LIFE]))
    order = data.draw(st.permutations(history + data.draw(st.lists(st.sampled_from(history), max_size=5))))
    with TemporaryDirectory() as home:
        till = open_till(f"sqlite:///{home}/r.db")
        assert folded(till, history) == folded(till, order)
        till.database.close()


def test_stripe_life_is_booked_exactly(database_url: str) -> None:
    till = open_till(database_url)
    till.hear(*STRIPE_LIFE)
    assert till.ledger() == [("refund", -40_000_000, "portal"), ("refund", -9_000_000, "portal"), ("revenue", 49_000_000, "portal")]
    assert till.standing()[0][1:4] == ("refunded", "visitor_s", "portal")
    assert "billing.purchased/stripe/in_1" in till.told()
    till.database.close()


def test_stripe_month_two_is_renewal(tmp_path: Path) -> None:
    till = open_till(f"sqlite:///{tmp_path}/r.db")
    later = stripe_event("evt_9", "invoice.paid", PAID + 30 * DAY, stripe_invoice("in_2", PAID + 30 * DAY, "subscription_cycle"))
    till.hear(later, *STRIPE_LIFE[:3])
    assert [key for key in till.told() if "renewed" in key or "purchased" in key] == [
        "billing.purchased/stripe/in_1", "billing.renewed/stripe/in_2",
    ]  # fmt: skip
    till.database.close()


def test_shape_of_2023_counts_too(tmp_path: Path) -> None:
    till = open_till(f"sqlite:///{tmp_path}/r.db")
    held = stripe_subscription(
        "active", T0, T0 + 30 * DAY, current_period_start=1, current_period_end=int((T0 + 30 * DAY).timestamp())
    )
    held["items"]["data"][0] |= {"current_period_start": None, "current_period_end": None}
    bill = stripe_invoice("in_1", T0, "subscription_create", parent=None, subscription="sub_1", charge="ch_1")
    refund = stripe_charge(100, T0 + 40 * DAY, invoice="in_1")
    till.hear(
        stripe_event("evt_3", "charge.refunded", T0 + 41 * DAY, refund, {"amount_refunded": 0}),
        stripe_event("evt_2", "invoice.paid", T0, bill),
        stripe_event("evt_1", "customer.subscription.created", T0, held),
    )
    assert till.ledger() == [("refund", -1_000_000, "portal"), ("revenue", 49_000_000, "portal")]
    assert till.standing()[0][5] == T0 + 30 * DAY
    till.database.close()


def test_sandbox_purchases_are_no_revenue(tmp_path: Path) -> None:
    till = open_till(f"sqlite:///{tmp_path}/r.db")
    till.hear(revenuecat("INITIAL_PURCHASE", T0, price=19.99, environment="SANDBOX"))
    assert till.ledger() == []
    assert till.told() == []
    assert till.rows(tables.PAYMENTS, "status") == [("sandbox",)]
    with till.database.reading() as connection:
        assert reads.paying_count(connection, "revenuecat") == 0
    till.database.close()


def test_second_source_only_reconciles(tmp_path: Path) -> None:
    till = open_till(f"sqlite:///{tmp_path}/r.db")
    till.hear(revenuecat("INITIAL_PURCHASE", T0, price=49, product_id="portal_monthly", store="STRIPE"))
    assert till.ledger() == []
    assert till.told() == []
    assert till.rows(tables.PAYMENTS, "status") == [("reconciled",)]
    till.database.close()


def test_foreign_money_waits_for_rate(database_url: str) -> None:
    till = open_till(database_url)
    bill = stripe_invoice("in_1", PAID, "subscription_cycle", currency="eur")
    till.hear(STRIPE_LIFE[0], stripe_event("evt_2", "invoice.paid", PAID, bill))
    assert till.ledger() == []
    assert till.rows(tables.PAYMENTS, "status", "reason") == [("parked", "no_fx_rate")]
    assert sum(key.startswith("alert.raised") for key in till.told()) == 1
    with till.database.writing() as connection:
        store.keep_rate(till.database, connection, Rate("EUR", date(2026, 11, 6), Decimal("1.0862"), "test"), T0)
        till.book.retry_open(connection, T0)
    assert till.ledger() == [("revenue", 53_223_800, "portal")]
    assert till.rows(tables.PAYMENTS, "status", "fx_rate", "fx_date") == [("counted", "1.0862", date(2026, 11, 6))]
    till.database.close()


def test_unlisted_stripe_product_is_parked(tmp_path: Path) -> None:
    two = BUSINESS.model_copy(update={"products": (*BUSINESS.products, product("other", "stripe"))})
    till = open_till(f"sqlite:///{tmp_path}/r.db", two)
    till.hear(*STRIPE_LIFE[:3])
    assert till.ledger() == []
    assert till.rows(tables.PAYMENTS, "reason") == [("product_unknown",)]
    till.database.close()


def test_transfer_hands_subscription_over(tmp_path: Path) -> None:
    move = {"event": {"id": "m1", "type": "TRANSFER", "event_timestamp_ms": int((T0 + DAY).timestamp() * 1000),
                      "transferred_from": ["visitor_a"], "transferred_to": ["visitor_b"]}, "api_version": "1.0"}  # fmt: skip
    for place, order in enumerate(([TRIAL, move], [move, TRIAL])):
        till = open_till(f"sqlite:///{tmp_path}/{place}.db")
        till.hear(*order)
        assert till.standing()[0][2] == "visitor_b"
        till.database.close()


def test_unknown_kinds_change_nothing(tmp_path: Path) -> None:
    till = open_till(f"sqlite:///{tmp_path}/r.db")
    till.hear(
        revenuecat("TEST", T0), revenuecat("VIRTUAL_CURRENCY_TRANSACTION", T0), stripe_event("e", "payout.paid", T0, {"id": "po_1"})
    )
    assert till.everything() == ([], [], [])
    till.database.close()


def test_store_price_in_dollars_keeps_original(tmp_path: Path) -> None:
    till = open_till(f"sqlite:///{tmp_path}/r.db")
    sale = revenuecat(
        "NON_RENEWING_PURCHASE", T0, price=25.487, currency="CAD", price_in_purchased_currency=32.99, tax_percentage=0.1,
        commission_percentage=None, takehome_percentage=None,
    )  # fmt: skip
    till.hear(sale)
    assert till.ledger() == [("revenue", 25_487_000, "app"), ("store_commission", -7_646_100, "app"), ("tax", -2_548_700, "app")]
    assert till.rows(tables.PAYMENTS, "currency", "original_amount") == [("CAD", "32.99")]
    till.database.close()


def test_address_as_person_becomes_hash(tmp_path: Path) -> None:
    till = open_till(f"sqlite:///{tmp_path}/r.db")
    till.hear(revenuecat("INITIAL_PURCHASE", T0, price=19.99, app_user_id="Ann@People.Example"))
    assert till.standing()[0][2].startswith("usr_")
    till.database.close()
