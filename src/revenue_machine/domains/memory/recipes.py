"""Makes the keeper of one call."""

from __future__ import annotations

from revenue_machine.domains.memory.memory_keeper import MemoryKeeper
from revenue_machine.engine.call import Call
from revenue_machine.engine.container import recipe
from revenue_machine.engine.database import Database
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.settings import Settings


@recipe
def memory_keeper(database: Database, clock: Clock, settings: Settings, call: Call) -> MemoryKeeper:
    """Writes and recalls within one call."""
    return MemoryKeeper(database, clock, settings, call)
