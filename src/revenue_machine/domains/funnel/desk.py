"""Answers how the funnel stands: the phase that holds, the rates judged, the day's volumes, and what lies ahead."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.funnel import reads
from revenue_machine.domains.funnel.actions import done_on, volumes
from revenue_machine.domains.funnel.funnel_tracker import FunnelTracker
from revenue_machine.domains.funnel.models import UP_AT, ForecastReport, FunnelStatus
from revenue_machine.domains.phase import reads as phase_reads
from revenue_machine.domains.phase.models import PHASE_WORDS, Phase, changes
from revenue_machine.engine.database import Database
from revenue_machine.kit.clock import Clock, day_bounds, local_date
from revenue_machine.kit.settings import Settings

_NEXT: dict[Phase, Phase] = {1: 2, 2: 3}


@dataclass(frozen=True)
class FunnelDesk:
    """Reads only."""

    database: Database
    tracker: FunnelTracker
    settings: Settings
    clock: Clock

    def status(self) -> FunnelStatus:
        """As of the newest snapshot; the volumes as of now."""
        with self.database.reading() as connection:
            return self._status(connection)

    def _status(self, connection: sa.Connection) -> FunnelStatus:
        row, held = reads.newest(connection), phase_reads.standing(connection)
        today = local_date(self.clock.now(), self.settings.zone)
        day: date = today if row is None else row["snapshot_date"]
        done = done_on(connection, today, *day_bounds(today, self.settings.zone))
        above = _NEXT.get(held.phase)
        payers = None if row is None else row["paying_users"]
        return FunnelStatus(
            snapshot_date=None if row is None else day, phase=held.phase, phase_by_rule=held.by_rule, override_reason=held.reason,
            phase_words=PHASE_WORDS[held.phase], phase_since=held.since, paying_users=payers,
            is_stale=row is None or row["is_stale"],
            to_next=None if above is None or payers is None else max(0, UP_AT[above] - payers),
            rates=self.tracker.rates(connection, day), actions=volumes(done, held.phase),
            forecast=None if row is None else ahead(row), changes_in_next_phase=[] if above is None else changes(held.phase, above),
        )  # fmt: skip


def ahead(row: dict[str, Any]) -> ForecastReport | None:
    """What a snapshot saw ahead; None for a row of before there were forecasts."""
    kept = row["forecast"]
    if not kept or "is_early" not in kept:
        return None
    return ForecastReport.model_validate({name: kept[name] for name in ForecastReport.model_fields})
