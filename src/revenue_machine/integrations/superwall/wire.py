"""Superwall's webhooks as sent: one envelope, one flat event of a subscription or purchase."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AliasGenerator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from revenue_machine.kit.money import micro
from revenue_machine.kit.service import Wire

# 9999-12-31, the last instant a datetime can hold.
Milliseconds = Annotated[int, Field(ge=0, le=253_402_300_799_999)]
# Far above any price a store accepts; keeps hostile exponents out of exact arithmetic.
Price = Annotated[Decimal, Field(ge=-(10**9), le=10**9)]
Share = Annotated[Decimal, Field(ge=0, le=1)]


def at_ms(milliseconds: int) -> datetime:
    """Milliseconds since the epoch as aware UTC."""
    return datetime.fromtimestamp(milliseconds // 1000, UTC).replace(microsecond=milliseconds % 1000 * 1000)


class CamelWire(Wire):
    """Superwall writes `camelCase`."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", populate_by_name=True, alias_generator=AliasGenerator(validation_alias=to_camel)
    )


class Envelope(CamelWire):
    """What stands around every event; `timestamp` is when the webhook was made."""

    type: str = Field(min_length=1, max_length=255)
    timestamp: Milliseconds
    data: dict[str, Any]


class Event(CamelWire):
    """What happened. `price` is dollars, negative for refunds, 0 where no money moved; shares are 0..1.

    `original_transaction_id` is the subscription's id at its store, `transaction_id` the single charge's.
    """

    id: str
    name: str
    ts: Milliseconds
    environment: str | None = None
    store: str | None = None
    period_type: str | None = None
    cancel_reason: str | None = None
    expiration_reason: str | None = None
    price: Price | None = None
    proceeds: Price | None = None
    price_in_purchased_currency: Price | None = None
    currency_code: str | None = None
    exchange_rate: Price | None = None
    tax_percentage: Share | None = None
    commission_percentage: Share | None = None
    takehome_percentage: Share | None = None
    is_family_share: bool | None = None
    is_trial_conversion: bool | None = None
    purchased_at: Milliseconds | None = None
    expiration_at: Milliseconds | None = None
    product_id: str | None = None
    new_product_id: str | None = None
    transaction_id: str | None = None
    original_transaction_id: str | None = None
    original_app_user_id: str | None = None

    @property
    def occurred_at(self) -> datetime:
        return at_ms(self.ts)

    @property
    def is_sandbox(self) -> bool:
        return self.environment == "SANDBOX"

    @property
    def is_trial(self) -> bool:
        """Whether the period costs nothing yet; a renewal ends a trial, whatever period it names."""
        return self.period_type == "TRIAL" and self.name != "renewal"

    @property
    def price_micro_usd(self) -> int | None:
        """Gross of the transaction in micro-dollars, negative for refunds."""
        return None if self.price is None else micro(self.price)


class Webhook(CamelWire):
    """The whole body of a webhook."""

    type: str
    timestamp: Milliseconds
    data: Event
