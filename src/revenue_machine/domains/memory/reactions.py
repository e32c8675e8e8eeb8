"""What other domains learn is remembered: the guidelines their winners taught."""

from __future__ import annotations

import sqlalchemy as sa

from revenue_machine.domains.feedback.reads import guidelines_by_id
from revenue_machine.domains.memory.models import Memory
from revenue_machine.domains.memory.rules import IMPORTANCE
from revenue_machine.domains.memory.store import record
from revenue_machine.engine.database import Database
from revenue_machine.engine.events import Event, on
from revenue_machine.kit.clock import Clock, local_date
from revenue_machine.kit.settings import Settings


@on("lessons.learned")
def remember_lesson(event: Event, connection: sa.Connection, database: Database, clock: Clock, settings: Settings) -> None:
    """One event per set of guidelines, found again by `lesson` and the niche."""
    learned = guidelines_by_id(connection, event.payload["guidelines_id"])
    if learned is None or not learned.lines:
        return
    memory = Memory(
        key=f"lesson/{learned.id}", event_type="insight", content=f"{learned.niche}: {' '.join(learned.lines)}",
        importance=IMPORTANCE["lesson"], source="feedback.generate_prompt", tags=("lesson", "winner", learned.niche),
        metadata={"guidelines_id": learned.id},
    )  # fmt: skip
    record(connection, database, memory, local_date(event.occurred_at, settings.zone), clock.now())
