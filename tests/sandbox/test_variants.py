"""Who is shown what: a running paywall test, what was shipped, changes behind flags; and the truth of each is kept."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from revenue_machine.integrations.posthog import fake_store
from revenue_machine.kit.clock import iso
from revenue_machine.sandbox.catalogue import Fix, Paywall
from revenue_machine.sandbox.rates import WorldRates
from revenue_machine.sandbox.truth import Exposure, expose, true_rates
from revenue_machine.sandbox.variants import NOTHING, Deployed, ShippedPaywall, arms_of, fixed, paywall_of, read_deployed
from revenue_machine.sandbox.world import World
from tests.sandbox.stage import START, deploy, make_world

PEOPLE = [f"visitor_{number}" for number in range(4000)]
PAYWALL = Paywall(effect=1.5)
BUSY: dict[str, Any] = {
    "people": 30_000,
    "traffic": {"direct_visits_per_day": 1500, "visits_per_subscriber_per_day": 0},
    "history": {"subscribers": 0, "subscribers_spread": 0, "open_trials": 0},
    "funnel": {"click_to_signup": 0.5},
    "paywalls": {"everreach": {"effect": 1.5}},
    "fixes": {"everreach/trial_started": {"effect": 1.5}},
}


def shares(shipped: ShippedPaywall | None) -> dict[str, float]:
    met = Counter(paywall_of(7, PAYWALL, one, shipped) for one in PEOPLE)
    return {name: count / len(PEOPLE) for name, count in met.items()}


def busy_world(folder: Path) -> World:
    return make_world(folder, rates=WorldRates.model_validate(BUSY))


def test_a_running_test_halves_the_people() -> None:
    assert shares(None) == {"A": pytest.approx(0.5, abs=0.02), "B": pytest.approx(0.5, abs=0.02)}


def test_a_shipped_variant_keeps_its_holdout() -> None:
    shipped = ShippedPaywall(variant="B", holdout_variant="A", holdout_share=0.1)
    assert shares(shipped) == {"B": pytest.approx(0.9, abs=0.015), "A": pytest.approx(0.1, abs=0.015)}
    assert shares(ShippedPaywall(variant="A")) == {"A": 1.0}


def test_an_unknown_variant_shows_the_control() -> None:
    assert shares(ShippedPaywall(variant="C")) == {"A": 1.0}


def test_a_larger_share_only_adds_people() -> None:
    def treated(share: float) -> set[str]:
        deployed = Deployed.model_validate({"features": {"fix_a": {"share": share, "step": "trial"}}})
        return {one for one in PEOPLE if arms_of(7, deployed, "trial_started", one)["fix_a"]["arm"] == "treatment"}

    half, most = treated(0.5), treated(0.9)
    assert half < most
    assert len(half) == pytest.approx(2000, abs=100)
    assert len(most) == pytest.approx(3600, abs=100)


def test_a_change_is_met_at_its_own_step() -> None:
    features = {"fix_a": {"share": 1, "step": "signup"}, "gone": None, "odd": {"share": 1, "step": "nowhere"}}
    deployed = Deployed.model_validate({"features": features})
    assert arms_of(7, deployed, "signup", "visitor_1") == {"fix_a": {"arm": "treatment", "step": "signup"}}
    assert arms_of(7, deployed, "trial_started", "visitor_1") == {}


def test_a_broken_product_file_shows_the_beginning() -> None:
    assert read_deployed({"paywall": {"variant": 3}, "features": "all"}) == NOTHING


def test_average_of_a_running_test_is_the_seeds() -> None:
    for effect in (0.7, 1.0, 1.18, 1.6):
        paywall = Paywall(effect=effect)
        assert (paywall.factor("A") + paywall.factor("B")) / 2 == pytest.approx(1.0)
        assert paywall.factor("B") / paywall.factor("A") == pytest.approx(effect)


def test_a_second_change_mends_nothing_more() -> None:
    rates = WorldRates.model_validate({"fixes": {"everreach/signup": {"effect": 1.2}}})
    treated = {"arm": "treatment", "step": "signup"}
    assert fixed(rates, "everreach", "signup", {"one": treated}) == 1.2
    assert fixed(rates, "everreach", "signup", {"one": treated, "two": treated}) == 1.2
    assert fixed(rates, "everreach", "signup", {"one": {**treated, "arm": "control"}}) == 1.0
    assert fixed(rates, "everreach", "trial_started", {"one": treated}) == 1.0


def test_truth_averages_over_everybody(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    for number, chances in enumerate(({"control": 0.2, "treatment": 0.3}, {"control": 0.4, "treatment": 0.4})):
        expose(world.store, Exposure(START + timedelta(hours=number), "everreach", "fix_a", f"p{number}", "control", chances))
    (both,) = true_rates(world.store)
    assert both.people == 2
    assert both.effect("treatment", "control") == pytest.approx(0.05)
    (first,) = true_rates(world.store, START, START + timedelta(minutes=30))
    assert first.people == 1
    assert first.effect("treatment", "control") == pytest.approx(0.1)


def test_superwall_hears_what_the_truth_knows(tmp_path: Path) -> None:
    world = busy_world(tmp_path)
    world.turn_to(START + timedelta(days=1))
    (truth,) = [one for one in true_rates(world.store) if one.subject == "paywall"]
    assert truth.people > 200
    assert truth.effect("B", "A") == pytest.approx(0.36 * 2 / 2.5 * 0.5)
    days = [one for row in world.outside.state("superwall").list("day/9001") for one in row["cells"].values()]
    assert sum(one.get("opens", 0) for one in days) == truth.people
    assert 0.3 < sum(one.get("trials", 0) for one in days) / truth.people < 0.42


def test_a_flagged_change_reaches_analytics_and_truth(tmp_path: Path) -> None:
    world = busy_world(tmp_path)
    deploy(world, tmp_path, "everreach_pro", {"features": {"fix_a": {"share": 0.5, "step": "trial"}}})
    world.turn_to(START + timedelta(days=2))
    arms: dict[str, dict[str, set[str]]] = {}
    for event in ("signup", "trial_started"):
        for person, arm in flags_of(world, event):
            arms.setdefault(arm, {}).setdefault(event, set()).add(person)
    assert set(arms) == {"control", "treatment"}
    rate = {arm: len(held["trial_started"]) / len(held["signup"]) for arm, held in arms.items()}
    assert rate["treatment"] - rate["control"] > 0.08
    assert all(held["trial_started"] <= held["signup"] for held in arms.values())
    (truth,) = [one for one in true_rates(world.store) if one.subject == "fix_a"]
    assert truth.effect("treatment", "control") == pytest.approx(0.36 * 0.5, abs=0.01)


def flags_of(world: World, event: str) -> list[tuple[str, str]]:
    """(person, arm) of every event of that name that carries the flag."""
    held = fake_store.read(
        world.outside.state("posthog"), event, 0, fake_store.micros(START + timedelta(days=99)), ["$feature/fix_a"]
    )
    return [
        (person, str(arm)) for person, arm in zip(held.people, held.properties["$feature/fix_a"], strict=True) if arm is not None
    ]


def test_a_shipped_paywall_is_met_from_then_on(tmp_path: Path) -> None:
    world = busy_world(tmp_path)
    deploy(world, tmp_path, "everreach_pro", {"paywall": {"variant": "B", "holdout_variant": "A", "holdout_share": 0.1}})
    shipped_at = world.store.now()
    world.turn_to(START + timedelta(days=2))
    rows = world.store.run("select arm, count(*) from exposures where at >= ? group by 1", iso(shipped_at))
    met = dict(rows)
    assert met["A"] / sum(met.values()) == pytest.approx(0.1, abs=0.05)


def test_a_world_may_plant_no_effect(tmp_path: Path) -> None:
    rates = WorldRates.model_validate(BUSY).model_copy(update={"paywalls": {"everreach": Paywall(effect=1.0)}})
    rates = rates.model_copy(update={"fixes": {"everreach/trial_started": Fix(effect=1.0)}})
    world = make_world(tmp_path, rates=rates)
    world.turn_to(START + timedelta(hours=8))
    assert [one.effect("B", "A") for one in true_rates(world.store)] == [0.0]
