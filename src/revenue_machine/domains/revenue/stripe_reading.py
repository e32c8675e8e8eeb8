"""What each Stripe event means for a subscription and for the money, in the shapes of 2023 and of 2026."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from revenue_machine.domains.revenue.models import Fact, Payment, Reading, SnapshotState
from revenue_machine.domains.revenue.rules import person_id
from revenue_machine.integrations.stripe.wire import (
    Charge,
    CheckoutSession,
    Dispute,
    Event,
    Invoice,
    Refund,
    Subscription,
    micro_usd,
    reference_id,
)
from revenue_machine.kit.ids import make_id

PROVIDER = "stripe"
EVENT_TYPES = (
    "customer.subscription.created", "customer.subscription.updated", "customer.subscription.deleted",
    "customer.subscription.paused", "customer.subscription.resumed",
    "invoice.paid", "charge.refunded", "checkout.session.completed",
    "charge.dispute.funds_withdrawn", "charge.dispute.funds_reinstated", "refund.failed",
)  # fmt: skip
# How sure each place is of the person's name.
_IN_METADATA, _AT_CHECKOUT, _BY_CUSTOMER = 2, 1, 0
_NAMES = ("distinct_id", "user_id", "app_user_id", "client_reference_id")


def read_stripe(payload: Mapping[str, Any]) -> Reading:
    """The meaning of one event body; an empty reading for kinds that change nothing here.

    Raises: ValueError when the body is not what Stripe documents.
    """
    return read_event(Event.model_validate(payload))


def read_event(event: Event) -> Reading:
    """The same for an event from Stripe's list."""
    if event.type.startswith("customer.subscription."):
        return _subscription(event)
    reader = _READERS.get(event.type)
    return Reading("stripe") if reader is None else reader(event)


def read_subscription(held: Subscription, key: str, at: datetime) -> Reading:
    """A subscription as looked up at a time, as if Stripe had told of it."""
    if held.status == "incomplete":
        return Reading("stripe")
    return Reading("stripe", held.id, (_snapshot(held, key, at, held.livemode),))


def _subscription(event: Event) -> Reading:
    held = Subscription.model_validate(event.data.object)
    return read_subscription(held, event.id, event.occurred_at)


def _snapshot(held: Subscription, key: str, at: datetime, is_live: bool) -> Fact:  # noqa: FBT001 - a field by place
    user, rank = _person(held.metadata, None, held.customer_id)
    price = held.items.data[0].price if held.items.data else None
    amount = micro_usd(price.unit_amount, price.currency) if price is not None else None
    quantity = 1 if price is None or held.items.data[0].quantity is None else held.items.data[0].quantity
    state = SnapshotState(
        status=held.status, is_renewing=not held.cancel_at_period_end and held.status not in ("canceled", "paused"),
        started_at=_instant(held.start_date or held.created), trial_started_at=_maybe(held.trial_start),
        trial_ends_at=_maybe(held.trial_end), ended_at=_maybe(held.ended_at),
    )  # fmt: skip
    return Fact(
        key=key, kind="snapshot", occurred_at=at, is_production=is_live, user_id=user, user_rank=rank,
        customer_hash=_customer(held.customer_id), store_ids=_store_ids(held), ends_at=_maybe(held.period_end),
        price_micro_usd=None if amount is None else amount * (quantity or 0), state=state,
    )  # fmt: skip


def _store_ids(held: Subscription) -> tuple[str, ...]:
    """Every name under which the owner may have listed what is sold."""
    said = [(held.metadata or {}).get(name) for name in ("product", "offer", "store_product_id")]
    items = [name for item in held.items.data for name in (item.price.id, reference_id(item.price.product))]
    return tuple(name for name in (*said, *items) if name)


def _invoice(event: Event) -> Reading:
    bill = Invoice.model_validate(event.data.object)
    paid_at = _instant(bill.created)
    metadata = _invoice_metadata(bill, event.data.object)
    user, rank = _person(metadata, None, reference_id(bill.customer))
    if bill.amount_paid <= 0:
        return Reading("stripe")
    payment = Payment(
        key=bill.id, kind="invoice", occurred_at=paid_at, is_production=event.livemode,
        amount_micro_usd=bill.paid_micro_usd, currency=bill.currency.upper(), minor=bill.amount_paid, user_id=user,
        customer_hash=_customer(reference_id(bill.customer)), store_ids=_line_ids(event.data.object, metadata),
        links=_invoice_links(bill, event.data.object), detail=bill.billing_reason,
    )  # fmt: skip
    if bill.subscription_id is None:
        return Reading("stripe", payments=(payment,))
    fact = Fact(
        key=event.id, kind="paid", occurred_at=event.occurred_at, is_production=event.livemode, user_id=user, user_rank=rank,
        customer_hash=payment.customer_hash, paid_since=paid_at,
    )  # fmt: skip
    return Reading("stripe", bill.subscription_id, (fact,), (payment,))


def _invoice_metadata(bill: Invoice, held: Mapping[str, Any]) -> dict[str, str]:
    """The subscription's metadata as copied to the bill: under `parent` since 2025, beside it before."""
    details = bill.parent.subscription_details if bill.parent is not None else None
    older = held.get("subscription_details")
    found = details.metadata if details is not None else older.get("metadata") if isinstance(older, Mapping) else None
    return {**(bill.metadata or {}), **(found or {})}


def _line_ids(held: Mapping[str, Any], metadata: Mapping[str, str]) -> tuple[str, ...]:
    """Price and product ids of the lines: `pricing.price_details` since 2025, `price` before."""
    found = [metadata.get(name) for name in ("product", "offer", "store_product_id")]
    for line in (held.get("lines") or {}).get("data") or []:
        details = (line.get("pricing") or {}).get("price_details") or {}
        price = line.get("price") or {}
        found += [reference_id(details.get("price")), reference_id(details.get("product"))]
        found += [price.get("id"), reference_id(price.get("product"))]
    return tuple(name for name in found if name)


def _invoice_links(bill: Invoice, held: Mapping[str, Any]) -> tuple[str, ...]:
    """Ids by which a charge finds its bill."""
    payments = [one.get("payment") or {} for one in (held.get("payments") or {}).get("data") or []]
    found = [bill.id, reference_id(held.get("charge")), reference_id(held.get("payment_intent"))]
    found += [reference_id(one.get(name)) for one in payments for name in ("payment_intent", "charge")]
    return tuple(name for name in found if name)


def _checkout(event: Event) -> Reading:
    session = CheckoutSession.model_validate(event.data.object)
    customer = reference_id(session.customer)
    user, rank = _person(session.metadata, session.client_reference_id, customer)
    subscription = reference_id(session.subscription)
    if subscription is not None:
        fact = Fact(
            key=event.id, kind="named", occurred_at=event.occurred_at, is_production=event.livemode, user_id=user, user_rank=rank,
            customer_hash=_customer(customer),
        )  # fmt: skip
        return Reading("stripe", subscription, (fact,))
    if session.mode != "payment" or session.payment_status != "paid" or not session.amount_total:
        return Reading("stripe")
    intent = reference_id(session.payment_intent)
    payment = Payment(
        key=intent or session.id, kind="purchase", occurred_at=_instant(session.created), is_production=event.livemode,
        amount_micro_usd=micro_usd(session.amount_total, session.currency), currency=(session.currency or "usd").upper(),
        minor=session.amount_total, user_id=user, customer_hash=_customer(customer),
        store_ids=_metadata_ids(session.metadata), links=tuple(name for name in (intent, session.id) if name),
    )  # fmt: skip
    return Reading("stripe", payments=(payment,))


def _refund(event: Event) -> Reading:
    """What this event gave back: the vendor's sum now less the sum before, so order and repetition do not matter."""
    charge = Charge.model_validate(event.data.object)
    given = charge.amount_refunded - _refunded_before(event, charge)
    if given <= 0:
        return Reading("stripe")
    user, _ = _person(charge.metadata, None, charge.customer_id)
    links = (charge.id, reference_id(charge.invoice), reference_id(charge.payment_intent))
    amount = micro_usd(given, charge.currency)
    payment = Payment(
        key=f"{charge.id}/{charge.amount_refunded}", kind="refund", occurred_at=event.occurred_at, is_production=event.livemode,
        amount_micro_usd=None if amount is None else -amount, currency=charge.currency.upper(), minor=-given, user_id=user,
        customer_hash=_customer(charge.customer_id), store_ids=_metadata_ids(charge.metadata),
        links=tuple(name for name in links if name), charge_minor=charge.amount, charged_at=_instant(charge.created),
        detail="full" if charge.amount_refunded >= charge.amount else "partial",
    )  # fmt: skip
    return Reading("stripe", payments=(payment,))


def _refunded_before(event: Event, charge: Charge) -> int:
    before = (event.data.previous_attributes or {}).get("amount_refunded")
    if isinstance(before, int):
        return before
    listed = ((event.data.object.get("refunds") or {}).get("data") or [{}])[0].get("amount")
    return charge.amount_refunded - listed if isinstance(listed, int) else 0


def _disputed(event: Event) -> Reading:
    """The bank took the money back, or gave it back after all; only these two events move money, whatever a dispute's state."""
    dispute = Dispute.model_validate(event.data.object)
    word, sign = ("withdrawn", -1) if event.type == "charge.dispute.funds_withdrawn" else ("reinstated", 1)
    return _returned(event, dispute, f"{dispute.id}/{word}", sign)


def _refund_failed(event: Event) -> Reading:
    """A refund that did not arrive: what was given back is ours again."""
    refund = Refund.model_validate(event.data.object)
    return _returned(event, refund, f"{refund.id}/failed", 1)


def _returned(event: Event, moved: Dispute | Refund, key: str, sign: int) -> Reading:
    amount = micro_usd(moved.amount, moved.currency)
    links = (reference_id(moved.charge), reference_id(moved.payment_intent))
    payment = Payment(
        key=key, kind="refund", occurred_at=event.occurred_at, is_production=event.livemode,
        amount_micro_usd=None if amount is None else sign * amount, currency=moved.currency.upper(), minor=sign * moved.amount,
        links=tuple(name for name in links if name), detail="dispute" if sign < 0 else "reversed",
    )  # fmt: skip
    return Reading("stripe", payments=(payment,))


_READERS: Mapping[str, Callable[[Event], Reading]] = {
    "invoice.paid": _invoice, "charge.refunded": _refund, "checkout.session.completed": _checkout,
    "charge.dispute.funds_withdrawn": _disputed, "charge.dispute.funds_reinstated": _disputed, "refund.failed": _refund_failed,
}  # fmt: skip


def _metadata_ids(metadata: Mapping[str, str] | None) -> tuple[str, ...]:
    return tuple(value for name in ("product", "offer", "store_product_id") if (value := (metadata or {}).get(name)))


def _person(metadata: Mapping[str, str] | None, reference: str | None, customer: str | None) -> tuple[str | None, int]:
    """Who it is, and how sure that is: our own id in the metadata, else at checkout, else Stripe's customer."""
    for name in _NAMES:
        if (metadata or {}).get(name):
            return person_id((metadata or {})[name]), _IN_METADATA
    if reference:
        return person_id(reference), _AT_CHECKOUT
    return customer, _BY_CUSTOMER


def _customer(customer_id: str | None) -> str | None:
    return None if customer_id is None else make_id("cus", PROVIDER, customer_id)


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _maybe(seconds: int | None) -> datetime | None:
    return None if seconds is None else _instant(seconds)
