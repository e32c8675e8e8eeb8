"""How research answers to what happens elsewhere: it counts how often its blueprints are used."""

from __future__ import annotations

import sqlalchemy as sa

from revenue_machine.domains.research.store import count_usage
from revenue_machine.engine.events import Event, on


@on("content.generated")
def blueprints_used(event: Event, connection: sa.Connection) -> None:
    """Each draft that was made from a blueprint's evidence counts as one use of it."""
    for blueprint_id, times in sorted(event.payload["blueprints"].items()):
        count_usage(connection, blueprint_id, int(times))
