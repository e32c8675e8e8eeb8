"""The roles this domain plays."""

from __future__ import annotations

from revenue_machine.domains.links.models import Links
from revenue_machine.domains.links.redirect import Redirector
from revenue_machine.domains.links.store import LinkStore
from revenue_machine.engine.container import recipe
from revenue_machine.engine.database import Database
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.settings import Settings


@recipe
def links(database: Database, clock: Clock, settings: Settings) -> Links:
    """Makes tracking links."""
    return LinkStore(database, clock, settings)


@recipe
def redirector(database: Database, clock: Clock) -> Redirector:
    """Follows them."""
    return Redirector(database, clock)
