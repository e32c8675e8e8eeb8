"""Catches up on what Stripe's webhooks did not bring: its event list, its subscriptions, and the fees it kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from revenue_machine.domains.revenue import reads, rules, store
from revenue_machine.domains.revenue.billing_book import BillingBook
from revenue_machine.domains.revenue.stripe_reading import EVENT_TYPES, read_event, read_subscription
from revenue_machine.engine.database import Database
from revenue_machine.integrations.stripe.stripe_client import StripeClient
from revenue_machine.integrations.stripe.wire import BalanceTransaction, Charge, Event, Subscription, reference_id
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.ids import make_id

MARK = "stripe.events"
# The books begin with the machine, not with the thirty days Stripe still lists; later looks overlap, so nothing late is missed.
FIRST_REACH = timedelta(days=1)
LONGEST_REACH = timedelta(days=30)
OVERLAP = timedelta(hours=6)
FEE_REACH = timedelta(days=3)
PATIENCE = timedelta(days=1)


@dataclass(frozen=True)
class Heard:
    """What one round of questions brought."""

    events: Sequence[Event]
    subscriptions: Sequence[Subscription]
    charges: Sequence[Charge]
    movements: Sequence[BalanceTransaction]


class StripePoll:
    """Asks first, writes after: no question is open while the database is."""

    def __init__(self, client: StripeClient, book: BillingBook, database: Database, clock: Clock) -> None:
        self._client, self._book, self._database, self._clock = client, book, database, clock

    def ask(self, subscriptions: Sequence[Subscription]) -> Heard:
        """Everything new since the last look. Raises: outside_*."""
        now = self._clock.now()
        with self._database.reading() as connection:
            reached = reads.mark(connection, MARK)
        since = now - FIRST_REACH if reached is None else max(reached - OVERLAP, now - LONGEST_REACH)
        events = self._client.events(since, list(EVENT_TYPES))
        fees_since = since - FEE_REACH
        return Heard(events, subscriptions, self._client.charges(fees_since), self._client.balance_transactions(fees_since))

    def keep(self, heard: Heard) -> None:
        """Book what was heard; repeating it changes nothing."""
        now = self._clock.now()
        for event in heard.events:
            with self._database.writing() as connection:
                self._book.record(connection, read_event(event))
        self._explain_waiting(heard.subscriptions, now)
        with self._database.writing() as connection:
            self._book.retry_open(connection, now - PATIENCE)
        self._keep_fees(heard, now)
        with self._database.writing() as connection:
            store.keep_mark(self._database, connection, MARK, now)

    def _explain_waiting(self, held: Sequence[Subscription], now: datetime) -> None:
        """Bills that wait for their subscription get it from the list."""
        with self._database.reading() as connection:
            wanted = {row["subscription_id"] for row in reads.open_payments(connection) if row["subscription_id"]}
        for one in held:
            if store.subscription_id("stripe", one.id) in wanted:
                with self._database.writing() as connection:
                    self._book.record(connection, read_subscription(one, f"look/{one.id}/{int(now.timestamp())}", now))

    def _keep_fees(self, heard: Heard, now: datetime) -> None:
        charges = {one.id: one for one in heard.charges}
        for moved in heard.movements:
            fee = moved.fee_micro_usd
            if not fee:
                continue
            charge = charges.get(reference_id(moved.source) or "")
            if charge is not None and charge.livemode:
                self._keep_fee(moved, charge, fee, now)

    def _keep_fee(self, moved: BalanceTransaction, charge: Charge, fee_micro_usd: int, now: datetime) -> None:
        """A fee belongs to the payment of its charge; money that is not revenue here has no fee here either."""
        at = datetime.fromtimestamp(moved.created, UTC)
        with self._database.writing() as connection:
            customer = None if charge.customer_id is None else make_id("cus", "stripe", charge.customer_id)
            taken = reads.payments_taken(connection, "stripe", customer)
            known = [rules.Candidate(one["id"], tuple(one["links"]), one["minor"], one["occurred_at"]) for one in taken]
            links = [name for name in (charge.id, reference_id(charge.invoice), reference_id(charge.payment_intent)) if name]
            found = rules.refunded_payment(links, charge.amount, datetime.fromtimestamp(charge.created, UTC), known)
            paid = next((one for one in taken if one["id"] == found), None)
            if (paid is None and now - at >= PATIENCE) or (paid is not None and paid["status"] == "counted"):
                self._book.post_fee(connection, moved.id, fee_micro_usd, at, paid)
