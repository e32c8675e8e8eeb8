"""The roles this domain plays."""

from __future__ import annotations

from revenue_machine.domains.crm.crm_engine import CrmEngine
from revenue_machine.domains.crm.merging import Merger
from revenue_machine.domains.crm.models import ContactBook
from revenue_machine.engine.container import recipe
from revenue_machine.engine.database import Database
from revenue_machine.engine.events import Events
from revenue_machine.kit.clock import Clock


@recipe
def contact_book(engine: CrmEngine) -> ContactBook:
    """Keeps people."""
    return engine


@recipe
def crm_engine(database: Database, clock: Clock, events: Events) -> CrmEngine:
    """Keeps people, and answers the topics."""
    return CrmEngine(database, clock, events)


@recipe
def merger(database: Database, clock: Clock, events: Events) -> Merger:
    """Joins two contacts into one, and takes it back."""
    return Merger(database, clock, events)
