"""Makes the book of income and the monitor of the sources."""

from __future__ import annotations

from revenue_machine.domains.crm.models import ContactBook
from revenue_machine.domains.owner.models import Business
from revenue_machine.domains.revenue.billing_book import BillingBook
from revenue_machine.domains.revenue.imported_sales import ImportedSales
from revenue_machine.domains.revenue.lookup import Lookup
from revenue_machine.domains.revenue.money_desk import MoneyDesk
from revenue_machine.domains.revenue.morning import Morning
from revenue_machine.domains.revenue.rate_import import RateBook
from revenue_machine.domains.revenue.revenue_monitor import RevenueMonitor
from revenue_machine.domains.revenue.source_desk import SourceDesk
from revenue_machine.domains.revenue.watching import Watch
from revenue_machine.domains.revenue.webhook_audit import WebhookAuditor
from revenue_machine.engine.call import Call
from revenue_machine.engine.clients import Clients
from revenue_machine.engine.container import recipe
from revenue_machine.engine.database import Database
from revenue_machine.engine.dispatch import Topics
from revenue_machine.engine.events import Events
from revenue_machine.engine.inbox import Inbox
from revenue_machine.engine.ledger import Ledger
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.settings import Settings


@recipe
def billing_book(database: Database, ledger: Ledger, events: Events, business: Business, clock: Clock) -> BillingBook:
    """The book over this database."""
    return BillingBook(database, ledger, events, business, clock)


@recipe
def imported_sales(database: Database, ledger: Ledger, events: Events, business: Business, clock: Clock) -> ImportedSales:
    """The book of sales from files."""
    return ImportedSales(database, ledger, events, business, clock)


@recipe
def rate_book(database: Database, book: BillingBook, sales: ImportedSales, clock: Clock) -> RateBook:
    """The book of exchange rates."""
    return RateBook(database, book, sales, clock)


@recipe
def money_desk(database: Database, business: Business, settings: Settings, clock: Clock) -> MoneyDesk:
    """The desk over this database."""
    return MoneyDesk(database, business, settings, clock)


@recipe
def watch(events: Events, settings: Settings, clock: Clock) -> Watch:
    """The look at the last weeks."""
    return Watch(events, settings, clock)


@recipe
def morning(*, database: Database, clock: Clock, settings: Settings, clients: Clients, desk: MoneyDesk, watch: Watch) -> Morning:
    """The message of the morning."""
    return Morning(database, clock, settings, clients, desk, watch)


@recipe
def source_desk(
    *, clients: Clients, database: Database, business: Business, settings: Settings, clock: Clock, desk: MoneyDesk
) -> SourceDesk:
    """How one source stands."""
    return SourceDesk(clients, database, business, settings, clock, desk)


@recipe
def lookup(
    *, clients: Clients, database: Database, book: BillingBook, auditor: WebhookAuditor, events: Events, clock: Clock
) -> Lookup:
    """The morning's second look."""
    return Lookup(clients, database, book, auditor, events, clock)


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
    watch: Watch,
    sales: ImportedSales,
) -> RevenueMonitor:
    """The monitor for one call."""
    return RevenueMonitor(
        call=call, topics=topics, clients=clients, book=book, people=people, database=database, events=events, business=business,
        settings=settings, clock=clock, watch=watch, sales=sales,
    )  # fmt: skip


@recipe
def webhook_auditor(
    *, clients: Clients, inbox: Inbox, book: BillingBook, database: Database, events: Events, clock: Clock, settings: Settings
) -> WebhookAuditor:
    """Who looks for lost webhooks."""
    return WebhookAuditor(
        clients=clients, inbox=inbox, book=book, database=database, events=events, clock=clock, settings=settings
    )  # fmt: skip
