"""Makes the sweep for whoever asks for it by type."""

from __future__ import annotations

from revenue_machine.domains.owner.models import Business
from revenue_machine.domains.research.research_pipeline import Research
from revenue_machine.engine.clients import Clients
from revenue_machine.engine.container import recipe
from revenue_machine.engine.database import Database
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.settings import Settings


@recipe
def make_research(database: Database, clock: Clock, settings: Settings, business: Business, clients: Clients) -> Research:
    """A sweep over the owner's niches."""
    return Research(database, clock, settings, business, clients)
