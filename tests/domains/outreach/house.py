"""The product in front of the fakes with people placed on LinkedIn and X."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from revenue_machine.app import App
from revenue_machine.engine.call import Moments
from revenue_machine.engine.dispatch import Envelope
from revenue_machine.kit.db import metadata
from revenue_machine.sandbox.delivery import Delivery
from revenue_machine.sandbox.vendors import Outside
from tests.app_fixture import WorldClock, make_app
from tests.domains.conftest import Letterbox

HEADLINES = (
    "Founder at Nordlicht | AI automation", "CEO at Tidewater | SaaS growth", "Owner at Fernhill | Content creation",
    "Founder at Mosaic | Digital marketing", "Creator at Juniper Row | Creator economy",
)  # fmt: skip
NAMES = ("Ada", "Bruno", "Carla", "Dario", "Elif", "Fiona", "Gustav", "Hana", "Ivo", "Jonas", "Klara", "Liam")
PLACES = ("Berlin, Germany", "London, England", "Munich, Germany")


@dataclass(frozen=True)
class OutreachHouse:
    """The product, the world outside it, and the clock of both."""

    app: App
    outside: Outside
    clock: WorldClock

    @property
    def linkedin(self) -> Any:
        return self.outside.vendors["linkedin"].fake

    @property
    def direct(self) -> Any:
        return self.outside.vendors["direct_message"].fake

    def state(self, service: str) -> Any:
        return self.outside.state(service)

    def people(self, count: int, headline: str | None = None) -> None:
        """Strangers on LinkedIn who fit."""
        with self.outside.store.together():
            for place in range(count):
                self.linkedin.public_add_profile(
                    self.state("linkedin"), f"person-{place}", name=f"{NAMES[place % 12]} {'ABCDEFGHIJKLMNOPQRSTUVWXYZ'[place // 12]}berg",
                    headline=headline or HEADLINES[place % 5], location=PLACES[place % 3],
                )  # fmt: skip

    def writers(self, count: int, text: str = "Hello, I like what you build.", days_ago: float = 20) -> None:
        """People who wrote on X some days ago."""
        now = self.clock.now()
        with self.outside.store.together():
            self.outside.store.move_to(now - timedelta(days=days_ago))
            for place in range(count):
                self.direct.public_add_profile(
                    self.state("direct_message"), f"writer-{place}", platform="x", handle=f"writer_{place}"
                )
                self.direct.public_reply(self.state("direct_message"), f"writer-{place}", text, platform="x")
            self.outside.store.move_to(now)

    def ask(self, topic: str, payload: Mapping[str, Any] | None = None, key: str = "test") -> dict[str, Any]:
        """The result of a call that has to succeed."""
        envelope = self.call(topic, payload, key)
        assert envelope.ok, envelope.error
        result: dict[str, Any] = envelope.result
        return result

    def call(self, topic: str, payload: Mapping[str, Any] | None = None, key: str = "test") -> Envelope:
        return self.app.call(topic, dict(payload or {}), key=key)

    def rows(self, table: str = "actp_outreach_queue", **where: object) -> list[dict[str, Any]]:
        """Rows in the order of their ids."""
        found = metadata.tables[table]
        query = sa.select(found).order_by(*found.primary_key.columns)
        for name, value in where.items():
            query = query.where(found.c[name] == value)
        with self.app.database.reading() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def row(self, row_id: str) -> dict[str, Any]:
        (found,) = self.rows(id=row_id)
        return found

    def decide(self, row: Mapping[str, Any], decision: str = "approve", reason: str | None = None) -> None:
        """The owner's word on the question of one message."""
        (card,) = [one for one in self.app.approvals.cards() if one["payload"].get("queue_id") == row["id"]]
        self.app.approvals.decide(card["id"], decision, card["payload_hash"], actor="owner", reason=reason)
        self.app.events.drain()

    def edit(self, row: Mapping[str, Any], text: str) -> str:
        """The owner writes other words; the new question's id."""
        (card,) = [one for one in self.app.approvals.cards() if one["payload"].get("queue_id") == row["id"]]
        fresh = self.app.approvals.edit(card["id"], card["payload_hash"], {**card["payload"], "text": text}, actor="owner")
        self.app.events.drain()
        return fresh

    def tick(self, at: datetime | None = None) -> None:
        """Let the machine do what is due, perhaps later."""
        if at is not None:
            self.clock.move_to(at)
        self.app.ticker.tick(blocks=())
        self.app.durable.settle(timeout_s=30)

    def deliver(self) -> int:
        """Bring every due webhook and let it be handled."""
        Delivery(self.outside, Letterbox(self.app), seed=7).deliver()
        handled = self.app.inbox.drain()
        self.app.events.drain()
        return handled

    def invitations(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.state("linkedin").list("request")
        return found

    def sent_on_linkedin(self) -> list[dict[str, Any]]:
        return [one for one in self.state("linkedin").list("message") if one["is_sender"]]

    def acted(self, service: str, method: str = "POST", end: str = "") -> int:
        """Requests a vendor acted on."""
        query = "select count(*) from journal where service = ? and method = ? and acted = 1 and path like ?"
        return int(self.outside.store.run(query, service, method, f"%{end}")[0][0])

    def person_of(self, row: Mapping[str, Any]) -> str:
        """The fake's name of the person a message is for."""
        (profile,) = self.rows("actp_outreach_profiles", contact_id=row["contact_id"], platform=row["platform"])
        member = self.state("linkedin").get("member", profile["external_id"])
        return str(member["person"])

    def connected(self, count: int = 1) -> list[dict[str, Any]]:
        """That many invitations, out and accepted; the rows of the invitations."""
        self.people(max(count, 5))
        self.ask("linkedin.prospect", {"most": count}, key="connected")
        rows = self.rows(action="connect", status="pending_approval")
        for row in rows:
            self.decide(row)
            self.tick(self.clock.now() + timedelta(minutes=25))
        for row in rows:
            self.linkedin.public_accept_invitation(self.state("linkedin"), self.person_of(row))
        self.clock.move_to(self.clock.now() + timedelta(minutes=1))
        self.ask("dm.sync", key="connected")
        return rows


@contextmanager
def open_outreach_house(home: Path, moments: Moments | None = None, **env: str) -> Iterator[OutreachHouse]:
    """The house at START, closed afterwards."""
    app, outside, clock = make_app(home, moments=moments, **env)
    app.durable.launch()
    try:
        yield OutreachHouse(app, outside, clock)
    finally:
        app.close()
