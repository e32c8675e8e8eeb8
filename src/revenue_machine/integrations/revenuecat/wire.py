"""RevenueCat's payloads as sent: overview metrics, customers, subscriptions and webhook events."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Generic, TypeVar

from pydantic import AliasChoices, Field

from revenue_machine.kit.money import micro
from revenue_machine.kit.service import Wire

Item = TypeVar("Item")
# 9999-12-31, the last instant a datetime can hold.
Milliseconds = Annotated[int, Field(ge=0, le=253_402_300_799_999)]
# Far above any price a store accepts; keeps hostile exponents out of exact arithmetic.
Price = Annotated[Decimal, Field(ge=-(10**9), le=10**9)]
Share = Annotated[Decimal, Field(ge=0, le=1)]


def at_ms(milliseconds: int) -> datetime:
    """Milliseconds since the epoch as aware UTC."""
    return datetime.fromtimestamp(milliseconds // 1000, UTC).replace(microsecond=milliseconds % 1000 * 1000)


class Page(Wire, Generic[Item]):
    """One page of any list; `next_page` is a path with query, or absent at the end."""

    items: list[Item]
    next_page: str | None = None


class OverviewMetric(Wire):
    """One number of the overview; `period` is P0D (now) or P28D (last 28 days)."""

    id: str
    value: Decimal
    unit: str
    period: str
    last_updated_at: Milliseconds | None = None


class OverviewMetrics(Wire):
    """All numbers of the overview."""

    metrics: list[OverviewMetric]


class Overview(Wire):
    """The overview by name; None where RevenueCat did not send that metric (never read as zero)."""

    active_subscriptions: int | None = None
    active_trials: int | None = None
    mrr_micro_usd: int | None = None
    revenue_28d_micro_usd: int | None = None
    new_customers_28d: int | None = None
    active_users_28d: int | None = None


class MonetaryAmount(Wire):
    """Dollars of one subscription or purchase over its life; proceeds are after commission and tax."""

    currency: str
    gross: Price
    commission: Price = Decimal(0)
    tax: Price = Decimal(0)
    proceeds: Price


class CustomerAttribute(Wire):
    """One attribute of a customer, `$email` for example."""

    name: str
    value: str | None = None
    updated_at: Milliseconds | None = None


class Customer(Wire):
    """A person as RevenueCat knows them; `attributes` only where asked for."""

    id: str
    project_id: str
    first_seen_at: Milliseconds
    last_seen_at: Milliseconds | None = None
    last_seen_country: str | None = None
    attributes: Page[CustomerAttribute] | None = None


class Subscription(Wire):
    """One subscription; `status` and `auto_renewal_status` are the vendor's words."""

    id: str
    customer_id: str
    original_customer_id: str
    product_id: str | None = None
    starts_at: Milliseconds
    current_period_starts_at: Milliseconds
    current_period_ends_at: Milliseconds | None = None
    ends_at: Milliseconds | None = None
    gives_access: bool
    auto_renewal_status: str
    status: str
    total_revenue_in_usd: MonetaryAmount
    environment: str
    store: str
    store_subscription_identifier: str
    country: str | None = None


class SubscriptionTransaction(Wire):
    """One charge of a subscription as the store numbers it."""

    id: str
    purchased_at: Milliseconds
    expiration_date: Milliseconds | None = None
    effective_expiration_date: Milliseconds | None = None
    product_store_identifier: str | None = None


class Purchase(Wire):
    """A one-off purchase; `status` is owned or refunded."""

    id: str
    customer_id: str
    product_id: str
    purchased_at: Milliseconds
    revenue_in_usd: MonetaryAmount
    quantity: int = 1
    status: str
    environment: str
    store: str
    store_purchase_identifier: str


class AttributeValue(Wire):
    """An attribute inside a webhook."""

    value: str | None = None
    updated_at_ms: Milliseconds | None = None


class Experiment(Wire):
    """An enrolment; the vendor's sample and its field table spell the time differently."""

    experiment_id: str | None = None
    experiment_variant: str | None = None
    enrolled_at_ms: Milliseconds | None = Field(None, validation_alias=AliasChoices("enrolled_at_ms", "experiment_enrolled_at_ms"))


class EventEnvelope(Wire):
    """What every event has, whatever its type; the rest may be anything until somebody reads it."""

    id: str = Field(min_length=1, max_length=255)
    type: str = Field(min_length=1, max_length=255)
    event_timestamp_ms: Milliseconds
    environment: Any = Field(None, validation_alias=AliasChoices("environment", "purchase_environment"))
    original_transaction_id: Any = None
    app_user_id: Any = None
    transferred_to: Any = None

    @property
    def occurred_at(self) -> datetime:
        return at_ms(self.event_timestamp_ms)

    @property
    def is_sandbox(self) -> bool:
        return bool(self.environment == "SANDBOX")

    @property
    def subject(self) -> str | None:
        """What this event is about: the subscription, else the person."""
        people = self.transferred_to if isinstance(self.transferred_to, list) else []
        named = (self.original_transaction_id, self.app_user_id, *people[:1])
        return next((name[:255] for name in named if isinstance(name, str) and name), None)


class Envelope(Wire):
    """The body of any webhook, as far as the inbox must know it."""

    event: EventEnvelope


class WebhookEvent(Wire):
    """One event of a webhook. Unknown types and fields may appear at any time.

    `price` is dollars of the whole transaction, 0 for trials, negative for refunds, None when unknown;
    `tax_percentage` and `commission_percentage` are shares of it, 0..1. TRANSFER has no `app_user_id`.
    """

    id: str = Field(min_length=1, max_length=255)
    type: str = Field(min_length=1, max_length=255)
    event_timestamp_ms: Milliseconds
    app_id: str | None = None
    app_user_id: str | None = None
    original_app_user_id: str | None = None
    aliases: list[str] = Field(default_factory=list)
    product_id: str | None = None
    new_product_id: str | None = None
    entitlement_ids: list[str] | None = None
    presented_offering_id: str | None = None
    period_type: str | None = None
    purchased_at_ms: Milliseconds | None = None
    expiration_at_ms: Milliseconds | None = None
    grace_period_expiration_at_ms: Milliseconds | None = None
    auto_resume_at_ms: Milliseconds | None = None
    environment: str | None = Field(None, validation_alias=AliasChoices("environment", "purchase_environment"))
    store: str | None = None
    is_trial_conversion: bool | None = None
    is_family_share: bool | None = None
    cancel_reason: str | None = None
    expiration_reason: str | None = None
    price: Price | None = None
    currency: str | None = None
    price_in_purchased_currency: Price | None = None
    tax_percentage: Share | None = None
    commission_percentage: Share | None = None
    takehome_percentage: Share | None = None
    transaction_id: str | None = None
    original_transaction_id: str | None = None
    renewal_number: int | None = None
    country_code: str | None = None
    offer_code: str | None = None
    transferred_from: list[str] = Field(default_factory=list)
    transferred_to: list[str] = Field(default_factory=list)
    subscriber_attributes: dict[str, AttributeValue] = Field(default_factory=dict)
    experiments: list[Experiment] = Field(default_factory=list)

    @property
    def occurred_at(self) -> datetime:
        return at_ms(self.event_timestamp_ms)

    @property
    def is_sandbox(self) -> bool:
        return self.environment == "SANDBOX"

    @property
    def is_trial_start(self) -> bool:
        return self.type == "INITIAL_PURCHASE" and self.period_type == "TRIAL"

    @property
    def is_refund(self) -> bool:
        """A refund arrives as CANCELLATION; auto-renew may still be on."""
        return self.type == "CANCELLATION" and self.cancel_reason == "CUSTOMER_SUPPORT"

    @property
    def price_micro_usd(self) -> int | None:
        """Gross of the transaction in micro-dollars, negative for refunds."""
        return None if self.price is None else micro(self.price)

    def attribute(self, name: str) -> str | None:
        """A subscriber attribute, `$email` for example."""
        held = self.subscriber_attributes.get(name)
        return None if held is None else held.value


class Webhook(Wire):
    """The whole body of a webhook."""

    event: WebhookEvent
    api_version: str | None = None
