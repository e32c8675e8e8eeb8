"""The posts people can still see, each with its life; what is new is known from the world's own notes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from revenue_machine.kit.clock import iso
from revenue_machine.sandbox.market import Market, Posted
from revenue_machine.sandbox.people import People
from revenue_machine.sandbox.postlife import PostLife, live
from revenue_machine.sandbox.rates import Fatigue, WorldRates
from revenue_machine.sandbox.reading import read_post
from revenue_machine.sandbox.store import ServiceState

_KIND = "post"
Note = dict[str, str]


@dataclass
class PostBook:
    """Reads the publisher's wall at the start of a slice and remembers the lives of the posts on it."""

    notes: ServiceState
    market: Market
    rates: WorldRates
    people: People

    def __post_init__(self) -> None:
        self._lives: dict[str, PostLife] = {}
        self._fresh: dict[str, Note] = {}
        self._known: dict[str, Note] = {note["id"]: note for note in self.notes.list(_KIND)}

    def look(self, now: datetime, end: datetime) -> None:
        """See what is public by the end of a slice; a post seen for the first time is judged against those before it."""
        span = timedelta(hours=self.rates.life_of_post_hours + 1)
        self._lives = {name: life for name, life in self._lives.items() if now < life.published_at + span}
        for post in self.market.posts():
            if post.at < end and now < post.at + span and post.post_id not in self._lives:
                self._meet(post)

    def _meet(self, post: Posted) -> None:
        reading = read_post(post.document, self.rates)
        note = self._known.get(post.post_id)
        if note is None:
            crowd = f"{reading.platform}/{reading.niche}"
            note = {"id": post.post_id, "at": iso(post.at), "crowd": crowd, "words": reading.words_hash}
            note["tired"] = repr(self._tired(note, post.at))
            self._fresh[post.post_id] = self._known[post.post_id] = note
        tired = float(note["tired"])
        self._lives[post.post_id] = live(self.rates, self.people, post.document, reading, seed=self.notes.seed, tired=tired)

    def settle(self) -> None:
        """Note that the new posts have been seen (inside the caller's transaction)."""
        for name, note in self._fresh.items():
            self.notes.put(_KIND, name, note)
        self._fresh = {}

    def lives(self) -> Iterator[PostLife]:
        """All living posts, oldest first."""
        yield from sorted(self._lives.values(), key=lambda life: (life.published_at, life.post_id))

    def _tired(self, note: Note, at: datetime) -> float:
        """The share of reach that repetition leaves: same crowd within a day, same words on the same network ever."""
        day_before = iso(at - timedelta(days=1))
        before = sum(other["crowd"] == note["crowd"] and other["at"] > day_before for other in self._known.values())
        repeated = any(other["words"] == note["words"] and _network(other) == _network(note) for other in self._known.values())
        return reach_left(self.rates.fatigue, before, is_repeated=repeated)


def reach_left(fatigue: Fatigue, before: int, *, is_repeated: bool) -> float:
    """The share of reach a post keeps when its crowd saw `before` posts in the day before."""
    left = (1 - fatigue.loss_per_post) ** max(before - fatigue.posts_without_fatigue + 1, 0)
    return left * (fatigue.repeated_text if is_repeated else 1.0)


def _network(note: Note) -> str:
    return note["crowd"].split("/")[0]
