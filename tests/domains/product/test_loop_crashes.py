"""Dying at any moment of the loop leaves one experiment, one delegation per decision and one memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.domains.product.loop_house import BEGIN, DAY, LoopHouse, open_loop


class Died(BaseException):
    """The process is gone."""


@dataclass
class OneDeath:
    """Dies once, at one moment of one topic, when it comes to it the given time."""

    moment: str
    name: str
    wait: int = 0
    is_over: bool = False

    def reached(self, moment: str, name: str) -> None:
        if not self.is_over and moment == self.moment and name == self.name:
            self.is_over = self.wait == 0
            self.wait -= 1
            if self.is_over:
                raise Died


def survived(loop: LoopHouse, act: Callable[[], object]) -> None:
    """Do it; when the process dies meanwhile, the next one reviews."""
    try:
        act()
    except Died:
        loop.pass_time(seconds=1)
        loop.review()


TOPICS = (
    "experiments.open", "experiments.note", "acd.propose", "posthog.feature_flags", "experiments.look", "memory.write_knowledge",
    "experiments.close", "product.review",
)  # fmt: skip
PLACES = [(topic, moment, 0) for topic in TOPICS for moment in ("topic:before", "topic:acted")]
# The second call of these is the roll-out's, and the word to the book that the measure begins.
PLACES += [("acd.propose", "topic:acted", 1), ("experiments.note", "topic:acted", 1), ("experiments.note", "topic:acted", 3)]
# Two of them every time; all of them with `make proof`.
EVERY_TIME = {("acd.propose", "topic:acted", 0), ("memory.write_knowledge", "topic:acted", 0)}


@pytest.mark.parametrize(
    ("topic", "moment", "wait"),
    [place if place in EVERY_TIME else pytest.param(*place, marks=pytest.mark.proof) for place in PLACES],
)
def test_loop_survives_a_death(tmp_path: Path, topic: str, moment: str, wait: int) -> None:
    death = OneDeath(moment, topic, wait)
    with open_loop(tmp_path, moments=death) as loop:
        loop.people("old", BEGIN, 27 * DAY, (420, 105))
        survived(loop, loop.review)
        survived(loop, loop.build)
        (experiment,) = loop.ask("product.experiments")["experiments"]
        assert experiment["status"] == "measuring"
        loop.arms(str(experiment["flag"]), (160, 40), (160, 96))
        loop.pass_time(days=9, minutes=1)
        survived(loop, loop.review)
        survived(loop, loop.build)
        loop.pass_time(minutes=61)
        survived(loop, loop.review)
        row = loop.row(str(experiment["experiment_id"]))
        assert death.is_over
        assert (row["status"], row["follow_up_outcome"], row["finished_at"] is not None) == ("improved", "done", True)
        mine = [one["kind"] for one in loop.delegations(experiment_id=row["id"])]
        assert sorted(mine) == ["fix_step", "roll_out"]
        assert sum("improved. 96 of 160" in text for text in loop.memories()) == 1
        book = loop.ask("experiments.show", {"experiment_id": row["id"]})["experiment"]
        assert (book["status"], book["outcome"], book["holdout_share"]) == ("closed", "improved", 0.1)
