"""Makes the publisher."""

from __future__ import annotations

from revenue_machine.domains.links.models import Links
from revenue_machine.domains.owner.models import Business
from revenue_machine.domains.publishing.publisher import Publisher
from revenue_machine.engine.container import recipe
from revenue_machine.engine.database import Database
from revenue_machine.engine.events import Events
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.settings import Settings


@recipe
def publisher(
    *, database: Database, clock: Clock, settings: Settings, business: Business, links: Links, events: Events
) -> Publisher:
    """The one way a draft becomes a post."""
    return Publisher(database, clock, settings, business, links, events)
