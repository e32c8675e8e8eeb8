"""The cast of the whole-house tests: an app in its sandbox, a post with a click, and the vendors' webhooks brought by hand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from revenue_machine.app import App, hook_reader
from revenue_machine.domains.links.tables import CLICKS, LINKS
from revenue_machine.domains.publishing.tables import POSTS
from revenue_machine.engine.ledger import Entry, Ledger
from revenue_machine.kit.clock import iso
from revenue_machine.kit.hooks import HookRequest
from revenue_machine.sandbox.vendors import Outside
from tests.app_fixture import START, WorldClock, make_app

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
PRICE = 19_990_000


@dataclass
class House:
    """An app and its world, moved together."""

    app: App
    outside: Outside
    clock: WorldClock

    def fake(self, service: str) -> tuple[Any, Any]:
        """A pretend vendor and its state."""
        return self.outside.vendors[service].fake, self.outside.state(service)

    def signs_up(self, person: str, click_id: str | None, at: datetime, **properties: str) -> None:
        fake, state = self.fake("posthog")
        said = {**properties, **({} if click_id is None else {"rc": click_id})}
        fake.public_capture(state, "signup", person, said, at)

    def tries(self, person: str, at: datetime, **fields: Any) -> str:
        fake, state = self.fake("revenuecat")
        return str(fake.public_start_trial(state, person, "everreach_pro_monthly", PRICE, 7, at=at, **fields))

    def subscribes_at_stripe(self, person: str, at: datetime) -> str:
        fake, state = self.fake("stripe")
        meta = {"distinct_id": person}
        return str(
            fake.public_subscribe(
                state, f"{person}@people.example", person, "clientportal_monthly", 49_000_000, metadata=meta, at=at
            )
        )

    def move_to(self, at: datetime) -> None:
        """Let the world live up to a time and bring every webhook that is due."""
        self.clock.move_to(at)
        for service in ("revenuecat", "stripe"):
            fake, state = self.fake(service)
            fake.public_advance(state)
        self.deliver()

    def deliver(self, *, newest_first: bool = False, twice: bool = False) -> int:
        """Bring what is due through the inbox; returns how many were new."""
        rows = self.outside.store.run(
            "select place, service, key, body from hooks where delivered_at is null and due_at <= ? order by due_at, place",
            iso(self.clock.now()),
        )
        fresh = 0
        for place, service, key, body in (reversed(rows) if newest_first else rows) if not twice else [*rows, *rows]:
            fresh += self._bring(service, key, bytes(body))
            self.outside.store.run("update hooks set delivered_at = ? where place = ?", iso(self.clock.now()), place)
        self.app.inbox.drain()
        self.app.events.drain()
        return fresh

    def _bring(self, service: str, key: str, body: bytes) -> bool:
        fake, state = self.fake(service)
        reader = hook_reader(service)
        request = HookRequest(fake.hook_headers(state, key, body), body)
        reader.verify(request, [state.webhook_secret], self.clock.now())
        return self.app.inbox.store(service, reader.read(request), body)

    def snapshot(self, slot: str, key: str | None = None) -> dict[str, Any]:
        envelope = self.app.call("revenue.daily_snapshot", {"slot": slot}, key=key)
        assert envelope.ok, envelope.as_dict()
        result: dict[str, Any] = envelope.result
        return result

    def rows(self, table: sa.Table, *columns: str, **where: Any) -> list[tuple[Any, ...]]:
        query = sa.select(*[table.c[name] for name in columns]).where(*[table.c[name] == value for name, value in where.items()])
        with self.app.database.reading() as connection:
            return sorted((tuple(row) for row in connection.execute(query)), key=repr)

    def publishes(self, post_id: str, at: datetime, cost_micro_usd: int = 0, **traits: str) -> None:
        """A post that stands, its link, and what it cost."""
        post = {
            "id": post_id, "draft_id": f"d-{post_id}", "platform": "x", "niche": "saas_growth", "content_type": "text",
            "hook_category": "question", "framework": "PAS", "offer": "everreach_pro", "paywall_variant": None, "text": "words",
            "text_hash": "h", "status": "published", "promotion_status": "organic_only", "slot_weekday": 1, "slot_hour": 9,
            "scheduled_at": at, "published_at": at, "created_at": at, "updated_at": at, **traits,
        }  # fmt: skip
        link = {
            "id": f"l-{post_id}", "slug": f"s-{post_id}", "destination_url": "https://everreach.app/", "post_id": post_id,
            "product": "everreach_pro", "utm_source": post["platform"], "utm_medium": "social", "utm_campaign": post_id,
            "utm_content": "a", "created_at": at,
        }  # fmt: skip
        with self.app.database.writing() as connection:
            connection.execute(POSTS.insert(), post)
            connection.execute(LINKS.insert(), link)
            if cost_micro_usd:
                entry = Entry(f"cost/{post_id}", "ai", "anthropic", -cost_micro_usd, "intent", post_id, at, item_id=post_id)
                self.app.container.get(Ledger).book(connection, entry)

    def clicks(self, click_id: str, post_id: str, visitor: str, at: datetime, *, is_counted: bool = True) -> None:
        row: dict[str, Any] = {
            "id": click_id, "link_id": f"l-{post_id}", "slug": f"s-{post_id}", "post_id": post_id, "product": "everreach_pro",
            "visitor_id": visitor, "clicked_at": at, "is_counted": is_counted, "filter_version": 1,
        }  # fmt: skip
        with self.app.database.writing() as connection:
            row["arrival"] = 1 + int(connection.execute(sa.select(sa.func.coalesce(sa.func.max(CLICKS.c.arrival), 0))).scalar_one())
            connection.execute(CLICKS.insert(), row)


def open_house(home: Path, **env: str) -> House:
    """A house at START; close its app at the end of the test."""
    app, outside, clock = make_app(home, moments=None, **env)
    return House(app, outside, clock)


__all__ = ["DAY", "HOUR", "PRICE", "START", "House", "open_house"]
