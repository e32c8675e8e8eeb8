"""What each RevenueCat event means for a subscription and for the money."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from revenue_machine.domains.revenue.models import Fact, FactKind, Move, Payment, PaymentKind, Reading
from revenue_machine.domains.revenue.rules import person_id, share_micro_usd, store_commission_share
from revenue_machine.integrations.revenuecat.wire import Webhook, WebhookEvent, at_ms
from revenue_machine.kit.ids import make_id

PROVIDER = "revenuecat"
_KINDS: Mapping[str, FactKind] = {
    "INITIAL_PURCHASE": "paid", "RENEWAL": "paid", "EXPIRATION": "ended", "BILLING_ISSUE": "grace", "UNCANCELLATION": "renewal_on",
    "SUBSCRIPTION_PAUSED": "renewal_off", "SUBSCRIPTION_EXTENDED": "extended",
    "REFUND_REVERSED": "refund_reversed",
}  # fmt: skip
_SALES = frozenset({"INITIAL_PURCHASE", "RENEWAL", "NON_RENEWING_PURCHASE"})


def read_revenuecat(payload: Mapping[str, Any]) -> Reading:
    """The meaning of one webhook body; an empty reading for kinds that change nothing here.

    Raises: ValueError when the body is not what RevenueCat documents.
    """
    event = Webhook.model_validate(payload).event
    if event.type == "TRANSFER":
        return Reading("revenuecat", moves=_moves(event))
    kind = _kind(event)
    facts = () if kind is None else (_fact(event, kind),)
    payments = tuple(one for one in (_sale(event), _refund(event)) if one is not None)
    return Reading("revenuecat", _subscription_key(event) if facts else None, facts, payments)


def _kind(event: WebhookEvent) -> FactKind | None:
    if event.type == "CANCELLATION":
        return {"CUSTOMER_SUPPORT": "refunded", "BILLING_ERROR": "grace"}.get(event.cancel_reason or "", "renewal_off")  # type: ignore[return-value]
    kind = _KINDS.get(event.type)
    if kind == "paid" and not _is_paid_period(event):
        return "trial_started"
    return kind


def _is_paid_period(event: WebhookEvent) -> bool:
    """A period somebody pays for here: no trial, no gift, not shared by the family."""
    return event.period_type in ("NORMAL", "INTRO", "PREPAID", None) and not event.is_family_share


def _subscription_key(event: WebhookEvent) -> str:
    """One subscription per original transaction; without one, per person and product."""
    return event.original_transaction_id or event.transaction_id or f"{event.app_user_id}/{event.product_id}"


def _fact(event: WebhookEvent, kind: FactKind) -> Fact:
    grace = event.grace_period_expiration_at_ms if kind == "grace" else None
    price = event.price_micro_usd
    return Fact(
        key=event.id, kind=kind, occurred_at=event.occurred_at, is_production=not event.is_sandbox, user_id=_user(event),
        customer_hash=_customer(event), store_ids=(event.product_id,) if event.product_id else (),
        ends_at=_at(grace or event.expiration_at_ms), paid_since=_purchased_at(event) if _is_paid_period(event) else None,
        price_micro_usd=price if event.type in _SALES and price is not None and price > 0 else None,
    )  # fmt: skip


def _sale(event: WebhookEvent) -> Payment | None:
    """The money of a purchase or renewal; none for trials. An unknown price is kept, to be asked about."""
    if event.type not in _SALES or not _is_paid_period(event) or event.price_micro_usd == 0:
        return None
    is_first = event.type != "RENEWAL" or bool(event.is_trial_conversion)
    return _payment(event, _transaction(event), "purchase" if is_first else "renewal", event.price_micro_usd)


def _refund(event: WebhookEvent) -> Payment | None:
    if event.type == "REFUND_REVERSED":
        # Where no price comes with it a person has to look.
        back = abs(event.price_micro_usd) if event.price_micro_usd else None
        return replace(_payment(event, f"{_transaction(event)}/refund_reversed", "refund", back), detail="reversed")
    if not event.is_refund or event.price_micro_usd == 0:
        return None
    amount = None if event.price_micro_usd is None else -abs(event.price_micro_usd)
    return _payment(event, f"{_transaction(event)}/refund", "refund", amount)


def _payment(event: WebhookEvent, key: str, kind: PaymentKind, amount_micro_usd: int | None) -> Payment:
    """Money with the store's commission and tax taken off; for refunds both come back."""
    commission, tax = Decimal(0), event.tax_percentage or Decimal(0)
    commission = store_commission_share(event.store, event.commission_percentage, event.takehome_percentage, tax)
    known = amount_micro_usd or 0
    original = event.price_in_purchased_currency
    return Payment(
        key=key, kind=kind, occurred_at=event.occurred_at if kind == "refund" else _purchased_at(event),
        is_production=not event.is_sandbox, amount_micro_usd=amount_micro_usd, currency=event.currency or "USD",
        original_amount=None if original is None else format(original.normalize(), "f"),
        commission_micro_usd=-share_micro_usd(known, commission), tax_micro_usd=-share_micro_usd(known, tax), user_id=_user(event),
        customer_hash=_customer(event), store_ids=(event.product_id,) if event.product_id else (), links=(_transaction(event),),
    )  # fmt: skip


def _transaction(event: WebhookEvent) -> str:
    return event.transaction_id or event.id


def _purchased_at(event: WebhookEvent) -> datetime:
    """When it was bought; stores renew up to a day ahead, but money is never booked before it was heard of."""
    bought = _at(event.purchased_at_ms)
    return event.occurred_at if bought is None else min(bought, event.occurred_at)


def _moves(event: WebhookEvent) -> tuple[Move, ...]:
    if not event.transferred_to:
        return ()
    to = person_id(event.transferred_to[0])
    return tuple(Move(event.id, event.occurred_at, person_id(one), to) for one in event.transferred_from)


def _user(event: WebhookEvent) -> str | None:
    return None if event.app_user_id is None else person_id(event.app_user_id)


def _customer(event: WebhookEvent) -> str | None:
    name = event.original_app_user_id or event.app_user_id
    return None if name is None else make_id("cus", PROVIDER, name)


def _at(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else at_ms(milliseconds)
