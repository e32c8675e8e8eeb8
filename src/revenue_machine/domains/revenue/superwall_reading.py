"""What each Superwall event means for a subscription and for the money."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from revenue_machine.domains.revenue.models import Fact, FactKind, Payment, PaymentKind, Reading
from revenue_machine.domains.revenue.rules import person_id, share_micro_usd, store_commission_share
from revenue_machine.integrations.superwall.wire import Event, Webhook, at_ms
from revenue_machine.kit.ids import make_id

PROVIDER = "superwall"
# What Superwall calls somebody the app has not named yet.
ALIAS = "$SuperwallAlias:"
_NAMED, _ALIAS = 1, 0
_KINDS: Mapping[str, FactKind] = {
    "initial_purchase": "paid", "renewal": "paid", "expiration": "ended", "billing_issue": "grace", "uncancellation": "renewal_on",
    "subscription_paused": "renewal_off",
}  # fmt: skip
_SALES = frozenset({"initial_purchase", "renewal", "non_renewing_purchase"})


def read_superwall(payload: Mapping[str, Any]) -> Reading:
    """The meaning of one webhook body; an empty reading for kinds that change nothing here.

    Raises: ValueError when the body is not what Superwall documents.
    """
    envelope = Webhook.model_validate(payload)
    event = envelope.data
    kind = _kind(event)
    facts = () if kind is None else (_fact(event, kind),)
    payments = tuple(one for one in (_sale(event), _refund(event)) if one is not None)
    return Reading("superwall", _subscription_key(event) if facts else None, facts, payments)


def _is_refund(event: Event) -> bool:
    """A refund is whatever carries a negative price, by whatever name it comes."""
    return (event.price_micro_usd or 0) < 0


def _kind(event: Event) -> FactKind | None:
    if event.name == "non_renewing_purchase":
        return None
    if _is_refund(event):
        return "refunded"
    if event.name == "cancellation":
        return {"CUSTOMER_SUPPORT": "refunded", "BILLING_ERROR": "grace"}.get(event.cancel_reason or "", "renewal_off")  # type: ignore[return-value]
    kind = _KINDS.get(event.name)
    return "trial_started" if kind == "paid" and not _is_paid_period(event) else kind


def _is_paid_period(event: Event) -> bool:
    """A period somebody pays for here: no trial, and not shared by the family (the organizer's own has a price)."""
    return not event.is_trial and not (event.is_family_share and not event.price_micro_usd)


def _subscription_key(event: Event) -> str:
    return event.original_transaction_id or event.transaction_id or event.id


def _fact(event: Event, kind: FactKind) -> Fact:
    price = event.price_micro_usd
    return Fact(
        key=event.id, kind=kind, occurred_at=event.occurred_at, is_production=not event.is_sandbox, user_id=_user(event),
        user_rank=_ALIAS if (event.original_app_user_id or "").startswith(ALIAS) else _NAMED,
        store_ids=(event.product_id,) if event.product_id else (), ends_at=_at(event.expiration_at),
        paid_since=_bought_at(event) if _is_paid_period(event) else None,
        price_micro_usd=price if event.name in _SALES and price is not None and price > 0 else None,
    )  # fmt: skip


def _sale(event: Event) -> Payment | None:
    """The money of a purchase or renewal; none for trials. An unknown price is kept, to be asked about."""
    if event.name not in _SALES or _is_refund(event) or not _is_paid_period(event) or event.price_micro_usd == 0:
        return None
    is_first = event.name != "renewal" or bool(event.is_trial_conversion) or event.period_type == "TRIAL"
    return _payment(event, _transaction(event), "purchase" if is_first else "renewal")


def _refund(event: Event) -> Payment | None:
    return _payment(event, f"{_transaction(event)}/refund", "refund") if _is_refund(event) else None


def _payment(event: Event, key: str, kind: PaymentKind) -> Payment:
    """Money with the store's commission and tax taken off; for refunds both come back."""
    amount, tax = event.price_micro_usd, event.tax_percentage or Decimal(0)
    commission = store_commission_share(event.store, event.commission_percentage, event.takehome_percentage, tax)
    original = event.price_in_purchased_currency
    return Payment(
        key=key, kind=kind, occurred_at=event.occurred_at if kind == "refund" else _bought_at(event),
        is_production=not event.is_sandbox, amount_micro_usd=amount, currency=event.currency_code or "USD",
        original_amount=None if original is None else format(original.normalize(), "f"),
        commission_micro_usd=-share_micro_usd(amount or 0, commission), tax_micro_usd=-share_micro_usd(amount or 0, tax),
        user_id=_user(event), customer_hash=make_id("cus", PROVIDER, _subscription_key(event)),
        store_ids=(event.product_id,) if event.product_id else (), links=(_transaction(event),),
    )  # fmt: skip


def _transaction(event: Event) -> str:
    return event.transaction_id or event.id


def _bought_at(event: Event) -> datetime:
    """When it was bought; stores renew ahead of time, but money is never booked before it was heard of."""
    bought = _at(event.purchased_at)
    return event.occurred_at if bought is None else min(bought, event.occurred_at)


def _user(event: Event) -> str | None:
    return None if event.original_app_user_id is None else person_id(event.original_app_user_id)


def _at(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else at_ms(milliseconds)
