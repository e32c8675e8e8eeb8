"""Makes the attribution engine for reactions."""

from __future__ import annotations

from revenue_machine.domains.attribution.attribution_engine import AttributionEngine
from revenue_machine.engine.container import recipe
from revenue_machine.engine.database import Database
from revenue_machine.kit.clock import Clock


@recipe
def attribution_engine(database: Database, clock: Clock) -> AttributionEngine:
    """The engine over this database."""
    return AttributionEngine(database, clock)
