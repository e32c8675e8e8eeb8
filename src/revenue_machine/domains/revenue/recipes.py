"""Makes the book of income for webhooks and the monitor."""

from __future__ import annotations

from revenue_machine.domains.owner.models import Business
from revenue_machine.domains.revenue.billing_book import BillingBook
from revenue_machine.engine.container import recipe
from revenue_machine.engine.database import Database
from revenue_machine.engine.events import Events
from revenue_machine.engine.ledger import Ledger
from revenue_machine.kit.clock import Clock


@recipe
def billing_book(database: Database, ledger: Ledger, events: Events, business: Business, clock: Clock) -> BillingBook:
    """The book over this database."""
    return BillingBook(database, ledger, events, business, clock)
