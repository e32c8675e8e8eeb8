"""Stripe's objects as sent, in the shapes of 2023 and of 2026 (period dates and invoice parents moved in 2025)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar

from pydantic import Field

from revenue_machine.kit.service import Wire

Item = TypeVar("Item", bound="Listed")
# Seconds; 9999-12-31 is the last instant a datetime can hold.
Seconds = Annotated[int, Field(ge=0, le=253_402_300_799)]
# Minor units of a currency; Stripe's own ceiling has 12 digits.
Minor = Annotated[int, Field(ge=-(10**15), le=10**15)]
# A reference is an id, or the whole object where the asker expanded it.
Reference = str | dict[str, Any] | None
MICRO_USD_PER_CENT = 10_000


def reference_id(reference: Reference) -> str | None:
    """The id behind a reference, expanded or not."""
    if isinstance(reference, dict):
        found = reference.get("id")
        return found if isinstance(found, str) else None
    return reference


def micro_usd(amount: int | None, currency: str | None) -> int | None:
    """Minor units of USD as micro-dollars; None for another currency, which needs a dated rate."""
    return amount * MICRO_USD_PER_CENT if amount is not None and currency == "usd" else None


class Listed(Wire):
    """Anything with an id that Stripe pages through."""

    id: str = Field(min_length=1, max_length=255)


class Page(Wire, Generic[Item]):
    """One page of a list; the next one starts after its last id."""

    data: list[Item]
    has_more: bool = False


class Recurring(Wire):
    """How often a price is charged."""

    interval: str
    interval_count: int = Field(1, ge=1, le=1000)


class Price(Listed):
    """What a product costs; `unit_amount` in minor units, None for tiers."""

    currency: str
    unit_amount: Minor | None = None
    product: Reference = None
    recurring: Recurring | None = None


class SubscriptionItem(Listed):
    """One price inside a subscription; carries the period dates since 2025."""

    price: Price
    quantity: int | None = Field(None, ge=0, le=10**6)
    current_period_start: Seconds | None = None
    current_period_end: Seconds | None = None


class SubscriptionItems(Wire):
    """The items of a subscription."""

    data: list[SubscriptionItem] = Field(default_factory=list)


class Subscription(Listed):
    """One subscription; `status` is the vendor's word (trialing, active, past_due, canceled …)."""

    customer: Reference
    status: str
    currency: str | None = None
    created: Seconds
    livemode: bool
    items: SubscriptionItems
    start_date: Seconds | None = None
    trial_start: Seconds | None = None
    trial_end: Seconds | None = None
    cancel_at_period_end: bool = False
    canceled_at: Seconds | None = None
    ended_at: Seconds | None = None
    metadata: dict[str, str] | None = None
    current_period_start: Seconds | None = None
    current_period_end: Seconds | None = None

    @property
    def customer_id(self) -> str | None:
        return reference_id(self.customer)

    @property
    def period_end(self) -> int | None:
        """Seconds since the epoch: from the items since 2025, from the subscription before."""
        ends = [item.current_period_end for item in self.items.data if item.current_period_end is not None]
        return max(ends) if ends else self.current_period_end

    @property
    def period_start(self) -> int | None:
        starts = [item.current_period_start for item in self.items.data if item.current_period_start is not None]
        return min(starts) if starts else self.current_period_start

    @property
    def monthly_micro_usd(self) -> int | None:
        """What it brings in a month, rounded down; None when an item is not in USD or has no plain price."""
        parts = [_monthly_micro_usd(item) for item in self.items.data]
        return None if None in parts else sum(part for part in parts if part is not None)


_PER_YEAR = {"day": 365, "week": 52, "month": 12, "year": 1}


def _monthly_micro_usd(item: SubscriptionItem) -> int | None:
    price, recurring = item.price, item.price.recurring
    amount = micro_usd(price.unit_amount, price.currency)
    if amount is None or recurring is None or recurring.interval not in _PER_YEAR:
        return None
    quantity = 1 if item.quantity is None else item.quantity
    return amount * quantity * _PER_YEAR[recurring.interval] // (12 * recurring.interval_count)


class Charge(Listed):
    """Money taken; `amount_refunded` is cumulative."""

    amount: Minor
    amount_refunded: Minor = 0
    currency: str
    created: Seconds
    livemode: bool = False
    customer: Reference = None
    paid: bool = False
    refunded: bool = False
    disputed: bool = False
    status: str | None = None
    description: str | None = None
    failure_code: str | None = None
    invoice: Reference = None
    payment_intent: Reference = None
    balance_transaction: Reference = None
    metadata: dict[str, str] | None = None

    @property
    def customer_id(self) -> str | None:
        return reference_id(self.customer)

    @property
    def gross_micro_usd(self) -> int | None:
        return micro_usd(self.amount, self.currency)

    @property
    def refunded_micro_usd(self) -> int | None:
        return micro_usd(self.amount_refunded, self.currency)


class Refund(Listed):
    """Money given back; `amount` in minor units."""

    amount: Minor
    currency: str
    created: Seconds
    charge: Reference = None
    payment_intent: Reference = None
    status: str | None = None
    reason: str | None = None


class Dispute(Listed):
    """A charge its payer's bank asks back; `amount` in minor units, `status` the vendor's word (needs_response, won, lost …)."""

    amount: Minor
    currency: str
    created: Seconds
    charge: Reference = None
    payment_intent: Reference = None
    status: str | None = None
    reason: str | None = None


class SubscriptionDetails(Wire):
    """What an invoice says of its subscription since 2025."""

    subscription: Reference = None
    metadata: dict[str, str] | None = None


class InvoiceParent(Wire):
    """What gave rise to an invoice, since 2025."""

    type: str | None = None
    subscription_details: SubscriptionDetails | None = None


class Invoice(Listed):
    """A bill; `billing_reason` tells the first one (subscription_create) from renewals (subscription_cycle)."""

    customer: Reference = None
    customer_email: str | None = None
    currency: str
    created: Seconds
    livemode: bool = False
    status: str | None = None
    billing_reason: str | None = None
    amount_due: Minor = 0
    amount_paid: Minor = 0
    subtotal: Minor = 0
    total: Minor = 0
    period_start: Seconds | None = None
    period_end: Seconds | None = None
    subscription: Reference = None
    parent: InvoiceParent | None = None
    metadata: dict[str, str] | None = None

    @property
    def subscription_id(self) -> str | None:
        """From `parent` since 2025, from the invoice before; None for a one-off bill."""
        details = self.parent.subscription_details if self.parent is not None else None
        return reference_id(details.subscription) if details is not None else reference_id(self.subscription)

    @property
    def paid_micro_usd(self) -> int | None:
        return micro_usd(self.amount_paid, self.currency)


class CheckoutCustomer(Wire):
    """Who paid on a checkout page."""

    email: str | None = None
    name: str | None = None


class CheckoutSession(Listed):
    """A visit to a checkout page; `status` complete means bought."""

    created: Seconds
    livemode: bool
    mode: str
    status: str | None = None
    payment_status: str | None = None
    amount_total: Minor | None = None
    currency: str | None = None
    customer: Reference = None
    customer_details: CheckoutCustomer | None = None
    client_reference_id: str | None = None
    payment_intent: Reference = None
    payment_link: Reference = None
    subscription: Reference = None
    metadata: dict[str, str] | None = None


class Customer(Listed):
    """A payer; `deleted` ones keep only their id."""

    email: str | None = None
    name: str | None = None
    created: Seconds | None = None
    deleted: bool = False
    metadata: dict[str, str] | None = None


class BalanceAmount(Wire):
    """Minor units of one currency."""

    amount: Minor
    currency: str


class Balance(Wire):
    """Money at Stripe by currency, in minor units."""

    available: list[BalanceAmount]
    pending: list[BalanceAmount]
    livemode: bool


class BalanceTransaction(Listed):
    """One movement of the balance with what Stripe kept; `fee` and `net` in minor units."""

    amount: Minor
    fee: Minor
    net: Minor
    currency: str
    created: Seconds
    type: str
    source: Reference = None

    @property
    def fee_micro_usd(self) -> int | None:
        return micro_usd(self.fee, self.currency)


class Coupon(Listed):
    """A discount by percent or amount."""

    name: str | None = None
    percent_off: float | None = None
    amount_off: Minor | None = None
    currency: str | None = None
    duration: str
    duration_in_months: int | None = None
    valid: bool = True


class PromotionCode(Listed):
    """What people type to get a coupon."""

    code: str
    active: bool
    times_redeemed: int = 0
    metadata: dict[str, str] | None = None


class PaymentLink(Listed):
    """A page that sells a price."""

    url: str
    active: bool
    metadata: dict[str, str] | None = None


class EventData(Wire):
    """The thing after the change, and what was different before."""

    object: dict[str, Any]
    previous_attributes: dict[str, Any] | None = None


class Event(Listed):
    """An event as listed and as sent to webhooks; `data.object` is the thing after the change."""

    type: str = Field(min_length=1, max_length=255)
    created: Seconds
    livemode: bool
    api_version: str | None = None
    data: EventData

    @property
    def occurred_at(self) -> datetime:
        return datetime.fromtimestamp(self.created, UTC)

    @property
    def subject(self) -> str | None:
        """The id of the changed object."""
        found = self.data.object.get("id")
        return found if isinstance(found, str) else None
