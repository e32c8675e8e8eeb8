"""The whole product in front of the sandbox's fakes, and short ways to propose, decide, wait, and look at a toy repository."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from revenue_machine.app import App
from revenue_machine.domains.product import reads
from revenue_machine.engine.call import Moments
from revenue_machine.engine.tables import APPROVALS, EVENTS
from revenue_machine.integrations.acd import fake
from revenue_machine.kit.fakeserver import FakeState
from revenue_machine.sandbox.vendors import Outside
from tests.app_fixture import WorldClock, make_app

PAYWALL: Mapping[str, Any] = {
    "kind": "apply_paywall",
    "project": "everreach_pro",
    "decision_key": "paywall/exp_a/ship",
    "experiment_id": "exp_a",
    "facts": {"users": 1200, "effect_points": 0.0123, "effect_points_interval": [0.003, 0.021], "winner": "B", "control": "A"},
    "end_state": {"paywall": {"variant": "B", "holdout_variant": "A", "holdout_share": 0.1}},
}


@dataclass(frozen=True)
class House:
    """The product, the world outside it, and the clock of both."""

    app: App
    outside: Outside
    clock: WorldClock

    def ask(self, topic: str, payload: Mapping[str, Any] | None = None, key: str = "test") -> dict[str, Any]:
        """The result of a call that has to succeed."""
        envelope = self.app.call(topic, dict(payload or {}), key=key)
        assert envelope.ok, envelope.error
        result: dict[str, Any] = envelope.result
        return result

    def refused(self, topic: str, payload: Mapping[str, Any], key: str = "test") -> tuple[str, str]:
        """(code, message) of a call that has to fail."""
        envelope = self.app.call(topic, dict(payload), key=key)
        assert envelope.error is not None, envelope.result
        return envelope.error.code, envelope.error.message

    def propose(self, **other: Any) -> dict[str, Any]:
        """Ask for the paywall of PAYWALL, or for something else of it."""
        return self.ask("acd.propose", {**PAYWALL, **other})

    def decide(self, approval_id: str, decision: str = "approve", **how: Any) -> None:
        """A person's whole answer, with the second look that money needs."""
        card = self.app.approvals.find(approval_id)
        said = self.app.approvals.decide(approval_id, decision, card["payload_hash"], actor="owner", **how)
        if "confirm" in said:
            self.wait(seconds=6)
            self.app.approvals.decide(approval_id, decision, card["payload_hash"], actor="owner", confirm=said["confirm"])

    def wait(self, **how_long: float) -> None:
        """Let time pass without looking."""
        self.clock.move_to(self.clock.now() + timedelta(**how_long))

    def tick(self, **how_long: float) -> None:
        """Let time pass, then let everything run that is due."""
        self.wait(**how_long)
        self.app.ticker.tick(blocks=())

    def finish(self, minutes: int = 45) -> None:
        """Let a minute's looks go by until the longest run of the fake is over."""
        for _ in range(minutes // 15):
            self.tick(minutes=15)

    def row(self, delegation_id: str) -> dict[str, Any]:
        """One delegation."""
        with self.app.database.reading() as connection:
            found = reads.delegation(connection, delegation_id)
        assert found is not None
        return found

    def rows(self) -> list[dict[str, Any]]:
        """Every delegation, newest first."""
        with self.app.database.reading() as connection:
            return reads.delegations(connection)

    def events(self, kind: str) -> list[dict[str, Any]]:
        """Payloads of the facts of a kind, oldest first."""
        query = sa.select(EVENTS.c.payload).where(EVENTS.c.kind == kind).order_by(EVENTS.c.id)
        with self.app.database.reading() as connection:
            return list(connection.execute(query).scalars())

    def questions(self) -> int:
        """How many questions were ever asked."""
        with self.app.database.reading() as connection:
            return int(connection.execute(sa.select(sa.func.count()).select_from(APPROVALS)).scalar_one())

    @property
    def harness(self) -> FakeState:
        """The state of the pretend harness."""
        return self.outside.state("acd")

    def product(self, project: str = "everreach_pro") -> dict[str, Any]:
        """product.json as deployed."""
        return fake.public_product(self.harness, project)

    def starts(self) -> int:
        """How many requests to start a run the harness acted on."""
        query = "select count(*) from journal where service = 'acd' and path like '%/harness/start' and acted = 1"
        return int(self.outside.store.run(query)[0][0])

    def runs(self) -> list[dict[str, Any]]:
        """The runs the harness knows."""
        return list(self.harness.list("runs"))

    @property
    def now(self) -> datetime:
        return self.clock.now()


@contextmanager
def open_house(home: Path, moments: Moments | None = None, **env: str) -> Iterator[House]:
    """A running product; it is closed whatever happens."""
    app, outside, clock = make_app(home, moments=moments, **env)
    try:
        yield House(app, outside, clock)
    finally:
        app.close()
