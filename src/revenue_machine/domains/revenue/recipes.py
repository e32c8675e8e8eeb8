"""Makes the book of income and the monitor of the sources."""

from __future__ import annotations

from revenue_machine.domains.crm.models import ContactBook
from revenue_machine.domains.owner.models import Business
from revenue_machine.domains.revenue.billing_book import BillingBook
from revenue_machine.domains.revenue.revenue_monitor import RevenueMonitor
from revenue_machine.engine.call import Call
from revenue_machine.engine.clients import Clients
from revenue_machine.engine.container import recipe
from revenue_machine.engine.database import Database
from revenue_machine.engine.dispatch import Topics
from revenue_machine.engine.events import Events
from revenue_machine.engine.ledger import Ledger
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.settings import Settings


@recipe
def billing_book(database: Database, ledger: Ledger, events: Events, business: Business, clock: Clock) -> BillingBook:
    """The book over this database."""
    return BillingBook(database, ledger, events, business, clock)


@recipe
def revenue_monitor(
    *,
    call: Call,
    topics: Topics,
    clients: Clients,
    book: BillingBook,
    people: ContactBook,
    database: Database,
    events: Events,
    business: Business,
    settings: Settings,
    clock: Clock,
) -> RevenueMonitor:
    """The monitor for one call."""
    return RevenueMonitor(
        call=call, topics=topics, clients=clients, book=book, people=people, database=database, events=events, business=business,
        settings=settings, clock=clock,
    )  # fmt: skip
