"""The roles this domain plays."""

from __future__ import annotations

from revenue_machine.domains.links.known import KnownLinks
from revenue_machine.domains.links.models import Links
from revenue_machine.domains.links.redirect import Redirector
from revenue_machine.domains.links.refiltering import Refilter
from revenue_machine.domains.links.store import LinkStore
from revenue_machine.engine.audit import Audit
from revenue_machine.engine.container import recipe
from revenue_machine.engine.database import Database
from revenue_machine.engine.spool_drain import Spools
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.ids import random_key
from revenue_machine.kit.settings import Settings


@recipe
def link_store(database: Database, clock: Clock, settings: Settings, audit: Audit) -> LinkStore:
    """Makes tracking links and switches them off."""
    return LinkStore(database, clock, settings, audit)


@recipe
def refilter(database: Database, clock: Clock, audit: Audit) -> Refilter:
    """Judges the past anew."""
    return Refilter(database, clock, audit)


@recipe
def links(store: LinkStore) -> Links:
    """Makes tracking links for other domains."""
    return store


@recipe
def redirector(database: Database, clock: Clock, settings: Settings, spools: Spools) -> Redirector:
    """Follows them; live, nobody who knows the rest can work out the address behind a visitor's pseudonym."""
    salt = random_key() if settings.mode == "live" else ""
    return Redirector(KnownLinks(database), clock, spools.writer("clicks"), salt)
