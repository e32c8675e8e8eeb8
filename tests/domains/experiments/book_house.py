"""An App of the book's own domains, and short ways to open an experiment and to send its counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from revenue_machine.app import App, build
from revenue_machine.domains.experiments.tables import EXPERIMENTS, LOOKS
from revenue_machine.domains.phase import store as phase_store
from revenue_machine.domains.phase.models import Phase
from revenue_machine.engine.briefing import Briefing
from revenue_machine.engine.tables import EVENTS
from revenue_machine.kit.clock import PushedClock
from revenue_machine.kit.settings import load
from tests.domains.money_house import house_of

START = datetime(2026, 11, 2, 6, tzinfo=UTC)
FIRST = START.date()
WANTED: dict[str, Any] = {
    "kind": "own", "subject": "checkout", "opened_for": "button", "title": "Green button",
    "hypothesis": "A green button sells more.", "metric": "visit to order", "arms": ["A", "B"], "control": "A",
    "planned_days": 14, "value_per_conversion_usd": "30",
}  # fmt: skip


@dataclass(frozen=True)
class House:
    """The product and its clock."""

    app: App
    clock: PushedClock

    def ask(self, topic: str, payload: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The result of a call that has to succeed."""
        envelope = self.app.call(f"experiments.{topic}", dict(payload or {}))
        assert envelope.ok, envelope.error
        result: dict[str, Any] = envelope.result
        return result

    def refused(self, topic: str, payload: Mapping[str, Any]) -> tuple[str, str]:
        """(code, message) of a call that has to fail."""
        envelope = self.app.call(f"experiments.{topic}", dict(payload))
        assert envelope.error is not None, envelope.result
        return envelope.error.code, envelope.error.message

    def open(self, **other: Any) -> str:
        """Register an experiment; its id."""
        return str(self.ask("open", {**WANTED, **other})["experiment_id"])

    def counts(self, experiment_id: str, day: int, a: tuple[int, int], b: tuple[int, int], **other: Any) -> dict[str, Any]:
        """The input of a look after that many days; the clock is moved there when it is behind."""
        on = FIRST + timedelta(days=day - 1)
        self.be_on(on)
        arms = [{"name": name, "users": one[0], "conversions": one[1]} for name, one in (("A", a), ("B", b))]
        return {"experiment_id": experiment_id, "on_date": on.isoformat(), "days": day, "arms": arms, **other}

    def look(self, experiment_id: str, day: int, a: tuple[int, int], b: tuple[int, int], **other: Any) -> dict[str, Any]:
        """What the counts of a day prove."""
        return self.ask("look", self.counts(experiment_id, day, a, b, **other))

    def be_on(self, day: date, hour: int = 19) -> None:
        """Move the clock forward to an hour of a date."""
        at = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
        if at > self.clock.now():
            self.clock.move_to(at)

    def row(self, experiment_id: str) -> dict[str, Any]:
        """The row of an experiment."""
        with self.app.database.reading() as connection:
            return dict(connection.execute(sa.select(EXPERIMENTS).where(EXPERIMENTS.c.id == experiment_id)).mappings().one())

    def looks(self) -> list[dict[str, Any]]:
        """Every look."""
        with self.app.database.reading() as connection:
            return [dict(row) for row in connection.execute(sa.select(LOOKS).order_by(LOOKS.c.on_date, LOOKS.c.id)).mappings()]

    def told(self, kind: str) -> list[dict[str, Any]]:
        """What was stated, in order."""
        query = sa.select(EVENTS.c.payload).where(EVENTS.c.kind == kind).order_by(EVENTS.c.id)
        with self.app.database.reading() as connection:
            return list(connection.execute(query).scalars())

    def hold(self, phase: Phase) -> None:
        """The funnel's rule means that phase."""
        with self.app.database.writing() as connection:
            phase_store.keep_rule(self.app.database, connection, phase, self.clock.now().date(), self.clock.now())

    def report(self) -> list[str]:
        """The report's lines about experiments, as of the clock's date."""
        with self.app.database.reading() as connection:
            blocks = self.app.container.get(Briefing).blocks(connection, self.clock.now().date())
        return dict(blocks).get("Experiments", [])


@contextmanager
def open_house(home: Path, **env: str) -> Iterator[House]:
    """The book in an empty product at START."""
    clock = PushedClock(START)
    app = build(load({"REVENUE_HOME": str(home), **env}), clock, house=house_of(home, "credit", "phase", "experiments"))
    yield House(app, clock)
    app.close()
