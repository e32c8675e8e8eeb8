"""What the tills' webhooks change; kinds that mean nothing here are kept in the inbox and change nothing."""

from __future__ import annotations

import sqlalchemy as sa

from revenue_machine.domains.revenue.billing_book import BillingBook
from revenue_machine.domains.revenue.revenuecat_reading import read_revenuecat
from revenue_machine.domains.revenue.stripe_reading import EVENT_TYPES, read_stripe
from revenue_machine.domains.revenue.superwall_reading import read_superwall
from revenue_machine.engine.inbox import StoredHook, on_hook


@on_hook("revenuecat")
def revenuecat_event(hook: StoredHook, connection: sa.Connection, book: BillingBook) -> None:
    """Trials, purchases, renewals, cancellations, refunds, billing trouble, ends and transfers."""
    book.record(connection, read_revenuecat(hook.payload))


@on_hook("superwall")
def superwall_event(hook: StoredHook, connection: sa.Connection, book: BillingBook) -> None:
    """The same as a paywall's server tells it."""
    book.record(connection, read_superwall(hook.payload))


@on_hook("stripe", *EVENT_TYPES)
def stripe_event(hook: StoredHook, connection: sa.Connection, book: BillingBook) -> None:
    """Subscriptions, paid bills, refunds and checkouts."""
    book.record(connection, read_stripe(hook.payload))
