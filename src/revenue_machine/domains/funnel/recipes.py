"""Makes the funnel tracker for reactions."""

from __future__ import annotations

from revenue_machine.domains.funnel.desk import FunnelDesk
from revenue_machine.domains.funnel.funnel_tracker import FunnelTracker
from revenue_machine.domains.owner.models import Business
from revenue_machine.engine.container import recipe
from revenue_machine.engine.database import Database
from revenue_machine.engine.events import Events
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.settings import Settings


@recipe
def funnel_tracker(database: Database, events: Events, settings: Settings, business: Business, clock: Clock) -> FunnelTracker:
    """The tracker over this database."""
    return FunnelTracker(database, events, settings, business, clock)


@recipe
def funnel_desk(database: Database, tracker: FunnelTracker, settings: Settings, clock: Clock) -> FunnelDesk:
    """The desk over this database."""
    return FunnelDesk(database, tracker, settings, clock)
