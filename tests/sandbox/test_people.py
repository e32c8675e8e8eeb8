from __future__ import annotations

import numpy as np

from revenue_machine.sandbox.people import make_people
from revenue_machine.sandbox.rates import WorldRates

RATES = WorldRates.model_validate({"people": 20_000})


def test_same_seed_makes_same_people() -> None:
    first, second, other = make_people(7, RATES), make_people(7, RATES), make_people(8, RATES)
    assert first.taste.tobytes() == second.taste.tobytes()
    assert first.clicker.tobytes() == second.clicker.tobytes()
    assert first.clicker.tobytes() != other.clicker.tobytes()


def test_a_changed_platform_leaves_tastes_alone() -> None:
    platforms = {name: platform.model_copy(update={"people": 0.9}) for name, platform in RATES.platforms.items()}
    changed = make_people(7, RATES.model_copy(update={"platforms": platforms}))
    assert changed.taste.tobytes() == make_people(7, RATES).taste.tobytes()
    assert changed.on_platform.mean() > 0.88


def test_time_zones_hold_their_shares() -> None:
    people = make_people(7, RATES)
    assert people.zones[1] == "America/New_York"
    assert (np.diff(people.zone_edges) / len(people)).round(2).tolist() == [0.18, 0.36, 0.2, 0.16, 0.1]


def test_clickers_live_in_the_zone_asked_for_and_use_the_platform() -> None:
    people = make_people(7, RATES)
    zones = np.full(500, 2)
    picked = people.pick("x", "ai_automation", zones, np.linspace(0, 0.999, 500))
    assert picked.min() >= people.zone_edges[2]
    assert picked.max() < people.zone_edges[3]
    assert people.on_platform[picked, people.platforms.index("x")].all()


def test_people_click_what_they_like() -> None:
    people = make_people(7, RATES)
    picked = people.pick("x", "ai_automation", np.zeros(2000, dtype=np.int64), np.linspace(0, 0.999, 2000))
    column = people.niches.index("ai_automation")
    assert people.taste[picked, column].mean() > 1.6 * people.taste[:, column].mean()
