"""Dying at any moment of a hand-over or a draft leaves one question, one task, one booking."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from revenue_machine.engine.call import Call
from tests.domains.upwork_house import House, open_house


class Died(BaseException):
    """The process is gone."""


@dataclass
class OneDeath:
    """Dies once, at one moment of one thing."""

    moment: str
    name: str
    is_over: bool = False

    def reached(self, moment: str, name: str) -> None:
        if not self.is_over and moment == self.moment and name.startswith(self.name):
            self.is_over = True
            raise Died


MOMENTS = ("effect:before", "effect:acted", "effect:recorded", "topic:acted")


@pytest.mark.parametrize("moment", MOMENTS)
def test_draft_survives_a_death(tmp_path: Path, moment: str) -> None:
    death = OneDeath(moment, "upwork.propose" if moment == "topic:acted" else "anthropic.complete")
    with open_house(tmp_path, death) as house:
        house.post()
        with pytest.raises(Died):
            house.ask("upwork.scan", key="morning")
        house.ask("upwork.scan", key="morning")
        assert death.is_over
        assert len(house.app.approvals.cards(None)) == 1
        assert [row["status"] for row in house.rows()] == ["drafted"]


@pytest.mark.parametrize("moment", MOMENTS)
def test_hand_over_survives_a_death(tmp_path: Path, moment: str) -> None:
    death = OneDeath(moment, "upwork.propose" if moment == "topic:acted" else "upwork.hand_over", is_over=True)
    with open_house(tmp_path, death) as house:
        house.post()
        house.ask("upwork.scan")
        call, payload = _approved(house)
        death.is_over = False
        with pytest.raises(Died):
            house.app.dispatcher.call(call, payload)
        again = house.app.dispatcher.call(call, payload)
        assert again.ok, again.error
        assert len(house.app.handwork.cards(None)) == 1
        house.press()
        assert [row["status"] for row in house.rows()] == ["submitted"]
        assert len(house.ledger("connects")) == 1


def _approved(house: House) -> tuple[Call, dict[str, object]]:
    """The call an approved question stands for, before the clock runs it."""
    (card,) = house.app.approvals.cards()
    house.app.approvals.decide(card["id"], "approve", card["payload_hash"], actor="owner")
    key = f"proposal/{house.rows()[0]['id']}"
    return Call("upwork.propose", key, "run/1", approval_id=card["id"]), card["payload"]
