"""The morning's second look: does RevenueCat count whom we count, and which of Stripe's charges failed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from revenue_machine.domains.revenue import reads, sources
from revenue_machine.domains.revenue.answers import CheckReport, FailedPayments
from revenue_machine.domains.revenue.billing_book import BillingBook
from revenue_machine.domains.revenue.stripe_poll import StripePoll
from revenue_machine.domains.revenue.webhook_audit import WebhookAuditor
from revenue_machine.engine.clients import Clients
from revenue_machine.engine.database import Database
from revenue_machine.engine.events import Events
from revenue_machine.integrations.revenuecat.revenuecat_client import RevenueCatClient
from revenue_machine.integrations.stripe.stripe_client import StripeClient
from revenue_machine.integrations.stripe.wire import Charge
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.money import dollars, show

# A day and the hour by which a look may be late.
FAILED_REACH = timedelta(hours=25)


@dataclass(frozen=True)
class Lookup:
    """Asks first, writes after; repeating it changes nothing."""

    clients: Clients
    database: Database
    book: BillingBook
    auditor: WebhookAuditor
    events: Events
    clock: Clock

    def check_subscribers(self) -> CheckReport:
        """Bring in what webhooks did not, then hold our count against RevenueCat's.

        Raises: not_configured; outside_*.
        """
        counted = self.clients.get(RevenueCatClient).overview().active_subscriptions
        looked = next(one for one in self.auditor.run().looks if one.service == "revenuecat")
        with self.database.reading() as connection:
            known = reads.paying_count(connection, "revenuecat")
        note = looked.reason
        if note is None and counted is not None and counted != known:
            note = f"RevenueCat counts {counted} paying subscribers; its webhooks told of {known}. {_why(counted, known)}"
            self._tell(note, counted - known)
        return CheckReport(
            looked_up=looked.listed, found=len(looked.found), unexplained=len(looked.unexplained), vendor_count=counted,
            known_count=known, note=note,
        )  # fmt: skip

    def _tell(self, text: str, gap: int) -> None:
        """Once for each gap and month: who paid before the first webhook is counted there only, and stays so."""
        key = f"revenue/count_differs/{self.clock.now():%Y-%m}/{gap:+d}"
        with self.database.writing() as connection:
            self.events.emit(connection, "alert.raised", key, {"kind": "count_differs", "text": text, "key": key})

    def check_payments(self) -> FailedPayments:
        """Catch up on Stripe's events, and say each failed charge once. Raises: not_configured; outside_*."""
        client = self.clients.get(StripeClient)
        poll = StripePoll(client, self.book, self.database, self.clock)
        heard = poll.ask(sources.stripe_subscriptions(client))
        poll.keep(heard)
        since = self.clock.now() - FAILED_REACH
        failed = [one for one in client.charges(since) if one.status == "failed" and one.livemode]
        told = 0
        with self.database.writing() as connection:
            for one in failed:
                key = f"dunning/{one.id}"
                alert = {"kind": "payment_failed", "text": _failed_words(one), "key": key}
                told += self.events.emit(connection, "alert.raised", key, alert, datetime.fromtimestamp(one.created, UTC))
        total = sum(one.gross_micro_usd or 0 for one in failed)
        return FailedPayments(failed=len(failed), told=told, amount_usd=dollars(total), events=len(heard.events))


def _why(counted: int, known: int) -> str:
    if counted > known:
        return "Whoever paid before the first webhook came is counted at RevenueCat only, until a renewal tells."
    return "Endings may have gone unheard: look at the webhook's delivery log there."


def _failed_words(one: Charge) -> str:
    amount = "an amount in another currency" if one.gross_micro_usd is None else show(one.gross_micro_usd)
    why = f" ({one.failure_code.replace('_', ' ')})" if one.failure_code else ""
    return f"a payment of {amount} failed{why}: Stripe tries again; write to the customer if it stays so ({one.id})"
