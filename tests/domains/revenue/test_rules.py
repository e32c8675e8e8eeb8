"""The fold of facts at its edges, foreign amounts, commissions, and what a refund belongs to."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from revenue_machine.domains.revenue.models import Fact, FactKind, SnapshotState, SubscriptionState
from revenue_machine.domains.revenue.rules import (
    Candidate,
    converted_micro_usd,
    fold,
    is_first_invoice,
    major_units,
    money_source,
    person_id,
    product_name,
    product_of,
    refunded_payment,
    share_micro_usd,
    store_commission_share,
)
from tests.domains.revenue.tills import BUSINESS, DAY, T0


def fact(kind: FactKind, day: int, **fields: Any) -> Fact:
    return Fact(key=f"{kind}-{day}", kind=kind, occurred_at=T0 + day * DAY, is_production=True, **fields)


def paid(day: int) -> Fact:
    return fact("paid", day, ends_at=T0 + (day + 30) * DAY, paid_since=T0 + day * DAY)


def snapshot(day: int, status: str, **fields: Any) -> Fact:
    state = SnapshotState(status=status, is_renewing=True, started_at=T0, **fields)
    return fact("snapshot", day, ends_at=T0 + 30 * DAY, state=state)


def status_after(*facts: Fact) -> SubscriptionState:
    return fold(facts)


def test_new_period_revives_ended_subscription() -> None:
    state = status_after(paid(0), fact("ended", 30, ends_at=T0 + 30 * DAY), paid(40))
    assert (state.status, state.ended_at, state.churned_at) == ("active", None, (T0 + 30 * DAY,))


def test_extension_moves_the_end() -> None:
    state = status_after(paid(0), fact("extended", 5, ends_at=T0 + 37 * DAY))
    assert (state.status, state.ends_at) == ("active", T0 + 37 * DAY)


@pytest.mark.parametrize(
    ("vendor", "ours"),
    [("trialing", "active"), ("active", "active"), ("past_due", "grace"), ("unpaid", "grace"), ("canceled", "expired"),
     ("paused", "expired"), ("incomplete_expired", "expired")],
)  # fmt: skip
def test_stripe_words_become_ours(vendor: str, ours: str) -> None:
    assert status_after(snapshot(0, vendor)).status == ours


def test_stripe_trial_is_trial_until_paid() -> None:
    trial = snapshot(0, "trialing", trial_started_at=T0, trial_ends_at=T0 + 7 * DAY)
    assert status_after(trial).status == "trial"
    assert not status_after(trial).is_paying
    bill = fact("paid", 7, paid_since=T0 + 7 * DAY)
    assert status_after(trial, bill).is_paying


def test_cancelled_stripe_life_churns_once() -> None:
    bill = fact("paid", 0, paid_since=T0)
    gone = [snapshot(day, "canceled", ended_at=T0 + 9 * DAY) for day in (9, 10)]
    assert status_after(bill, *gone).churned_at == (T0 + 9 * DAY,)


def test_snapshot_without_state_is_refused() -> None:
    with pytest.raises(ValueError, match="holds no state"):
        fold([fact("snapshot", 0)])


@pytest.mark.parametrize(
    ("store", "commission", "takehome", "tax", "share"),
    [("APP_STORE", "0.15", None, None, "0.15"), ("APP_STORE", None, "0.7", "0.1", "0.2"), ("PLAY_STORE", None, None, None, "0.30"),
     ("STRIPE", None, None, None, "0"), ("APP_STORE", None, "1", "0.2", "0")],
)  # fmt: skip
def test_store_share_as_reported_or_standard(
    store: str, commission: str | None, takehome: str | None, tax: str | None, share: str
) -> None:
    given = [None if text is None else Decimal(text) for text in (commission, takehome, tax)]
    assert store_commission_share(store, *given) == Decimal(share)


@pytest.mark.parametrize(("currency", "amount"), [("usd", "19.99"), ("JPY", "1999"), ("kwd", "1.999")])
def test_minor_units_follow_currency(currency: str, amount: str) -> None:
    assert major_units(1999, currency) == Decimal(amount)


def test_conversion_is_exact_half_even() -> None:
    assert converted_micro_usd(1999, "eur", Decimal("1.0862")) == 21_713_138
    assert converted_micro_usd(1, "jpy", Decimal("0.0000005")) == 0
    assert converted_micro_usd(3, "jpy", Decimal("0.0000005")) == 2
    assert share_micro_usd(5, Decimal("0.5")) == 2


@pytest.mark.parametrize(
    ("reason", "after_trial", "first"),
    [("subscription_create", None, True), ("subscription_cycle", None, False), ("subscription_cycle", timedelta(hours=1), True),
     ("subscription_cycle", 30 * DAY, False), ("subscription_update", timedelta(0), False), (None, timedelta(0), False)],
)  # fmt: skip
def test_first_invoice_makes_customer(reason: str | None, after_trial: timedelta | None, first: bool) -> None:
    ends: datetime | None = None if after_trial is None else T0
    assert is_first_invoice(reason, T0 + (after_trial or timedelta(0)), ends) is first


def test_refund_finds_its_payment() -> None:
    known = [Candidate("a", ("in_1",), 4900, T0), Candidate("b", ("in_2",), 4900, T0 + 30 * DAY), Candidate("c", (), 900, T0)]
    assert refunded_payment(["in_2"], 4900, T0, known) == "b"
    assert refunded_payment(["ch_9"], 4900, T0 + timedelta(minutes=1), known) == "a"
    assert refunded_payment(["ch_9"], 4900, T0 + 10 * DAY, known) is None
    assert refunded_payment(["ch_9"], 100, T0, known) is None
    assert refunded_payment(["ch_9"], None, None, known) is None


def test_product_is_named_or_not_guessed() -> None:
    app, portal = BUSINESS.products
    assert product_of(BUSINESS, "revenuecat", ["app_monthly"]) == app
    assert product_of(BUSINESS, "revenuecat", ["else"]) is None
    assert product_of(BUSINESS, "stripe", ["price_1"]) == portal
    assert (money_source(None), money_source(portal)) == ("revenuecat", "stripe")
    assert (product_name(app, []), product_name(None, ["x"]), product_name(None, [])) == ("app", "x", None)


def test_address_is_hashed_others_stay() -> None:
    assert person_id("visitor_1") == "visitor_1"
    assert person_id(" Ann@x.example") == person_id("ann@x.example")
    assert "@" not in person_id("ann@x.example")
