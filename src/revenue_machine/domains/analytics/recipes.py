"""Makes the analytics desk and the keeper of identities for topics, imports and reactions."""

from __future__ import annotations

from revenue_machine.domains.analytics.analytics_desk import AnalyticsDesk
from revenue_machine.domains.analytics.identity import IdentityKeeper
from revenue_machine.domains.crm.models import ContactBook
from revenue_machine.engine.clients import Clients
from revenue_machine.engine.container import recipe
from revenue_machine.engine.database import Database
from revenue_machine.engine.events import Events
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.settings import Settings


@recipe
def analytics_desk(clients: Clients, settings: Settings, clock: Clock, database: Database) -> AnalyticsDesk:
    """The desk; it answers from the events kept here when PostHog is not set up."""
    return AnalyticsDesk(clients, settings, clock, database)


@recipe
def identity_keeper(database: Database, clock: Clock, events: Events, book: ContactBook) -> IdentityKeeper:
    """Keeps who is who."""
    return IdentityKeeper(database, clock, events, book)
