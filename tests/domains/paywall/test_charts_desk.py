"""Which app is which product, and what charts call the numbers that are needed."""

from __future__ import annotations

from pathlib import Path

import pytest

from revenue_machine.domains.owner.owner_file import EXAMPLE
from revenue_machine.integrations.superwall import fake
from tests.app_fixture import START
from tests.domains.paywall_house import BETTER, EQUAL, PRODUCT, PaywallHouse, open_paywall_house


def test_app_is_named_by_the_owner(tmp_path: Path) -> None:
    text = EXAMPLE.read_text(encoding="utf-8").replace('key = "clientportal"\n', 'key = "clientportal"\nsuperwall_app = "1"\n', 1)
    (tmp_path / "mine.toml").write_text(text, encoding="utf-8")
    with open_paywall_house(tmp_path, REVENUE_CONFIG=str(tmp_path / "mine.toml")) as house:
        fake.public_open(house.superwall, "ann", "portal-2026", "A", START)
        assert house.evening(0)["notes"] == []
        assert house.loop()["product"] == "clientportal"


def test_unknown_metric_names_the_setting(tmp_path: Path) -> None:
    with open_paywall_house(tmp_path, REVENUE_SUPERWALL__USERS_METRIC="visitors") as house:
        fake.public_open(house.superwall, "ann", PRODUCT, "A", START)
        code, message = house.refused("superwall.metrics", {})
    assert code == "contract_broken"
    assert "set REVENUE_SUPERWALL__USERS_METRIC to one of paywallUsers, paywallOpens, conversions" in message


@pytest.mark.proof
def test_owner_chooses_the_metric(tmp_path: Path) -> None:
    with open_paywall_house(tmp_path, REVENUE_SUPERWALL__TRIALS_METRIC="subscription_starts") as house:
        house.day(0, BETTER)
        house.day(1, BETTER)
        assert {one["name"]: one["trials"] for one in house.ask("superwall.metrics", {})["variants"]} == {"A": 0, "B": 0}


@pytest.mark.proof
def test_two_variants_of_one_paywall_are_told_apart(house: PaywallHouse) -> None:
    house.day(0, EQUAL)
    campaign = house.superwall.list("campaign")[0]
    first, second = campaign["variants"]
    again = fake.public_experiment(house.superwall, PRODUCT)
    newest = house.superwall.list("campaign")[1]
    newest["variants"][1]["paywall"] = newest["variants"][0]["paywall"]
    house.superwall.put("campaign", newest["id"], newest)
    assert (first["paywall"], second["paywall"], again) == ("2001", "2002", "9002")
    house.day(1, EQUAL)
    assert house.loop()["arms"] == ["A (70003)", "A (70004)"]
