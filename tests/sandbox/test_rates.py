from __future__ import annotations

from pathlib import Path

import pytest

from revenue_machine.kit.errors import BadInput
from revenue_machine.sandbox.rates import WorldRates, from_toml


def test_printed_world_reads_back(tmp_path: Path) -> None:
    rates = WorldRates.model_validate({"people": 5000, "reach": 0.5, "funnel": {"trial_to_paid": 0.2}})
    (tmp_path / "world.toml").write_text(rates.to_toml(), encoding="utf-8")
    assert from_toml(tmp_path / "world.toml") == rates


def test_every_printed_number_has_a_comment() -> None:
    lines = WorldRates().to_toml().splitlines()
    funnel = lines[lines.index("[funnel]") + 1 : lines.index("[fatigue]") - 1]
    assert funnel[1] == "impression_to_click = 0.034"
    assert all(comment.startswith("# ") for comment in funnel[0::2])
    assert "price_micro_usd = 19990000" in lines


def test_a_partial_world_keeps_defaults(tmp_path: Path) -> None:
    (tmp_path / "world.toml").write_text("reach = 2.0\n[traffic]\nbots_per_post = 0.0\n", encoding="utf-8")
    rates = from_toml(tmp_path / "world.toml")
    assert (rates.reach, rates.traffic.bots_per_post, rates.people) == (2.0, 0.0, 100_000)


@pytest.mark.parametrize(
    ("text", "field"),
    [("peopel = 3", "peopel"), ("[funnel]\nrefunds = 2.0", "funnel.refunds"), ("people = [", "world")],
)
def test_a_wrong_world_names_its_mistake(tmp_path: Path, text: str, field: str) -> None:
    (tmp_path / "world.toml").write_text(text, encoding="utf-8")
    with pytest.raises(BadInput) as caught:
        from_toml(tmp_path / "world.toml")
    assert caught.value.field == field


def test_offers_cost_what_the_seed_says() -> None:
    offers = WorldRates().offers
    assert {name: (offer.price_micro_usd, offer.store) for name, offer in offers.items()} == {
        "everreach": (19_990_000, "revenuecat"),
        "kindletters": (9_990_000, "revenuecat"),
        "clientportal": (49_000_000, "stripe"),
    }


def test_conversion_rates_lie_in_the_seeds_bands() -> None:
    funnel = WorldRates().funnel
    assert 0.02 <= funnel.impression_to_click <= 0.05
    assert 0.10 <= funnel.click_to_signup <= 0.20
    assert 0.30 <= funnel.signup_to_trial <= 0.50
    assert 0.10 <= funnel.trial_to_paid <= 0.20
    assert funnel.month1_retention == 0.80


def test_hidden_effects_are_printed_and_checked(tmp_path: Path) -> None:
    lines = WorldRates().to_toml().splitlines()
    paywall = lines[lines.index("[paywalls.everreach]") :]
    assert paywall[6] == "effect = 1.18"
    assert '[fixes."everreach/trial_started"]' in lines
    (tmp_path / "world.toml").write_text("[paywalls.everreach]\neffect = 0\n", encoding="utf-8")
    with pytest.raises(BadInput) as caught:
        from_toml(tmp_path / "world.toml")
    assert caught.value.field == "paywalls.everreach.effect"
