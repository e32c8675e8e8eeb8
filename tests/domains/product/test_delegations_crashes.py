"""Dying at any moment of a delegation leaves one question, one run and one end."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from revenue_machine.engine.call import Call
from tests.domains.delegation_house import PAYWALL, House, open_house


class Died(BaseException):
    """The process is gone."""


@dataclass
class OneDeath:
    """Dies once, at one moment of one thing."""

    moment: str
    name: str
    is_over: bool = True

    def reached(self, moment: str, name: str) -> None:
        if not self.is_over and moment == self.moment and name.startswith(self.name):
            self.is_over = True
            raise Died


STARTING = [
    ("topic:before", "system.delegate_to_acd"), ("effect:before", "acd.start"), ("effect:acted", "acd.start"),
    ("effect:recorded", "acd.start"), ("topic:acted", "system.delegate_to_acd"),
]  # fmt: skip


def approved(house: House) -> tuple[Call, dict[str, object], str]:
    """The call a yes stands for, before the clock runs it."""
    asked = house.propose()
    house.decide(asked["approval_id"])
    card = house.app.approvals.find(asked["approval_id"])
    key = f"delegation/{asked['delegation_id']}"
    return Call("system.delegate_to_acd", key, "run/1", approval_id=card["id"]), card["payload"], str(asked["delegation_id"])


@pytest.mark.parametrize(("moment", "name"), STARTING)
def test_start_survives_a_death(tmp_path: Path, moment: str, name: str) -> None:
    death = OneDeath(moment, name)
    with open_house(tmp_path, death) as house:
        call, payload, delegation_id = approved(house)
        death.is_over = False
        with pytest.raises(Died):
            house.app.dispatcher.call(call, payload)
        assert death.is_over
        again = house.app.dispatcher.call(call, payload)
        assert again.ok, again.error
        house.finish()
        assert house.row(delegation_id)["status"] == "done"
        assert (len(house.runs()), house.questions(), len(house.events("delegation.ended"))) == (1, 1, 1)


@pytest.mark.parametrize(
    "moment", ["effect:acted", *(pytest.param(one, marks=pytest.mark.proof) for one in ("effect:before", "effect:recorded"))]
)
def test_poll_finishes_what_a_death_began(tmp_path: Path, moment: str) -> None:
    """The run that started it never comes back: the next look finds it by its reference."""
    death = OneDeath(moment, "acd.start")
    with open_house(tmp_path, death) as house:
        call, payload, delegation_id = approved(house)
        death.is_over = False
        with pytest.raises(Died):
            house.app.dispatcher.call(call, payload)
        assert house.row(delegation_id)["status"] == "starting"
        house.wait(minutes=2)
        house.ask("acd.poll")
        assert house.row(delegation_id)["status"] == "running"
        house.finish()
        assert (house.row(delegation_id)["status"], len(house.runs())) == ("done", 1)


@pytest.mark.proof
@pytest.mark.parametrize("moment", ["topic:before", "topic:acted"])
def test_question_survives_a_death(tmp_path: Path, moment: str) -> None:
    death = OneDeath(moment, "acd.propose", is_over=False)
    with open_house(tmp_path, death) as house:
        with pytest.raises(Died):
            house.app.call("acd.propose", dict(PAYWALL), key="loop")
        house.propose()
        assert (house.questions(), len(house.rows())) == (1, 1)


@pytest.mark.proof
@pytest.mark.parametrize("moment", ["effect:before", "effect:acted", "effect:recorded"])
def test_stop_survives_a_death(tmp_path: Path, moment: str) -> None:
    death = OneDeath(moment, "acd.stop")
    with open_house(tmp_path, death) as house:
        call, payload, delegation_id = approved(house)
        house.app.dispatcher.call(call, payload)
        death.is_over = False
        with pytest.raises(Died):
            house.ask("acd.stop_harness", {"project": "everreach_pro"})
        assert house.row(delegation_id)["status"] == "running"
        house.ask("acd.stop_harness", {"project": "everreach_pro"})
        assert [run["status"] for run in house.runs()] == ["stopped"]
        assert house.row(delegation_id)["status"] == "stopped"
        assert len(house.events("delegation.ended")) == 1


class Killer:
    """Kills the process for good at one moment."""

    def __init__(self, moment: str, name: str) -> None:
        self.moment, self.name = moment, name

    def reached(self, moment: str, name: str) -> None:
        if moment == self.moment and name.startswith(self.name):
            os.kill(os.getpid(), signal.SIGKILL)


# One of them every time, the rest with the proofs: each is two lives of a whole house.
KILLS = [
    ("topic:acted", "acd.propose"), ("effect:before", "acd.start"), ("effect:acted", "acd.start"), ("effect:recorded", "acd.start"),
    ("topic:acted", "system.delegate_to_acd"), ("topic:recorded", "system.delegate_to_acd"), ("topic:before", "acd.poll"),
    ("topic:acted", "acd.poll"), ("topic:recorded", "acd.poll"),
]  # fmt: skip


def live(house: House, minutes: int) -> str:
    """Propose, say yes, and let the clock run."""
    asked = house.propose()
    if asked["is_new"]:
        house.decide(asked["approval_id"])
    for _ in range(minutes // 5):
        house.tick(minutes=5)
    return str(asked["delegation_id"])


@pytest.mark.parametrize(
    ("moment", "name"), [one if one == KILLS[2] else pytest.param(*one, marks=pytest.mark.proof) for one in KILLS]
)
def test_kill_9_at_any_moment_resumes(tmp_path: Path, moment: str, name: str) -> None:
    child = os.fork()
    if child == 0:
        with open_house(tmp_path, Killer(moment, name)) as house:
            live(house, 60)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    with open_house(tmp_path) as house:
        asked = house.propose()
        card = house.app.approvals.find(str(asked["approval_id"]))
        if card["status"] == "pending":
            house.decide(card["id"])
        house.app.durable.launch()
        for _ in range(20):
            house.tick(minutes=5)
        row = house.row(asked["delegation_id"])
        assert (row["status"], asked["is_new"]) == ("done", False)
        assert (len(house.runs()), house.questions(), len(house.events("delegation.ended"))) == (1, 1, 1)
        assert house.product()["paywall"]["variant"] == "B"


def test_two_processes_start_one_run(slow_database_url: str, tmp_path: Path) -> None:
    env = {"REVENUE_DATABASE_URL": slow_database_url}
    with open_house(tmp_path, None, **env) as house:
        _call, _payload, delegation_id = approved(house)
    children = []
    for _ in range(3):
        child = os.fork()
        if child == 0:
            with open_house(tmp_path, None, **env) as house:
                house.clock.move_to(house.now + timedelta(minutes=1))
                house.app.ticker.tick(blocks=())
            os._exit(0)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0]
    with open_house(tmp_path, None, **env) as house:
        house.clock.move_to(house.now + timedelta(minutes=2))
        house.finish(60)
        assert house.row(delegation_id)["status"] == "done"
        assert (len(house.runs()), house.starts(), len(house.events("delegation.ended"))) == (1, 1, 1)
