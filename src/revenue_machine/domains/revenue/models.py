"""What the tills tell: facts of a subscription's life, payments, and the snapshots taken of the vendors."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from pydantic import Field

from revenue_machine.engine.topic import Args, Result

Provider = Literal["revenuecat", "stripe", "superwall"]
Slot = Literal["am", "pm"]
Status = Literal["trial", "active", "grace", "cancelled_at_period_end", "expired", "refunded"]
FactKind = Literal[
    "trial_started", "paid", "renewal_on", "renewal_off", "grace", "extended", "snapshot", "named", "refunded", "refund_reversed",
    "ended",
]  # fmt: skip
PaymentKind = Literal["purchase", "renewal", "invoice", "refund"]
SourceOutcome = Literal["ok", "stale", "missing", "skipped"]


@dataclass(frozen=True)
class Fact:
    """One thing a till said of one subscription; the subscription's state is the fold of all its facts.

    `key` is the vendor's event id, `user_rank` how sure the person's name is (higher wins), `paid_since` a time at
    which this fact proves a paid period began, `store_ids` every name the vendor has for what is sold.
    """

    key: str
    kind: FactKind
    occurred_at: datetime
    is_production: bool
    user_id: str | None = None
    user_rank: int = 0
    customer_hash: str | None = None
    store_ids: tuple[str, ...] = ()
    ends_at: datetime | None = None
    paid_since: datetime | None = None
    price_micro_usd: int | None = None
    state: SnapshotState | None = None


@dataclass(frozen=True)
class SnapshotState:
    """A vendor's own view of a subscription at one moment; `status` is the vendor's word."""

    status: str
    is_renewing: bool
    started_at: datetime
    trial_started_at: datetime | None = None
    trial_ends_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True)
class Payment:
    """Money that moved; `key` is the transaction's, invoice's or refund's own id, so it counts once.

    `amount_micro_usd` is gross, negative for refunds, None where the vendor gave no dollars (then `minor` and `currency`
    need a dated rate). `links` are vendor ids that join a refund to the payment it gives back; `detail` is the billing
    reason of an invoice, and whether a refund is full, partial, a dispute's, or one taken back (then its amount is positive).
    """

    key: str
    kind: PaymentKind
    occurred_at: datetime
    is_production: bool
    amount_micro_usd: int | None
    currency: str
    original_amount: str | None = None
    detail: str | None = None
    minor: int | None = None
    commission_micro_usd: int = 0
    tax_micro_usd: int = 0
    user_id: str | None = None
    customer_hash: str | None = None
    store_ids: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    charge_minor: int | None = None
    charged_at: datetime | None = None


@dataclass(frozen=True)
class Move:
    """Purchases pass from one person to another."""

    key: str
    occurred_at: datetime
    from_user_id: str
    to_user_id: str


@dataclass(frozen=True)
class Rate:
    """Dollars for one unit of a currency on a date, and who said so."""

    currency: str
    rate_date: date
    usd_per_unit: Decimal
    source: str


@dataclass(frozen=True)
class Reading:
    """What one event of a till means; nothing at all for events that change neither money nor state."""

    provider: Provider
    subscription_key: str | None = None
    facts: tuple[Fact, ...] = ()
    payments: tuple[Payment, ...] = ()
    moves: tuple[Move, ...] = ()


@dataclass(frozen=True)
class SubscriptionState:
    """Where a subscription stands after all its facts; `churned_at` are the ends of paid lives."""

    status: Status
    is_production: bool
    user_id: str | None
    user_since: datetime
    customer_hash: str | None
    store_ids: tuple[str, ...]
    price_micro_usd: int | None
    started_at: datetime
    trial_started_at: datetime | None
    trial_ends_at: datetime | None
    paid_at: datetime | None
    ends_at: datetime | None
    ended_at: datetime | None
    newest_event_at: datetime
    has_snapshot: bool
    churned_at: tuple[datetime, ...] = ()

    @property
    def is_paying(self) -> bool:
        """Paid, not ended, not refunded; trials never count."""
        return self.paid_at is not None and self.status in PAYING


PAYING: tuple[Status, ...] = ("active", "grace", "cancelled_at_period_end")


class SnapshotArgs(Args):
    """Which of the day's two snapshots; by local time when not said."""

    slot: Slot | None = None


class SourceReport(Result):
    """How one source fared; `reason` says why it was skipped, is stale or missing."""

    source: str
    outcome: SourceOutcome
    reason: str | None = None
    as_of: datetime | None = None


class SnapshotReport(Result):
    """What a snapshot brought in."""

    snapshot_date: date
    slot: Slot
    sources: list[SourceReport]
    signups: int = 0
    is_stale: bool = False


class OverviewReport(Result):
    """RevenueCat's numbers in whole micro-dollars; None where it did not say; `as_of` when it was asked."""

    active_subscriptions: int | None
    active_trials: int | None
    mrr_micro_usd: int | None
    revenue_28d_micro_usd: int | None
    new_customers_28d: int | None
    active_users_28d: int | None
    as_of: datetime
    is_cached: bool = False


class ActiveSubscribers(Result):
    """Production, paid only. `known_here` counts the same from webhooks, `stripe_only` payers beside them."""

    count: int | None
    trials: int | None
    known_here: int
    stripe_only: int
    as_of: datetime | None
    is_stale: bool


@dataclass(frozen=True)
class SnapshotRow:
    """One stored answer of a source; `metrics` is the last one known when `is_stale`."""

    source: str
    slot: str
    snapshot_date: date
    metrics: dict[str, Any]
    is_stale: bool
    created_at: datetime
    as_of: datetime


class LookedAt(Result):
    """One till: how many events or subscriptions were looked at, ids of what no webhook had brought, and what does not add up."""

    service: str
    outcome: SourceOutcome
    reason: str | None = None
    listed: int = 0
    found: list[str] = Field(default_factory=list)
    unexplained: list[str] = Field(default_factory=list)


class WebhookAudit(Result):
    """What a look for lost webhooks found; `handled` were taken in now, `dead` wait for a person."""

    looks: list[LookedAt]
    handled: int
    bodies_emptied: int
    dead: int
