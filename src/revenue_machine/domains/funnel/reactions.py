"""How the funnel follows from the day's snapshots; after attribution, whose handler's name sorts before."""

from __future__ import annotations

from datetime import date, timedelta

import sqlalchemy as sa

from revenue_machine.domains.funnel.funnel_tracker import FunnelTracker
from revenue_machine.engine.events import Event, on


@on("revenue.snapshot_taken")
def take_snapshot(event: Event, connection: sa.Connection, tracker: FunnelTracker) -> None:
    """Finish yesterday's counts; in the evening write today's row and look whether a phase was crossed."""
    day = date.fromisoformat(event.payload["date"])
    tracker.finish(connection, day - timedelta(days=1))
    if event.payload["slot"] == "pm":
        tracker.take(connection, day)
