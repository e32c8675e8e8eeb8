"""What charts may do to a running test: shrink, repeat a day, come late, lose it, change it; and Superwall gone altogether."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from revenue_machine.domains.owner.models import Business
from revenue_machine.domains.paywall import reads
from revenue_machine.domains.paywall.metrics_desk import PaywallMetrics
from revenue_machine.domains.paywall.models import AppArgs
from revenue_machine.engine.clients import Clients
from revenue_machine.integrations.superwall import fake
from revenue_machine.integrations.superwall.superwall_client import SuperwallClient
from revenue_machine.kit.errors import NotConfigured
from revenue_machine.kit.settings import ServiceSettings
from tests.app_fixture import START
from tests.domains.paywall_house import BETTER, EQUAL, PEOPLE, PRICE, PRODUCT, PaywallHouse


def counted(house: PaywallHouse, phase: str = "test") -> list[tuple[str, dict[str, int], str | None]]:
    """(date, people by variant, trouble) of every evening's counts."""
    with house.app.database.reading() as connection:
        rows = reads.counts(connection, house.loop()["id"], phase)
    return [(row["on_date"].isoformat(), {one.name: one.users for one in reads.arms_of(row)}, row["trouble"]) for row in rows]


def vendor_loses(house: PaywallHouse, variant: str, days: int) -> None:
    """Superwall takes the first days of a variant back."""
    for number in range(days):
        day = (START + timedelta(days=number)).date().isoformat()
        house.superwall.drop("day/9001", f"{variant}/{day}")


def test_only_complete_days_are_counted(house: PaywallHouse) -> None:
    house.day(0, EQUAL)
    assert counted(house) == []
    house.day(1, EQUAL)
    assert counted(house) == [("2026-11-02", {"A": 25, "B": 25}, None)]


@pytest.mark.proof
def test_same_evening_twice_is_one_look(house: PaywallHouse) -> None:
    house.day(0, EQUAL)
    house.day(1, EQUAL)
    before = house.ask("experiments.show", {"experiment_id": house.loop()["id"]})["looks"]
    house.evening(1)
    house.ask("superwall.ab_test", {"experiment_id": house.loop()["id"]})
    assert house.ask("experiments.show", {"experiment_id": house.loop()["id"]})["looks"] == before
    assert len(counted(house)) == 1


def test_late_reports_of_old_days_are_counted(house: PaywallHouse) -> None:
    house.day(0, EQUAL)
    house.day(1, EQUAL)
    for place in range(5):
        fake.public_trial(house.superwall, f"A-0-{20 + place}", PRODUCT, "A", at=START + timedelta(hours=2), price_micro_usd=PRICE)
    house.day(2, EQUAL)
    newest = house.ask("experiments.show", {"experiment_id": house.loop()["id"]})["looks"][-1]
    assert {one["name"]: one["conversions"] for one in newest["counts"]} == {"A": 17, "B": 12}


def test_shrinking_charts_decide_nothing_and_end_unhealthy(house: PaywallHouse) -> None:
    house.test_of(BETTER, days=6)
    vendor_loses(house, "70001", 4)
    for evening, state in ((7, "testing"), (8, "testing"), (9, "ended")):
        house.evening(evening)
        assert house.loop()["state"] == state
    assert counted(house)[1][2] == "charts went backward: A has 50 people, it had 150"
    assert (house.loop()["outcome"], house.questions()) == ("unhealthy", 0)
    assert "3 evenings in a row" in house.memories()[0]


@pytest.mark.proof
def test_charts_that_recover_go_on(house: PaywallHouse) -> None:
    house.test_of(BETTER, days=6)
    held = house.superwall.get("day/9001", "70001/2026-11-02")
    assert held is not None
    vendor_loses(house, "70001", 2)
    house.evening(7)
    assert (house.loop()["state"], house.loop()["bad_days"]) == ("testing", 1)
    house.superwall.put("day/9001", "70001/2026-11-02", held)
    house.people(6, 7, BETTER)
    house.evening(8)
    assert (house.loop()["state"], house.loop()["winner"]) == ("awaiting", "B")


@pytest.mark.parametrize("what", ["campaign", "application"])
def test_vanished_experiment_ends_unhealthy(house: PaywallHouse, what: str) -> None:
    house.day(0, EQUAL)
    house.day(1, EQUAL)
    if what == "campaign":
        fake.public_end_experiment(house.superwall, PRODUCT)
    else:
        house.superwall.drop("application", PRODUCT)
    for number in (2, 3, 4):
        assert house.loop()["state"] == "testing"
        house.evening(number)
    assert (house.loop()["state"], house.loop()["outcome"]) == ("ended", "unhealthy")
    assert "vanished from Superwall's charts, 3 evenings in a row. 50 people were counted" in house.memories()[0]


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"A": 40, "B": 40, "C": 20}, "variant C was added while the test ran"),
        ({"A": 90, "B": 10}, "percentages were changed while the test ran (A 50% -> 90%, B 50% -> 10%)"),
        ({"A": 100, "B": 0}, "variant B was taken out while the test ran"),
    ],
    ids=["added", "moved", "removed"],
)
def test_meddling_ends_the_test_saying_why(house: PaywallHouse, changed: dict[str, float], why: str) -> None:
    house.day(0, BETTER)
    fake.public_percentages(house.superwall, PRODUCT, changed)
    house.day(1, BETTER)
    assert (house.loop()["state"], house.loop()["outcome"]) == ("ended", "unhealthy")
    assert why[1:] in house.memories()[0]
    assert house.ask("experiments.list", {"which": "closed"})["experiments"][0]["outcome"] == "unhealthy"


def test_broken_split_ends_on_the_second_evening(house: PaywallHouse) -> None:
    house.day(0, {"A": 20, "B": 5}, {"A": 80, "B": 20})
    house.day(1, {"A": 20, "B": 5}, {"A": 80, "B": 20})
    assert house.loop()["state"] == "testing"
    house.evening(2)
    assert (house.loop()["state"], house.loop()["outcome"], house.questions()) == ("ended", "unhealthy", 0)


def test_bandit_and_lonely_paywall_are_no_tests(house: PaywallHouse) -> None:
    fake.public_experiment(house.superwall, PRODUCT, {"A": 50, "B": 50}, bandit=True)
    fake.public_experiment(house.superwall, "kindletters", {"A": 100})
    fake.public_open(house.superwall, "ann", PRODUCT, "A", START)
    fake.public_open(house.superwall, "ann", "kindletters", "A", START)
    answer = house.evening(0)
    assert (answer["new"], answer["notes"]) == (
        0, ["everreach_pro: experiment 9001: Superwall moves its percentages by itself (bandit): no fair test"],
    )  # fmt: skip


def test_holdout_of_the_dashboard_is_no_arm(house: PaywallHouse) -> None:
    fake.public_experiment(house.superwall, PRODUCT, {"A": 45, "B": 45}, holdout=10)
    house.day(0, EQUAL)
    assert house.loop()["split"] == {"A": 0.5, "B": 0.5}
    fake.public_open(house.superwall, "held out", PRODUCT, "", START + timedelta(hours=1))
    house.day(1, EQUAL)
    assert (house.loop()["state"], counted(house)[-1][1]) == ("testing", {"A": 25, "B": 25})


def test_variant_nobody_registered_ends_the_test(house: PaywallHouse) -> None:
    house.day(0, EQUAL)
    (campaign,) = house.superwall.list("campaign")
    campaign["variants"].append({"id": "79999", "name": "X", "paywall": "2001", "percentage": 0, "type": "treatment"})
    house.superwall.put("campaign", campaign["id"], campaign)
    fake.public_open(house.superwall, "ann", PRODUCT, "X", START + timedelta(hours=1))
    house.day(1, EQUAL)
    assert (house.loop()["state"], house.loop()["outcome"]) == ("ended", "unhealthy")
    assert "charts show variant 79999, which nobody registered" in house.memories()[0].lower()


def test_strange_app_is_named(house: PaywallHouse) -> None:
    fake.public_open(house.superwall, "ann", "somebody_elses", "A", START)
    answer = house.evening(0)
    assert answer["notes"] == [
        'Superwall\'s app Somebody Elses (1) belongs to no product: write superwall_app = "1" under its [[products]]'
    ]
    assert answer["experiments"] == 0


@pytest.mark.proof
def test_an_evening_costs_few_requests(house: PaywallHouse) -> None:
    house.day(0, EQUAL)
    assert house.charts_asked() == 6
    for number, more in ((1, 5), (2, 5), (8, 6)):
        before = house.charts_asked()
        assert house.evening(number)["requests"] == more
        assert house.charts_asked() - before == more


def without_superwall(house: PaywallHouse) -> PaywallMetrics:
    """The same desk in a house whose owner took the key away."""
    link = replace(house.app.clients.get(SuperwallClient).link, settings=ServiceSettings())
    box = house.app.container
    return PaywallMetrics(
        Clients({"superwall": SuperwallClient}, lambda _: link),
        house.app.database,
        box.get(Business),
        house.clock,
        house.app.events,
    )


def test_without_superwall_loops_idle_and_say_so_once(house: PaywallHouse) -> None:
    desk = without_superwall(house)
    with pytest.raises(NotConfigured, match="REVENUE_SUPERWALL__API_KEY"):
        desk.metrics(AppArgs(product=None))
    assert house.events("alert.raised") == []
    house.day(0, EQUAL)
    for _ in range(3):
        with pytest.raises(NotConfigured):
            desk.metrics(AppArgs(product=None))
        house.tick(hours=24)
    (alert,) = house.events("alert.raised")
    assert alert["text"] == "The paywall test of everreach_pro waits: Superwall is not set up any more, so nobody counts"
    assert (house.loop()["state"], house.loop()["bad_days"]) == ("testing", 0)
    house.evening(4)
    assert (house.loop()["trouble"], house.loop()["state"]) == (None, "testing")


def test_seed_columns_stand_in_the_table(house: PaywallHouse) -> None:
    house.day(0, BETTER)
    house.day(1, BETTER)
    with house.app.database.reading() as connection:
        b = reads.variants(connection, product=PRODUCT)[0]
    shown = {name: b[name] for name in ("product", "variant_id", "impressions", "conversions", "conversion_rate", "status")}
    assert shown == {
        "product": PRODUCT, "variant_id": "70002", "impressions": 25, "conversions": 14, "conversion_rate": 14 / 25, "status": "running",
    }  # fmt: skip
    assert (b["revenue_usd"], b["is_control"]) == (0, False)
    assert b["significance"] == pytest.approx(0.009, abs=0.001)


def test_paywalls_are_listed_with_their_variants(house: PaywallHouse) -> None:
    house.day(0, EQUAL)
    found = house.ask("superwall.paywalls", {"product": PRODUCT})
    assert [(one["identifier"], one["product"], one["shown_as"]) for one in found["paywalls"]] == [
        ("A", PRODUCT, ["everreach_pro upgrade: variant 70001, 50 %"]), ("B", PRODUCT, ["everreach_pro upgrade: variant 70002, 50 %"]),
    ]  # fmt: skip
    assert house.ask("superwall.paywalls", {"product": "clientportal"})["total"] == 0


def test_outage_keeps_what_is_known(house: PaywallHouse) -> None:
    house.day(0, EQUAL)
    house.outside.add_fault("superwall", "/charts/data", "500", 1)
    house.people(1, 1, EQUAL)
    house.clock.move_to(START + timedelta(days=1, hours=13))
    assert house.refused("superwall.metrics", {})[0] == "outside_unavailable"
    assert house.loop()["state"] == "testing"
    house.evening(2)
    assert counted(house)[-1][1] == {"A": 2 * PEOPLE, "B": 2 * PEOPLE}
