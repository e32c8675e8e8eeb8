"""The pretend market's time: people live slice by slice, then vendors catch up, then webhooks go out."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from revenue_machine.kit.clock import iso, parse_instant
from revenue_machine.sandbox import agenda, behaviours, truth, variants
from revenue_machine.sandbox.agenda import Due
from revenue_machine.sandbox.delivery import Delivery
from revenue_machine.sandbox.frontdoor import ClosedDoor, FrontDoor, Knock, Reply
from revenue_machine.sandbox.market import Market
from revenue_machine.sandbox.rates import WorldRates
from revenue_machine.sandbox.store import ServiceState, WorldStore
from revenue_machine.sandbox.vendors import Outside

if TYPE_CHECKING:
    from revenue_machine.sandbox.people import People
    from revenue_machine.sandbox.postbook import PostBook

OWN = "world"


class MovableClock(Protocol):
    """A clock the world pushes: `kit.clock.PushedClock`, `FileClock`."""

    def move_to(self, instant: datetime) -> None: ...


class Behaviour(Protocol):
    """One file in `behaviours/`: how people react to one thing."""

    __name__: str

    def turn(self, world: World, start: datetime, end: datetime) -> None:
        """Live one slice of time."""
        ...


class StoreClock:
    """The business clock of a product that lives in this world."""

    def __init__(self, store: WorldStore) -> None:
        self._store = store

    def now(self) -> datetime:
        return self._store.now()


class World:
    """A market that stands still until `turn_to`; all it remembers is in its store.

    Without `is_inhabited` only vendors and webhooks move in it.
    """

    def __init__(
        self,
        place: Path | WorldStore,
        seed: int,
        rates: WorldRates | None = None,
        clock: MovableClock | None = None,
        door: FrontDoor | None = None,
        *,
        is_inhabited: bool = True,
    ) -> None:
        self.store = place if isinstance(place, WorldStore) else WorldStore(place / "world.db")
        self.seed = seed
        self.rates = rates or WorldRates()
        self.outside = Outside(self.store, seed)
        self.market = Market(self.outside)
        self.door: FrontDoor = door or ClosedDoor()
        self._clock = clock
        self._is_inhabited = is_inhabited
        self._deployed: dict[str, variants.Deployed] = {}

    @cached_property
    def _behaviours(self) -> list[Behaviour]:
        return discover() if self._is_inhabited else []

    @cached_property
    def people(self) -> People:
        """Everybody, made anew from the seed; numpy is loaded only when somebody lives."""
        from revenue_machine.sandbox.people import make_people

        return make_people(self.seed, self.rates)

    @cached_property
    def posts(self) -> PostBook:
        """What can be seen on the networks."""
        from revenue_machine.sandbox.postbook import PostBook

        return PostBook(self.notes, self.market, self.rates, self.people)

    @property
    def notes(self) -> ServiceState:
        """The world's own documents; no fake sees them."""
        return ServiceState(self.store, OWN, self.seed)

    def begin(self, start: datetime) -> None:
        """Start the world's time and write what was before; an old world goes on where it stopped."""
        if self.store.setting("began") is None:
            with self.store.together():
                self.store.move_to(start)
                if self._is_inhabited:
                    from revenue_machine.sandbox.history import write_history

                    write_history(self, start)
                self.store.move_to(start)
                self.market.advance()
                self.store.run("update hooks set delivered_at = ? where delivered_at is null", iso(start))
                self.store.set_setting("began", iso(start))
        self._move(self.store.now())

    def begin_again(self) -> None:
        """Forget everything that happened and stand where the world began."""
        start = self.store.setting("began")
        with self.store.together():
            self.store.reset()
            self.store.run("delete from settings where name in ('began', 'scenario')")
        self.__dict__.pop("posts", None)
        self.begin(parse_instant(start) if start is not None else self.store.now())

    def turn_to(self, instant: datetime) -> None:
        """Let people live, vendors work and webhooks arrive until an instant; never backwards."""
        now = self.store.now()
        while now < instant:
            end = min(_next_hour(now), instant.astimezone(UTC))
            self._slice(now, end)
            now = end

    def deployed(self, offer: str) -> variants.Deployed:
        """What the offer's product shows, as it stood when the slice of time began."""
        if offer not in self._deployed:
            self._deployed[offer] = variants.read_deployed(self.market.product(self.rates.offers[offer].product))
        return self._deployed[offer]

    def _slice(self, start: datetime, end: datetime) -> None:
        self._deployed.clear()
        if self._is_inhabited:
            self.posts.look(start, end)
        for behaviour in self._behaviours:
            since = self._lived_until(_name(behaviour)) or start
            if since < end:
                behaviour.turn(self, max(since, start), end)
        with self.store.together():
            if self._is_inhabited:
                self.posts.settle()
            self.store.move_to(end)
            self.market.advance()
        self._move(end)
        self.deliver()

    def set_back(self, instant: datetime) -> None:
        """Put the clock back without undoing anything; nobody lives the same hour twice."""
        self.store.move_to(instant)
        self._move(instant)

    def deliver(self) -> int:
        """Bring due webhooks to the door; how many were accepted."""
        return Delivery(self.outside, self.door, self.seed).deliver()

    def knock(self, knocks: Sequence[Knock]) -> list[Reply]:
        """Requests at the product's door; never inside `living`, where the product could not reach the fakes."""
        if self.store.is_in_transaction:
            raise RuntimeError("knock before living: a transaction is open")
        return self.door.batch(knocks) if knocks else []

    @contextmanager
    def living(self, behaviour: str, end: datetime) -> Iterator[None]:
        """What a behaviour writes in one slice: all of it once, or nothing."""
        with self.store.together():
            now = self.store.now()
            yield
            self.store.move_to(now)
            self.store.run(
                "insert into lived values (?, ?) on conflict (behaviour) do update set until = excluded.until", behaviour, iso(end)
            )

    def set_time(self, instant: datetime) -> None:
        """The moment in which the next deed happens (inside `living` only)."""
        self.store.move_to(instant)

    def plan(self, due: Due) -> None:
        """Somebody means to do this later."""
        agenda.plan(self.store, due)

    def take_due(self, before: datetime) -> Due | None:
        """The earliest plan due before an instant, taken off the agenda."""
        return agenda.take(self.store, before)

    def note(self, deed: truth.Deed) -> None:
        """Write the truth down."""
        truth.note(self.store, deed)

    def expose(self, exposure: truth.Exposure) -> None:
        """Write down who met which test, and what each arm would have meant to them."""
        truth.expose(self.store, exposure)

    def _lived_until(self, behaviour: str) -> datetime | None:
        rows = self.store.run("select until from lived where behaviour = ?", behaviour)
        return parse_instant(rows[0][0]) if rows else None

    def _move(self, instant: datetime) -> None:
        if self._clock is not None:
            self._clock.move_to(instant)


def discover() -> list[Behaviour]:
    """Every behaviour, in the order of `ORDER` and name."""
    found: list[Any] = [
        importlib.import_module(f"{behaviours.__name__}.{module.name}") for module in pkgutil.iter_modules(behaviours.__path__)
    ]
    return sorted(found, key=lambda one: (getattr(one, "ORDER", 5), one.__name__))


def _name(behaviour: Behaviour) -> str:
    return behaviour.__name__.rsplit(".", 1)[-1]


def _next_hour(now: datetime) -> datetime:
    return now.astimezone(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
