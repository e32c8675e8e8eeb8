"""The whole product before the sandbox's fakes, with people who meet paywalls by exact numbers instead of by lot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from revenue_machine.app import App
from revenue_machine.domains.paywall import reads
from revenue_machine.engine.call import Moments
from revenue_machine.integrations.superwall import fake
from revenue_machine.kit.fakeserver import FakeState
from revenue_machine.sandbox.vendors import Outside
from tests.app_fixture import START, WorldClock, make_app
from tests.domains.delegation_house import House

PRODUCT, PRICE = "everreach_pro", 19_990_000
# Of PEOPLE a day with each variant, how many start a trial: B is better for certain, worse for certain, the same.
PEOPLE = 25
BETTER, WORSE, EQUAL = {"A": 5, "B": 14}, {"A": 14, "B": 5}, {"A": 6, "B": 6}
HELD_OUT = {"A": 5, "B": 45}


@dataclass(frozen=True)
class PaywallHouse(House):
    """Days of people at the paywall, evenings of metrics, and where the loop stands."""

    @property
    def superwall(self) -> FakeState:
        """The state of the pretend Superwall."""
        return self.outside.state("superwall")

    def day(self, number: int, trials: Mapping[str, int], people: Mapping[str, int] | None = None) -> None:
        """One day's people at the paywall (day 0 is START's), then that evening."""
        self.people(number, number, trials, people)
        self.evening(number)

    def people(self, first: int, last: int, trials: Mapping[str, int], people: Mapping[str, int] | None = None) -> None:
        """People of several days, both ends included; nobody looks meanwhile."""
        for number in range(first, last + 1):
            self.clock.move_to(max(self.clock.now(), START + timedelta(days=number, hours=1)))
            for name in sorted(trials):
                self.meet(number, name, PEOPLE if people is None else people[name], trials[name])

    def meet(self, number: int, name: str, people: int, trials: int) -> None:
        """People of a day with one variant."""
        at = START + timedelta(days=number, hours=1)
        for place in range(people):
            user = f"{name}-{number}-{place}"
            fake.public_open(self.superwall, user, PRODUCT, name, at + timedelta(seconds=place))
            if place < trials:
                fake.public_trial(self.superwall, user, PRODUCT, name, at=at + timedelta(minutes=2), price_micro_usd=PRICE)

    def evening(self, number: int) -> dict[str, Any]:
        """The metrics of 19:00 and everything that follows from them."""
        self.clock.move_to(max(self.clock.now(), START + timedelta(days=number, hours=13)))
        answer = self.ask("superwall.metrics", {}, key=f"day-{number}")
        self.app.ticker.tick(blocks=())
        return answer

    def test_of(self, trials: Mapping[str, int], days: int = 7, people: Mapping[str, int] | None = None) -> None:
        """A test found on the first evening, and looked at again when so many days are over."""
        self.day(0, trials, people)
        self.people(1, days - 1, trials, people)
        self.evening(days)

    def ship(self, decision: str = "approve") -> None:
        """The owner's answer to the one question there is, and time for the harness."""
        (card,) = self.app.approvals.cards()
        self.decide(card["id"], decision)
        before = self.loop()["state"]
        self.tick(minutes=1)
        for _ in range(24 if decision == "approve" else 0):
            if self.loop()["state"] != before:
                return
            self.tick(minutes=5)

    def measure_of(self, trials: Mapping[str, int], people: Mapping[str, int] = HELD_OUT, first: int = 8, days: int = 7) -> None:
        """A week against the holdout, and the evening after it."""
        self.people(first, first + days - 1, trials, people)
        self.evening(first + days)

    def loop(self) -> dict[str, Any]:
        """The row of the newest test."""
        with self.app.database.reading() as connection:
            return reads.newest_loops(connection, 1)[0]

    def memories(self) -> list[str]:
        """What is remembered of paywalls."""
        hits = self.ask("graph.search", {"query": "paywall instead of"})["hits"]
        return [hit["text"].partition(": ")[2] for hit in hits if " instead of " in hit["text"]]

    def charts_asked(self) -> int:
        """Requests to Superwall so far."""
        return int(self.outside.store.run("select count(*) from journal where service = 'superwall'")[0][0])


@contextmanager
def open_paywall_house(home: Path, *, moments: Moments | None = None, **env: str) -> Iterator[PaywallHouse]:
    """A running product; nobody has met a paywall yet."""
    made: tuple[App, Outside, WorldClock] = make_app(home, moments=moments, **env)
    try:
        yield PaywallHouse(*made)
    finally:
        made[0].close()
