"""The nightly look for webhooks that never came: against Stripe's event list, and against RevenueCat's own view of who pays."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from revenue_machine.domains.revenue import reads, revenuecat_look, store
from revenue_machine.domains.revenue.billing_book import BillingBook
from revenue_machine.domains.revenue.models import LookedAt, WebhookAudit
from revenue_machine.domains.revenue.stripe_reading import EVENT_TYPES
from revenue_machine.engine.clients import Clients
from revenue_machine.engine.database import Database
from revenue_machine.engine.events import Events
from revenue_machine.engine.inbox import Inbox
from revenue_machine.integrations.revenuecat.revenuecat_client import RevenueCatClient
from revenue_machine.integrations.revenuecat.wire import at_ms
from revenue_machine.integrations.stripe.stripe_client import StripeClient
from revenue_machine.integrations.stripe.wire import Event
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.errors import Failure, NotConfigured
from revenue_machine.kit.hooks import HookEvent
from revenue_machine.kit.ids import make_id
from revenue_machine.kit.settings import Settings

MARK = "stripe.webhooks"
BEGUN = "webhooks.begun"
# The books begin with the machine, not with the thirty days Stripe still lists.
FIRST_REACH = timedelta(days=1)
LONGEST_REACH = timedelta(days=30)
OVERLAP = timedelta(hours=6)
# What is younger may still be on its way.
ON_ITS_WAY = timedelta(minutes=15)
SILENT_FOR = timedelta(hours=3)
NEW_WITHIN = timedelta(days=2)
MOST_LOOKS = 100


class WebhookAuditor:
    """Finds what is missing, brings it in as if it had come, and says how much it was."""

    def __init__(
        self, *, clients: Clients, inbox: Inbox, book: BillingBook, database: Database, events: Events, clock: Clock,
        settings: Settings,
    ) -> None:  # fmt: skip
        self._clients, self._inbox, self._book, self._database = clients, inbox, book, database
        self._events, self._clock, self._settings = events, clock, settings

    def run(self) -> WebhookAudit:
        """Ask every till that can be asked; one that is down is looked at the next night. Old bodies are emptied."""
        now = self._clock.now()
        looks = [self._look("stripe", self._stripe), self._look("revenuecat", self._revenuecat)]
        with self._database.writing() as connection:
            if reads.mark(connection, BEGUN) is None:
                store.keep_mark(self._database, connection, BEGUN, now)
        handled = self._inbox.drain()
        return WebhookAudit(looks=looks, handled=handled, bodies_emptied=self._inbox.trim(), dead=len(self._inbox.dead_letters()))

    def _look(self, service: str, ask: Callable[[], tuple[int, Sequence[str], Sequence[str]]]) -> LookedAt:
        try:
            listed, found, odd = ask()
        except NotConfigured as failure:
            return LookedAt(service=service, outcome="skipped", reason=failure.message)
        except Failure as failure:
            return LookedAt(service=service, outcome="missing", reason=failure.message)
        with self._database.reading() as connection:
            is_first = reads.mark(connection, BEGUN) is None
        # What happened before the first look was nobody's to bring.
        expects = self._settings.service(service).webhook_secret is not None and not is_first
        if (found and expects) or odd:
            self._tell(service, found, odd)
        return LookedAt(service=service, outcome="ok", listed=listed, found=list(found), unexplained=list(odd))

    def _tell(self, service: str, found: Sequence[str], odd: Sequence[str]) -> None:
        key = f"webhooks/{service}/{make_id('lost', *found, *odd)}"
        text = f"{len(found)} webhooks of {service} never came; what they told was looked up and counted"
        if odd:
            text += f"; {len(odd)} of its subscriptions do not add up and wait for a person: {', '.join(odd[:5])}"
        with self._database.writing() as connection:
            self._events.emit(connection, "alert.raised", key, {"kind": "webhooks_lost", "text": text, "key": key})

    def _stripe(self) -> tuple[int, Sequence[str], Sequence[str]]:
        client, now = self._clients.get(StripeClient), self._clock.now()
        with self._database.reading() as connection:
            reached = reads.mark(connection, MARK)
        since = now - FIRST_REACH if reached is None else max(reached - OVERLAP, now - LONGEST_REACH)
        listed = [one for one in client.events(since, EVENT_TYPES) if one.occurred_at <= now - ON_ITS_WAY]
        found = self._inbox.catch_up("stripe", [(_envelope(one), _body(one)) for one in listed])
        with self._database.writing() as connection:
            store.keep_mark(self._database, connection, MARK, now)
        return len(listed), found, ()

    def _revenuecat(self) -> tuple[int, Sequence[str], Sequence[str]]:
        """RevenueCat lists no events: who should have been heard of by now, and who is new, is looked up."""
        client, now = self._clients.get(RevenueCatClient), self._clock.now()
        with self._database.reading() as connection:
            silent = store.silent_subscriptions(connection, "revenuecat", now - SILENT_FOR, MOST_LOOKS)
        held: list[tuple[revenuecat_look.Held, str | None]] = [
            (one, key) for key in silent for one in client.subscriptions_of_store(key)[:1]
        ]
        held += [(one, None) for one in self._strangers(client, now)]
        found: list[str] = []
        odd: list[str] = []
        for one, known in held:
            charges = client.transactions(one.id)
            key = known or (charges[0].id if charges else one.store_subscription_identifier)
            with self._database.writing() as connection:
                ours = store.subscription_id("revenuecat", key)
                paid, row = store.payments_of(connection, ours), reads.subscription(connection, ours)
                had_trial = row is not None and row["trial_started_at"] is not None
                look = revenuecat_look.compare(one, charges, key, paid, had_trial=had_trial)
                if look.reading.facts or look.reading.payments:
                    self._book.record(connection, look.reading)
            found += look.found
            odd += [key] if look.is_odd else []
        return len(held), found, odd

    def _strangers(self, client: RevenueCatClient, now: datetime) -> list[revenuecat_look.Held]:
        """Subscriptions of people first seen lately of whom no webhook ever spoke."""
        with self._database.reading() as connection:
            begun = reads.mark(connection, BEGUN)
        if begun is None:
            return []
        since = max(now - NEW_WITHIN, begun)
        fresh = [one for one in client.customers() if since <= at_ms(one.first_seen_at) <= now - ON_ITS_WAY]
        hashes = {make_id("cus", "revenuecat", one.id): one.id for one in fresh}
        with self._database.reading() as connection:
            known = store.customers_heard_of(connection, "revenuecat", sorted(hashes))
        unknown = sorted(name for key, name in hashes.items() if key not in known)[:MOST_LOOKS]
        return [held for name in unknown for held in client.subscriptions(name, "production")]


def _envelope(event: Event) -> HookEvent:
    return HookEvent(event.id, event.type, event.subject, event.occurred_at, is_sandbox=not event.livemode)


def _body(event: Event) -> bytes:
    return json.dumps(event.model_dump(mode="json"), separators=(",", ":"), ensure_ascii=False).encode()
