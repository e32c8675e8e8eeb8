"""An App of four domains (owner, credit, research, content) in front of the sandbox's fakes, and short ways to ask it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from revenue_machine.app import App, build
from revenue_machine.domains.research.rules import Counts
from revenue_machine.domains.research.store import NewItem, store_items, touch_blueprints
from revenue_machine.kit.db import metadata
from revenue_machine.kit.settings import load
from revenue_machine.sandbox.store import WorldStore
from revenue_machine.sandbox.transport import SandboxTransport
from revenue_machine.sandbox.vendors import Outside
from tests.app_fixture import START, WorldClock
from tests.domains.money_house import house_of


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

    def rows(self, table: str, **where: object) -> list[dict[str, Any]]:
        """Rows of a table in the order of their ids."""
        found = metadata.tables[table]
        query = sa.select(found).order_by(found.c.id)
        for name, value in where.items():
            query = query.where(found.c[name] == value)
        with self.app.database.reading() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def requests(self, service: str) -> int:
        """How many requests a fake has seen."""
        return int(self.outside.store.run("select count(*) from journal where service = ?", service)[0][0])

    def know(self, *captions: str, niche: str = "ai_automation", provenance: str = "api") -> None:
        """Market items with these texts, the first one the most successful."""
        items = [
            NewItem(
                source="test", platform="x", niche=niche, source_url=f"https://x.example/{niche}/{place}",
                counts=Counts(likes=900 - place, views=1000), provenance=provenance, caption=text,
            )
            for place, text in enumerate(captions)
        ]  # fmt: skip
        now = self.clock.now()
        with self.app.database.writing() as connection:
            store_items(connection, self.app.database, items, now)
            touch_blueprints(connection, self.app.database, [("x", niche)], now, now.date())

    def misbehave(self, mode: str, count: int = 1) -> None:
        """Let the model's next answers go wrong."""
        self.outside.vendors["anthropic"].fake.public_misbehave(self.outside.state("anthropic"), mode, count)


@contextmanager
def open_house(home: Path, **env: str) -> Iterator[House]:
    """The house at START, closed afterwards."""
    store = WorldStore(home / "world.db")
    outside = Outside(store, seed=7)
    clock = WorldClock(START, store)
    house = house_of(home, "owner", "credit", "research", "content")
    app = build(load({"REVENUE_HOME": str(home), **env}), clock, SandboxTransport(outside), house=house)
    try:
        yield House(app, outside, clock)
    finally:
        app.close()
