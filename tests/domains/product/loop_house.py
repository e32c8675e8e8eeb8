"""A product with a leak, people who come to it by exact numbers, and an owner who says yes: for tests of the product loop."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from revenue_machine.app import App
from revenue_machine.domains.product.tables import DELEGATIONS, PRODUCT_EXPERIMENTS
from revenue_machine.engine.call import Moments
from revenue_machine.integrations.posthog import fake as posthog
from revenue_machine.kit.errors import Failure
from revenue_machine.sandbox.vendors import Outside
from tests.app_fixture import START, WorldClock, make_app

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
# Somebody is awake to be asked.
NOW = START + 3 * HOUR
BEGIN = NOW - 28 * DAY + HOUR
MINE = {"$host": "everreach.app", "utm_source": "x"}


@dataclass
class LoopHouse:
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

    def review(self) -> dict[str, Any]:
        """One review; each has a key of its own, as each due run has."""
        return self.ask("product.review", key=f"review/{self.clock.now()}")

    def tell(self, event: str, person: str, at: datetime, **properties: Any) -> None:
        """A person's device says something."""
        posthog.public_capture(self.outside.state("posthog"), event, person, {**MINE, **properties}, at)

    def people(self, name: str, start: datetime, over: timedelta, counts: tuple[int, int], **properties: Any) -> None:
        """`counts` (came, went on) people at a step, spread evenly over a time; they saw the page before and went on after 3 hours."""
        came, went_on = counts
        for place in range(came):
            at, person = start + over * place / came, f"{name}{place}"
            self.tell("$pageview", person, at - HOUR / 6, **properties)
            self.tell("signup", person, at, **properties)
            if place * went_on // came != (place + 1) * went_on // came:
                self.tell("trial_started", person, at + 3 * HOUR, **properties)
                if place % 5 == 0 and at + 8 * DAY <= self.clock.now():
                    self.tell("purchase_completed", person, at + 7 * DAY + 3 * HOUR, **properties)

    def leak(self) -> str:
        """420 signups in four weeks, a quarter of whom try: below the band's 50 %. The id of what is proposed."""
        self.people("old", BEGIN, 27 * DAY, (420, 105))  # every 20th person of the crowd pays: a fifth of those who try
        proposed = self.review()["proposed"]
        assert proposed is not None
        return str(proposed)

    def arms(self, flag: str, control: tuple[int, int], treatment: tuple[int, int], *, days: int = 7) -> None:
        """People of both arms over the days from now."""
        for arm, counts in (("control", control), ("treatment", treatment)):
            self.people(arm, self.clock.now(), days * DAY - HOUR, counts, **{f"$feature/{flag}": arm})

    def answer(self, decision: str = "approve") -> None:
        """The owner answers every open question about a delegation."""
        for card in self.app.approvals.cards():
            if card["topic"] != "system.delegate_to_acd":
                continue
            first = self.app.approvals.decide(card["id"], decision, card["payload_hash"], actor="owner")
            if "confirm" in first:
                self.pass_time(seconds=6)
                self.app.approvals.decide(
                    card["id"], decision, card["payload_hash"], actor="owner", confirm=str(first["confirm"])
                )  # fmt: skip
        self.tick()

    def build(self) -> None:
        """The owner says yes, and the harness works until it is done."""
        self.answer()
        for _ in range(40):
            if not self.delegations(status="running"):
                break
            self.pass_time(minutes=5)
            self.tick()

    def tick(self) -> None:
        """Whatever is due by rows is done."""
        self.app.ticker.tick(blocks=[])

    def pass_time(self, **span: float) -> None:
        """Move the clock of product and world."""
        self.clock.move_to(self.clock.now() + timedelta(**span))

    def row(self, experiment_id: str) -> dict[str, Any]:
        """One experiment as its row stands."""
        query = sa.select(PRODUCT_EXPERIMENTS).where(PRODUCT_EXPERIMENTS.c.id == experiment_id)
        with self.app.database.reading() as connection:
            return dict(connection.execute(query).mappings().one())

    def delegations(self, **where: Any) -> list[dict[str, Any]]:
        """Delegations, by their decision key."""
        query = sa.select(DELEGATIONS).order_by(DELEGATIONS.c.decision_key)
        for name, value in where.items():
            query = query.where(DELEGATIONS.c[name] == value)
        with self.app.database.reading() as connection:
            return [dict(one) for one in connection.execute(query).mappings()]

    def memories(self, words: str = "everreach_pro signup trial") -> list[str]:
        """What memory answers."""
        return [str(hit["text"]) for hit in self.ask("graph.search", {"query": words})["hits"]]

    def refused(self, topic: str, payload: Mapping[str, Any]) -> Failure:
        """The failure of a call that has to fail."""
        error = self.app.call(topic, dict(payload), key="refused").error
        assert error is not None
        return error


@contextmanager
def open_loop(home: Path, *, moments: Moments | None = None, **env: str) -> Iterator[LoopHouse]:
    """The house at NOW, closed afterwards."""
    app, outside, clock = make_app(home, moments=moments, **env)
    clock.move_to(NOW)
    try:
        yield LoopHouse(app, outside, clock)
    finally:
        app.close()


def numbers(text: str) -> list[str]:
    """Every number of a text, as written."""
    return re.findall(r"[+-]?\d+(?:\.\d+)?", text)
