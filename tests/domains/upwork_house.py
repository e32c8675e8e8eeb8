"""An App of three domains (owner, credit, upwork) in front of the sandbox's fakes, and short ways to play its people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from revenue_machine.app import App, build
from revenue_machine.domains.upwork.tables import JOBS
from revenue_machine.engine.call import Moments
from revenue_machine.engine.tables import LEDGER
from revenue_machine.integrations.upwork import fake_market as market
from revenue_machine.kit.fakeserver import FakeState
from revenue_machine.kit.settings import load
from revenue_machine.sandbox.store import WorldStore
from revenue_machine.sandbox.transport import SandboxTransport
from revenue_machine.sandbox.vendors import Outside
from tests.app_fixture import START, WorldClock
from tests.domains.money_house import house_of

TEXT = (
    "Our team spends mornings copying enquiries from the web app into a sheet. We want an ai agent that sorts them, "
    "answers the simple ones and leaves the rest to a person."
)


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

    @property
    def market(self) -> FakeState:
        """The state of the pretend Upwork."""
        return self.outside.state("upwork")

    def post(self, title: str = "AI agent for enquiries", budget_usd: int | None = 1500, **further: Any) -> str:
        """A client posts a job; its key."""
        market.public_add_profile(
            self.market, "client", name="Nora", total_hires=12, total_reviews=9, feedback=4.9, is_verified=True,
            total_spent_micro_usd=20_000_000_000,
        )  # fmt: skip
        wanted: dict[str, Any] = {
            "title": title, "description": TEXT, "skills": ("AI Agent Development", "Python", "Automation"), "applicants": 4,
            "budget_micro_usd": None if budget_usd is None else budget_usd * 1_000_000,
        }  # fmt: skip
        return f"~02{market.public_post_job(self.market, 'client', **(wanted | further))}"

    def rows(self, **where: object) -> list[dict[str, Any]]:
        """Kept jobs in the order of their keys."""
        query = sa.select(JOBS).order_by(JOBS.c.job_id)
        for name, value in where.items():
            query = query.where(JOBS.c[name] == value)
        with self.app.database.reading() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def row(self, job_id: str) -> dict[str, Any]:
        """The one kept job of that key."""
        (row,) = self.rows(job_id=job_id)
        return row

    def ledger(self, kind: str) -> list[dict[str, Any]]:
        """Entries of a kind."""
        query = sa.select(LEDGER).where(LEDGER.c.kind == kind).order_by(LEDGER.c.id)
        with self.app.database.reading() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def answer(self, decision: str = "approve", reason: str | None = None) -> None:
        """The owner answers every open question about a proposal."""
        for card in self.app.approvals.cards():
            self.app.approvals.decide(card["id"], decision, card["payload_hash"], actor="owner", reason=reason)
        self.tick()

    def press(self, *, is_done: bool = True) -> None:
        """The owner presses *sent*, or *not sent*, on every open task."""
        for card in self.app.handwork.cards():
            self.app.handwork.close(card["id"], is_done=is_done, text_hash=card["text_hash"], actor="owner")
        self.tick()

    def tick(self) -> None:
        """Whatever follows is done."""
        self.app.ticker.tick(blocks=[])

    def pass_time(self, **span: float) -> None:
        """Move the clock of product and world."""
        self.clock.move_to(self.clock.now() + timedelta(**span))

    def send_one(self, **job: Any) -> str:
        """A job seen, proposed for, approved and sent; its key."""
        job_id = self.post(**job)
        self.ask("upwork.scan", key=job_id)
        self.answer()
        self.press()
        assert self.row(job_id)["status"] == "submitted"
        return job_id

    def misbehave(self, mode: str, count: int = 1) -> None:
        """Let the model's next answers go wrong."""
        self.outside.vendors["anthropic"].fake.public_misbehave(self.outside.state("anthropic"), mode, count)


@contextmanager
def open_house(home: Path, moments: Moments | None = None, env: Mapping[str, str] | None = None) -> Iterator[House]:
    """The house at START, closed afterwards."""
    store = WorldStore(home / "world.db")
    outside = Outside(store, seed=7)
    clock = WorldClock(START, store)
    rooms = house_of(home, "owner", "credit", "upwork")
    app = build(load({"REVENUE_HOME": str(home), **(env or {})}), clock, SandboxTransport(outside), house=rooms, moments=moments)
    try:
        yield House(app, outside, clock)
    finally:
        app.close()
