"""Makes paywall's working parts for whoever asks for them by type."""

from __future__ import annotations

from revenue_machine.domains.owner.models import Business
from revenue_machine.domains.paywall.metrics_desk import PaywallMetrics
from revenue_machine.domains.paywall.paywall_experiments import PaywallExperiments
from revenue_machine.engine.clients import Clients
from revenue_machine.engine.container import recipe
from revenue_machine.engine.database import Database
from revenue_machine.engine.events import Events
from revenue_machine.kit.clock import Clock


@recipe
def paywall_metrics(clients: Clients, database: Database, business: Business, clock: Clock, events: Events) -> PaywallMetrics:
    """Looks at Superwall's charts."""
    return PaywallMetrics(clients, database, business, clock, events)


@recipe
def paywall_loop(database: Database, clock: Clock, business: Business) -> PaywallExperiments:
    """Walks the tests on."""
    return PaywallExperiments(database, clock, business)
