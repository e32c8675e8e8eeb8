"""The cast of the publishing and feedback tests: an app in its sandbox with approved drafts, and the world's own counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from revenue_machine.app import App
from revenue_machine.domains.content.tables import DRAFTS
from revenue_machine.domains.publishing.tables import POSTS, TIMING_MATRIX
from revenue_machine.engine.call import Call
from revenue_machine.engine.dispatch import Envelope
from revenue_machine.engine.tables import EVENTS
from revenue_machine.kit.ids import content_hash, make_id
from revenue_machine.sandbox.vendors import Outside
from tests.app_fixture import WorldClock

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@dataclass
class Stage:
    """An app and its world, moved together."""

    app: App
    outside: Outside
    clock: WorldClock

    def draft(self, name: str, platform: str = "x", offer: str | None = None, text: str | None = None, **fields: Any) -> str:
        """An approved draft; returns its id."""
        draft_id, now = make_id("dft", name), self.clock.now()
        words = text or f"Words of {name}"
        row: dict[str, Any] = {
            "id": draft_id, "run_date": now.date(), "batch": 1, "slot_key": name, "niche": "saas_growth", "platform": platform,
            "content_type": "text", "hook_category": "question", "framework": "PAS", "offer": offer, "cta": "none",
            "length_bucket": "short", "disclosure": "none", "is_ai_made": True, "text": words, "text_hash": content_hash(words),
            "status": "approved", "review_score": 8.0, "revision": 0, "post_id": make_id("post", draft_id), "created_at": now,
            "updated_at": now,
        }  # fmt: skip
        with self.app.database.writing() as connection:
            connection.execute(DRAFTS.insert().values(row | fields))
        return draft_id

    def drafts(self, count: int, platform: str = "x", **fields: Any) -> None:
        for number in range(count):
            self.draft(f"{platform}-{number:03}", platform, **fields)

    def call(self, topic: str, key: str | None = None, **args: Any) -> dict[str, Any]:
        """The result of a call that has to go well."""
        envelope = self.app.call(topic, args, key=key)
        assert envelope.ok, envelope.as_dict()
        return dict(envelope.result)

    def in_run(self, topic: str, run_date: datetime, **args: Any) -> Envelope:
        """A call as the routine makes it, for a date of its own."""
        return self.app.dispatcher.call(Call(topic, run_date.date().isoformat(), "run", "routine", run_date.date()), args)

    def rows(self, table: sa.Table) -> list[dict[str, Any]]:
        with self.app.database.reading() as connection:
            query = sa.select(table).order_by(*table.primary_key.columns)
            return [dict(row) for row in connection.execute(query).mappings()]

    def posts(self) -> list[dict[str, Any]]:
        """Posts by the time they are planned for."""
        return sorted(self.rows(POSTS), key=lambda row: (row["scheduled_at"], row["id"]))

    def arms(self) -> list[tuple[str, int, int, float, float]]:
        names = ("platform", "day_of_week", "hour", "alpha", "beta")
        return [(row[names[0]], row[names[1]], row[names[2]], row[names[3]], row[names[4]]) for row in self.rows(TIMING_MATRIX)]

    def events(self, kind: str) -> list[dict[str, Any]]:
        return [dict(row["payload"]) for row in self.rows(EVENTS) if row["kind"] == kind]

    def handed_in(self) -> list[str]:
        """What reached the publisher's door, whatever it answered: the bodies in order."""
        query = "select request from journal where service = 'blotato' and method = 'POST' and path = '/posts' order by rowid"
        return [str(row[0]) for row in self.outside.store.run(query)]

    def go_public(self) -> list[dict[str, Any]]:
        """Schedule, send at the planned hours and ask after it, until nothing waits; the posts as they stand."""
        self.call("publish.schedule")
        for _ in range(400):
            due = [row["due_at"] for row in self.posts() if row["status"] in ("approved", "sending")]
            if not due:
                break
            self.clock.move_to(max(min(due), self.clock.now()))
            self.call("publish.auto")
        return self.posts()

    def count(self, url: str, likes: int, *, views: int = 1000, comments: int = 0) -> None:
        """The public numbers of a post as the platforms show them from now on."""
        fake, state = self.outside.vendors["market_research"].fake, self.outside.state("market_research")
        fake.public_set_metrics(state, url, views=views, likes=likes, comments=comments, shares=0, saves=0)
