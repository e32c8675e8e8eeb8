"""Dying in any state of a store experiment resumes it, asks once, starts once; the same on both databases."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from revenue_machine.engine.call import Call
from revenue_machine.integrations.app_store import fake as store
from revenue_machine.kit.ids import content_hash
from tests.domains.aso_house import KIND, PAGE, SUBTITLE, AsoHouse, open_house


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


@pytest.mark.parametrize(
    ("moment", "name"), [("topic:before", "acd.propose"), ("topic:acted", "acd.propose"), ("topic:acted", "aso.propose")]
)
def test_proposal_survives_a_death(tmp_path: Path, moment: str, name: str) -> None:
    death = OneDeath(moment, name)
    with open_house(tmp_path, death) as house:
        house.open_shop()
        death.is_over = False
        with pytest.raises(Died):
            house.app.call("aso.propose", dict(SUBTITLE), key="one")
        assert death.is_over
        house.review()
        (row,) = house.all()
        assert (row["status"], row["approval_id"] is not None) == ("awaiting_approval", True)
        assert (len(house.rows()), house.questions()) == (1, 1)


STEPS = ("create_experiment", "create_treatment", "create_localization", "start_experiment")


@pytest.mark.parametrize("moment", ["effect:before", "effect:acted", "effect:recorded"])
@pytest.mark.parametrize("step", STEPS)
def test_start_survives_a_death(tmp_path: Path, moment: str, step: str) -> None:
    death = OneDeath(moment, f"app_store.{step}")
    with open_house(tmp_path, death) as house:
        house.open_shop()
        call, payload = approved(house, has_pictures=step == "create_localization")
        death.is_over = False
        with pytest.raises(Died):
            house.app.dispatcher.call(call, payload)
        again = house.app.dispatcher.call(call, payload)
        if step != "create_localization":
            assert again.ok, again.error
            assert house.all()[0]["status"] == "running"
            assert len(store.public_tests(house.shop, KIND)) == 1
        kinds = ("experiment", "treatment", "treatment_localization")
        assert [len(house.shop.list(kind)) for kind in kinds] == [1, 1, int(step == "create_localization")]


def approved(house: AsoHouse, *, has_pictures: bool) -> tuple[Call, dict[str, object]]:
    """The call an approved question stands for, before the clock runs it."""
    only_icons = {"treatments": [{"name": "blue", "icon": "BlueIcon"}], "locales": []}
    house.ask("aso.propose", {**PAGE, **({} if has_pictures else only_icons)}, key="page")
    (card,) = house.app.approvals.cards()
    house.decide(card["id"])
    house.app.events.drain()
    return Call("aso.start", f"aso/{house.all()[0]['id']}", "run/1", approval_id=card["id"]), card["payload"]


@pytest.mark.parametrize(
    ("moment", "name"), [("topic:before", "memory."), ("topic:acted", "memory."), ("topic:acted", "aso.review")]
)
def test_ending_survives_a_death(tmp_path: Path, moment: str, name: str) -> None:
    death = OneDeath(moment, name)
    with open_house(tmp_path, death) as house:
        aso_id = str(house.try_subtitle()["aso_id"])
        house.carry_out(aso_id)
        house.ask("aso.record_result", {"aso_id": aso_id, "live_on": house.now.date().isoformat()}, key="live")
        house.wait(days=17)
        house.keep_figures(120, 1.3)
        death.is_over = False
        with pytest.raises(Died):
            house.review()
        house.wait(days=1)
        house.review()
        row = house.one(aso_id)
        assert (row["status"], row["remembered_at"] is not None) == ("improved", True)
        assert len([one for one in house.remembered() if "evidence" in one]) == 1


def test_lost_answer_of_a_stop_is_settled(tmp_path: Path) -> None:
    with open_house(tmp_path) as house:
        house.open_shop()
        call, payload = approved(house, has_pictures=False)
        assert house.app.dispatcher.call(call, payload).ok
        house.outside.add_fault("app_store", "/v2/appStoreVersionExperiments/", "act_then_drop", 1)
        wish = {"aso_id": house.all()[0]["id"], "stop": True}
        assert house.refused("aso.record_result", wish)[0] in ("outcome_unknown", "outside_unavailable")
        again = house.ask("aso.record_result", wish, key="again")
        assert (again["status"], store.public_tests(house.shop, KIND)) == ("inconclusive", {})


def lived(house: AsoHouse) -> list[str]:
    """Hashes of what a text change and a page test leave behind."""
    house.open_shop()
    house.judged(1.3)
    house.ask("aso.propose", {**PAGE, "app": "everreach_pro"}, key="page")
    found = [
        [_exact(row) for row in house.all()],
        house.ask("aso.experiments", {"which": "all"}, key="all"),
        sorted(house.remembered()),
    ]
    return [content_hash(json.dumps(one, sort_keys=True, default=str)) for one in found]


def _exact(row: dict[str, object]) -> dict[str, object]:
    """Without the generated dollars, which are a float here and a decimal there."""
    return {name: value for name, value in row.items() if not name.endswith("_usd") or name.endswith("_micro_usd")}


def test_both_databases_keep_the_same(database_url: str, tmp_path: Path) -> None:
    found = []
    for name, url in (("plain", f"sqlite:///{tmp_path}/plain.db"), ("other", database_url)):
        (tmp_path / name).mkdir()
        with open_house(tmp_path / name, None, REVENUE_DATABASE_URL=url) as house:
            found.append(lived(house))
            assert sorted(row["status"] for row in house.all()) == ["awaiting_approval", "improved"]
    assert found[0] == found[1]


def test_one_place_per_app_on_both_databases(database_url: str, tmp_path: Path) -> None:
    with open_house(tmp_path, REVENUE_DATABASE_URL=database_url) as house:
        first = house.try_subtitle()
        second = house.try_subtitle(experiment_type="keywords", new_text="warm,letter")
        assert [first["status"], second["status"]] == ["awaiting_approval", "proposed"]
        house.decide(str(first["approval_id"]), "reject")
        house.tick()
        house.review()
        assert house.one(second["aso_id"])["status"] == "awaiting_approval"
