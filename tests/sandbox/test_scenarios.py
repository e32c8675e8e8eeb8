from __future__ import annotations

from pathlib import Path

import pytest

from revenue_machine.kit.clock import iso
from revenue_machine.kit.errors import BadInput
from revenue_machine.sandbox.rates import WorldRates
from revenue_machine.sandbox.scenarios import SCENARIOS, scenario_named
from tests.sandbox.stage import START, make_world


def test_the_named_scenarios_exist() -> None:
    assert {"quiet_week", "viral_post", "budget_blowout", "provider_down"} <= set(SCENARIOS)
    assert scenario_named(None).name == "quiet_week"


def test_an_unknown_scenario_names_the_others() -> None:
    with pytest.raises(BadInput, match="quiet_week"):
        scenario_named("noisy")


def test_scenarios_turn_the_world() -> None:
    assert scenario_named("quiet_week").rates(WorldRates()) == WorldRates().model_copy(update={"viral_chance": 0.0})
    assert scenario_named("thin_market").rates(WorldRates()).reach == pytest.approx(0.35)
    assert scenario_named("viral_post").rates(WorldRates()).viral_factor == 40.0


def test_troubles_stand_once_in_their_time(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    scenario_named("provider_down").stand(world.store, START)
    scenario_named("provider_down").stand(world.store, START)
    rows = world.store.run("select service, kind, starts_at, ends_at from faults where service = 'blotato'")
    assert rows == [("blotato", "down", iso(START.replace(hour=11)), iso(START.replace(hour=15)))]


def test_a_deciding_world_has_a_crowd_at_one_door() -> None:
    rates = scenario_named("deciding").rates(WorldRates())
    assert rates.traffic.direct_visits_per_day == 1000.0
    assert rates.offers["everreach"].weight == 0.9
    assert rates.paywalls["everreach"].effect == 1.4
    assert rates.fixes["everreach/signup"].effect == 1.3
    assert rates.fixes["kindletters/signup"] == WorldRates().fixes["kindletters/signup"]
