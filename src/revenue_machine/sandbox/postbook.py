"""The posts people can still see, each with its life; what is new is known from the world's own notes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from revenue_machine.kit.clock import iso, parse_instant
from revenue_machine.sandbox.market import Market
from revenue_machine.sandbox.people import People
from revenue_machine.sandbox.postlife import PostLife, live
from revenue_machine.sandbox.rates import WorldRates
from revenue_machine.sandbox.reading import read_post
from revenue_machine.sandbox.store import ServiceState

_KIND = "post"


@dataclass
class PostBook:
    """Reads the publisher's wall at the start of a slice and remembers the lives of the posts on it."""

    notes: ServiceState
    market: Market
    rates: WorldRates
    people: People

    def __post_init__(self) -> None:
        self._lives: dict[str, PostLife] = {}
        self._fresh: dict[str, dict[str, Any]] = {}

    def look(self, now: datetime, end: datetime) -> None:
        """See what is public by the end of a slice; a post seen for the first time is judged against those before it."""
        self._forget_old(now)
        known = {note["id"]: note for note in self.notes.list(_KIND)}
        self._fresh = {}
        posts = [post for post in self.market.posts(end) if self._is_alive(post, now, end)]
        for post in sorted(posts, key=lambda one: (parse_instant(str(one["published_at"])), str(one["id"]))):
            name = str(post["id"])
            if name in self._lives and name in known:
                continue
            reading = read_post(post, self.rates)
            note = known.get(name)
            if note is None:
                published = parse_instant(str(post["published_at"]))
                crowd = f"{reading.platform}/{reading.niche}"
                note = {"id": name, "at": iso(published), "crowd": crowd, "words": reading.words_hash}
                note["tired"] = self._tired(note, list(known.values()))
                known[name] = note
                self._fresh[name] = note
            self._lives[name] = live(self.rates, self.people, post, reading, seed=self.notes.seed, tired=float(note["tired"]))

    def settle(self) -> None:
        """Note that the new posts have been seen (inside the caller's transaction)."""
        for name, note in self._fresh.items():
            self.notes.put(_KIND, name, note)
        self._fresh = {}

    def lives(self) -> Iterator[PostLife]:
        """All living posts, oldest first."""
        yield from sorted(self._lives.values(), key=lambda life: (life.published_at, life.post_id))

    def is_fresh(self, life: PostLife) -> bool:
        """Whether this post is seen for the first time in this slice."""
        return life.post_id in self._fresh

    def window(self, life: PostLife, start: datetime, end: datetime) -> tuple[float, float]:
        """The slice in seconds since publication; a new post is lived from its first second."""
        low_s, high_s = life.window(start, end)
        return (min(low_s, 0.0) if self.is_fresh(life) else low_s), high_s

    def _is_alive(self, post: dict[str, Any], now: datetime, end: datetime) -> bool:
        published = parse_instant(str(post["published_at"]))
        return published < end and now < published + timedelta(hours=self.rates.life_of_post_hours + 1)

    def _forget_old(self, now: datetime) -> None:
        limit = timedelta(hours=self.rates.life_of_post_hours + 1)
        self._lives = {name: life for name, life in self._lives.items() if now < life.published_at + limit}

    def _tired(self, note: dict[str, Any], known: list[dict[str, Any]]) -> float:
        """The share of reach that repetition leaves: same crowd within a day, same words ever."""
        fatigue = self.rates.fatigue
        at = parse_instant(note["at"])
        before = [
            other for other in known if other["crowd"] == note["crowd"] and parse_instant(other["at"]) > at - timedelta(days=1)
        ]
        left = (1 - fatigue.loss_per_post) ** max(len(before) - fatigue.posts_without_fatigue + 1, 0)
        repeated = any(
            other["words"] == note["words"] and other["crowd"].split("/")[0] == note["crowd"].split("/")[0] for other in known
        )
        return left * (fatigue.repeated_text if repeated else 1.0)
