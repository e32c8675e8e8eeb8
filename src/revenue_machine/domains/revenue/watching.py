"""Looks at the last five weeks after each snapshot and says once a week what is out of the ordinary."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa

from revenue_machine.domains.revenue import anomalies, reads
from revenue_machine.domains.revenue.anomalies import Week
from revenue_machine.engine.events import Events
from revenue_machine.kit.clock import Clock, day_bounds
from revenue_machine.kit.settings import Settings

WEEK = timedelta(days=7)
_LOOKS: tuple[tuple[str, Callable[[Sequence[Week]], str | None]], ...] = (
    ("churn", anomalies.churn_anomaly), ("revenue", anomalies.revenue_anomaly),
)  # fmt: skip


@dataclass(frozen=True)
class Watch:
    """Works inside the caller's transaction and may be repeated."""

    events: Events
    settings: Settings
    clock: Clock

    def weeks(self, connection: sa.Connection, last: date, count: int) -> list[Week]:
        """Spans of seven whole days, the last one ending with `last`; oldest first."""
        return [self._week(connection, last - place * WEEK) for place in range(count - 1, -1, -1)]

    def look(self, connection: sa.Connection, today: date) -> list[str]:
        """What stands out in the seven days before today; each kind is told once per calendar week."""
        weeks = self.weeks(connection, today - timedelta(days=1), anomalies.WEEKS_BEFORE + 1)
        found = []
        for name, look in _LOOKS:
            words = look(weeks)
            if words is None:
                continue
            found.append(words)
            year, week, _ = today.isocalendar()
            key = f"revenue/anomaly/{name}/{year}-{week:02d}"
            self.events.emit(connection, "alert.raised", key, {"kind": f"{name}_anomaly", "text": words, "key": key})
        return found

    def _week(self, connection: sa.Connection, last: date) -> Week:
        first = last - WEEK + timedelta(days=1)
        start, end = day_bounds(first, self.settings.zone)[0], day_bounds(last, self.settings.zone)[1]
        payers, left = reads.churn_between(connection, start, end)
        money = reads.money_between(connection, first, last)
        return Week(payers, left, reads.sales_count(connection, start, end), money.net_micro_usd)
