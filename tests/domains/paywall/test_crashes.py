"""Dying in any state of the loop: it goes on in a new process, asks once, delegates once, remembers once."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from tests.domains.paywall_house import BETTER, HELD_OUT, PaywallHouse, open_paywall_house

WON = {"A": 1, "B": 23}


class Died(BaseException):
    """The process is gone."""


@dataclass
class OneDeath:
    """Dies once, at one moment of the n-th call of a topic."""

    moment: str
    name: str
    place: int = 1
    is_over: bool = False

    def reached(self, moment: str, name: str) -> None:
        if self.is_over or (moment, name) != (self.moment, self.name):
            return
        self.place -= 1
        if self.place == 0:
            self.is_over = True
            raise Died


class Life:
    """One loop lived through any number of processes on the same disk."""

    def __init__(self, home: Path, death: OneDeath) -> None:
        self._home, self._death, self._stack = home, death, ExitStack()
        self.house = self._start()

    def _start(self) -> PaywallHouse:
        return self._stack.enter_context(open_paywall_house(self._home, moments=self._death))

    def do(self, act: Callable[[], None], after: str) -> None:
        """An act of the day; when it dies, a new process comes up two hours later and the clock goes on as it does."""
        try:
            act()
        except Died:
            died_at = self.house.now
            self._stack.close()
            self.house = self._start()
            self.house.clock.move_to(died_at)
            self.house.tick(hours=2)
            self.house.tick(minutes=1)
        if self.house.loop()["state"] != after:
            self.house.tick(hours=2)
        assert self.house.loop()["state"] == after, self.house.loop()["words"]

    def close(self) -> None:
        self._stack.close()


def live(home: Path, death: OneDeath) -> PaywallHouse:
    """From the first person at the paywall to the memory; the house is left open."""
    life = Life(home, death)
    life.house.people(0, 0, BETTER)
    life.do(lambda: _evening(life, 0), "testing")
    life.house.people(1, 6, BETTER)
    life.do(lambda: _evening(life, 7), "awaiting")
    life.do(lambda: life.house.ship(), "measuring")  # noqa: PLW0108 - the house may be another by then
    life.house.people(8, 14, WON, HELD_OUT)
    life.do(lambda: _evening(life, 15), "ended")
    return life.house


def _evening(life: Life, number: int) -> None:
    """Metrics and what follows; what died in it is taken up by the next process."""
    life.house.evening(number)


DEATHS = (
    ("topic:acted", "experiments.open", 1), ("topic:acted", "experiments.look", 1), ("topic:before", "acd.propose", 1),
    ("topic:acted", "acd.propose", 1), ("topic:acted", "experiments.note", 1), ("topic:before", "experiments.note", 2),
    ("topic:acted", "experiments.note", 2), ("topic:acted", "experiments.look", 2), ("topic:acted", "experiments.close", 1),
    ("topic:before", "memory.write_knowledge", 1), ("topic:acted", "memory.write_knowledge", 1),
)  # fmt: skip
QUICK = {("topic:acted", "acd.propose", 1)}


@pytest.mark.parametrize(
    ("moment", "name", "place"),
    [pytest.param(*one, marks=() if one in QUICK else pytest.mark.proof, id="-".join(map(str, one))) for one in DEATHS],
)
def test_loop_survives_a_death_in_every_state(tmp_path: Path, moment: str, name: str, place: int) -> None:
    death = OneDeath(moment, name, place)
    house = live(tmp_path, death)
    assert death.is_over, "the loop never came there"
    loop = house.loop()
    assert (loop["state"], loop["outcome"]) == ("ended", "improved")
    assert (house.questions(), house.starts(), len(house.rows()), len(house.memories())) == (1, 1, 1, 1)
    assert [one["outcome"] for one in house.events("experiment.closed")] == ["improved"]
    assert house.now < house.rows()[0]["created_at"] + timedelta(days=9)
    house.app.close()


def test_answer_before_the_loop_knows_its_question_is_heard(tmp_path: Path) -> None:
    death = OneDeath("topic:acted", "acd.propose")
    with open_paywall_house(tmp_path, moments=death) as house:
        with pytest.raises(Died):
            house.test_of(BETTER)
        died_at = house.now
    with open_paywall_house(tmp_path) as house:
        house.clock.move_to(died_at)
        assert house.loop()["state"] == "shipping"
        house.ship("reject")
        assert (house.loop()["state"], house.loop()["outcome"], house.questions()) == ("ended", "rejected", 1)
        house.tick(hours=3)
        house.evening(8)
        assert (house.questions(), len(house.rows()), house.starts()) == (1, 1, 0)
