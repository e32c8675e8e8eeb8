"""The paywall loop from the first chart to the memory: shipped after a yes, measured, remembered; and every other way it ends."""

from __future__ import annotations

from datetime import timedelta

import pytest

from revenue_machine.integrations.superwall import fake
from tests.app_fixture import START
from tests.domains.paywall_house import BETTER, EQUAL, HELD_OUT, PEOPLE, PRODUCT, WORSE, PaywallHouse

WON = {"A": 1, "B": 23}
LOST = {"A": 4, "B": 5}
SAME = {"A": 2, "B": 18}


def book(house: PaywallHouse) -> dict[str, object]:
    """The one experiment of the book."""
    (found,) = house.ask("experiments.list", {"which": "all"})["experiments"]
    return dict(found)


def test_winner_ships_is_measured_and_remembered(house: PaywallHouse) -> None:
    house.test_of(BETTER)
    loop = house.loop()
    assert (loop["state"], loop["winner"], loop["decision"]["days"], loop["decision"]["users"]) == ("awaiting", "B", 7, 350)
    assert loop["decision"]["p_value"] < 0.05
    house.ship()
    assert house.product()["paywall"] == {"variant": "B", "holdout_share": 0.1, "holdout_variant": "A"}
    assert house.loop()["state"] == "measuring"
    house.measure_of(WON)
    loop = house.loop()
    assert (loop["state"], loop["outcome"]) == ("ended", "improved")
    assert 0 < loop["interval_low"] < 23 / 45 - 1 / 5 < loop["interval_high"]
    (said,) = house.memories()
    for part in ("B instead of A on everreach_pro: improved", "2026-11-10 to 2026-11-16", "315 people with B and 35 held out"):
        assert part in said
    assert "95 % interval" in said
    assert "The test (2026-11-02 to 2026-11-08, 350 people) said ship: +180.0 %" in said
    assert (book(house)["outcome"], book(house)["experiment_id"]) == ("improved", loop["id"])
    assert house.rows()[0]["experiment_id"] == loop["id"]
    assert (house.questions(), house.starts()) == (1, 1)


def test_memory_names_its_evidence(house: PaywallHouse) -> None:
    house.test_of(WORSE)
    from revenue_machine.domains.memory.tables import GRAPH_ENTITIES

    with house.app.database.reading() as connection:
        query = GRAPH_ENTITIES.select().where(GRAPH_ENTITIES.c.id == house.loop()["memory_id"])
        row = connection.execute(query).mappings().one()
    assert row["properties"]["evidence"] == sorted([house.loop()["id"], "superwall:9001"])
    assert (row["layer"], row["confidence"]) == (1, 0.8)
    assert "paywall" in row["tags"]


def test_regression_asks_to_take_it_back(house: PaywallHouse) -> None:
    house.test_of(BETTER)
    house.ship()
    house.measure_of(LOST)
    assert (house.loop()["outcome"], house.loop()["state"]) == ("regressed", "undo_awaiting")
    revert, shipped = house.rows()
    assert (revert["kind"], revert["reverts_id"]) == ("revert", shipped["id"])
    house.ship()
    assert "paywall" not in {name for name, value in house.product().items() if value}
    assert (house.loop()["state"], house.loop()["words"]) == ("ended", "regressed: A is shown to everybody")
    assert book(house)["outcome"] == "regressed"
    assert len(house.memories()) == 1


@pytest.mark.proof
def test_refused_revert_ends_too(house: PaywallHouse) -> None:
    house.test_of(BETTER)
    house.ship()
    house.measure_of(LOST)
    house.ship("reject")
    assert (house.loop()["state"], house.loop()["words"]) == ("ended", "regressed: taking it back ended: rejected")


def test_no_difference_is_neutral(house: PaywallHouse) -> None:
    house.test_of(BETTER)
    house.ship()
    house.measure_of(SAME)
    assert (house.loop()["state"], house.loop()["outcome"]) == ("ended", "neutral")
    assert house.loop()["interval_low"] < 0 < house.loop()["interval_high"]
    assert house.questions() == 1


@pytest.mark.proof
def test_effect_comes_from_the_measure_alone(house: PaywallHouse) -> None:
    house.test_of({"A": 5, "B": 10})
    house.ship()
    house.measure_of(WON)
    loop = house.loop()
    assert loop["effect_absolute"] == pytest.approx(23 / 45 - 1 / 5)
    assert loop["decision"]["absolute"] == pytest.approx(0.2)


@pytest.mark.proof
def test_people_of_the_test_are_not_measured(house: PaywallHouse) -> None:
    house.test_of(BETTER)
    house.ship()
    house.people(8, 14, SAME, HELD_OUT)
    for place in range(PEOPLE):  # they come back while it is measured: nobody counts them
        fake.public_open(house.superwall, f"B-0-{place}", PRODUCT, "B", START + timedelta(days=10))
    house.evening(15)
    counts = house.ask("experiments.show", {"experiment_id": house.loop()["id"]})["looks"][-1]["counts"]
    assert {one["name"]: one["users"] for one in counts} == {"A": 35, "B": 315}


@pytest.mark.proof
def test_thin_measure_is_stretched_then_inconclusive(house: PaywallHouse) -> None:
    house.test_of(BETTER)
    house.ship()
    house.measure_of({"A": 0, "B": 1}, {"A": 1, "B": 9})
    assert house.loop()["state"] == "measuring"
    house.evening(29)
    assert (house.loop()["state"], house.loop()["outcome"]) == ("ended", "inconclusive")


@pytest.mark.parametrize(("decision", "outcome"), [("reject", "rejected"), ("silence", "expired")])
def test_no_yes_ends_without_a_change(house: PaywallHouse, decision: str, outcome: str) -> None:
    house.test_of(BETTER)
    if decision == "reject":
        house.ship("reject")
    else:
        house.tick(hours=5)
    assert (house.loop()["state"], house.loop()["outcome"], book(house)["outcome"]) == ("ended", outcome, outcome)
    assert (house.starts(), house.questions()) == (0, 1)
    (said,) = house.memories()
    assert f"B instead of A on everreach_pro: {outcome}. " in said
    house.evening(8)
    assert house.questions() == 1


@pytest.mark.proof
def test_failing_harness_ends_as_failed(house: PaywallHouse) -> None:
    house.test_of(BETTER)
    house.outside.add_fault("acd", "/harness/start", "500", 50)
    (card,) = house.app.approvals.cards()
    house.decide(card["id"])
    for _ in range(30):
        house.tick(minutes=10)
    assert (house.loop()["state"], house.loop()["outcome"]) == ("ended", "failed")
    assert len(house.memories()) == 1


def test_lost_test_asks_to_show_the_control(house: PaywallHouse) -> None:
    house.test_of(WORSE)
    loop = house.loop()
    assert (loop["outcome"], loop["state"], loop["winner"]) == ("rolled_back", "undo_awaiting", None)
    assert house.rows()[0]["decision_key"] == f"paywall/{loop['id']}/keep"
    house.ship()
    assert house.product()["paywall"] == {"variant": "A", "holdout_share": 0.0}
    assert house.loop()["state"] == "ended"


@pytest.mark.proof
def test_equal_paywalls_end_inconclusive(house: PaywallHouse) -> None:
    house.test_of(EQUAL, days=14)
    loop = house.loop()
    assert (loop["state"], loop["outcome"], house.questions()) == ("ended", "inconclusive", 0)
    assert "700 people) showed no difference: +0.0 %" in house.memories()[0]


@pytest.mark.proof
def test_nothing_is_decided_before_a_week(house: PaywallHouse) -> None:
    house.test_of(BETTER, days=6)
    assert (house.loop()["state"], house.questions()) == ("testing", 0)


def test_book_is_opened_before_anybody_counts(house: PaywallHouse) -> None:
    house.day(0, BETTER)
    shown = house.ask("experiments.show", {"experiment_id": house.loop()["id"]})
    assert (shown["arms"], shown["control"], shown["planned_split"], shown["looks"]) == (["A", "B"], "A", {"A": 0.5, "B": 0.5}, [])
    assert (shown["experiment"]["planned_days"], shown["minimum_days"], shown["planned_looks"]) == (14, 7, 14)
    assert shown["experiment"]["metric"] == "trial starts per person"
    # One trial in five is paid for, and a month costs $19.99.
    assert shown["value_per_conversion_usd"] == 3.998
    assert shown["experiment"]["subject"] == PRODUCT


def test_owner_names_the_control_in_time(house: PaywallHouse) -> None:
    house.ask("experiments.open", {
        "kind": "paywall", "subject": PRODUCT, "opened_for": "by hand", "title": "By hand", "hypothesis": "Mine.", "metric": "trials",
        "arms": ["A", "B"], "control": "A", "planned_days": 14, "value_per_conversion_usd": "1",
    })  # fmt: skip
    house.day(0, BETTER)
    loop = house.loop()
    assert (loop["state"], loop["words"].startswith("waits: everreach_pro has an open paywall experiment")) == ("found", True)
    house.ask("superwall.ab_test", {"experiment_id": loop["id"], "control": "B"})
    assert house.refused("superwall.ab_test", {"experiment_id": loop["id"], "control": "Z"})[0] == "conflict"
    other = next(one["experiment_id"] for one in house.ask("experiments.list", {})["experiments"])
    house.ask("experiments.close", {"experiment_id": other, "outcome": "inconclusive", "words": "enough"})
    house.evening(1)
    assert (house.loop()["state"], house.loop()["control"]) == ("testing", "B")
    assert house.refused("superwall.ab_test", {"experiment_id": loop["id"], "control": "A"})[0] == "conflict"


def test_book_that_closes_a_test_is_believed(house: PaywallHouse) -> None:
    house.day(0, BETTER)
    house.ask("experiments.close", {"experiment_id": house.loop()["id"], "outcome": "inconclusive", "words": "enough"})
    house.tick(minutes=1)
    assert (house.loop()["state"], house.loop()["outcome"]) == ("ended", "inconclusive")
    assert len(house.memories()) == 1


def test_book_closed_by_hand_keeps_its_word(house: PaywallHouse) -> None:
    house.test_of(BETTER)
    house.ask("experiments.close", {"experiment_id": house.loop()["id"], "outcome": "failed", "words": "enough"})
    assert house.loop()["state"] == "awaiting"
    house.ship("reject")
    assert (house.loop()["state"], house.loop()["outcome"], book(house)["outcome"]) == ("ended", "rejected", "failed")


def test_silent_charts_are_closed_by_the_book(house: PaywallHouse) -> None:
    house.day(0, BETTER)
    house.tick(days=17)
    assert (house.loop()["state"], house.loop()["outcome"]) == ("ended", "inconclusive")


def test_evening_of_the_routine_asks_charts(house: PaywallHouse) -> None:
    from revenue_machine.domains.routine.daily_routine import EVENING
    from revenue_machine.domains.routine.models import Kind

    (call,) = (one for step in EVENING for one in step.calls if one.topic == "superwall.metrics")
    assert (call.kind, call.attempts, call.args) == (Kind.REVENUE, 3, {})
    assert house.ask(call.topic, call.args)["requests"] == 1


def test_unknown_experiment_is_not_found(house: PaywallHouse) -> None:
    assert house.refused("superwall.ab_test", {"experiment_id": "exp_nobody"})[0] == "not_found"


@pytest.mark.proof
def test_three_variants_are_one_test(house: PaywallHouse) -> None:
    fake.public_experiment(house.superwall, PRODUCT, {"A": 40, "B": 40, "C": 20})
    trials, people = {"A": 8, "B": 9, "C": 14}, {"A": 40, "B": 40, "C": 20}
    house.test_of(trials, people=people)
    assert (house.loop()["winner"], house.loop()["split"]) == ("C", {"A": 0.4, "B": 0.4, "C": 0.2})
    ranked = house.ask("superwall.metrics", {})["variants"]
    assert [(one["rank"], one["name"], one["conversion_rate"]) for one in ranked] == [(1, "C", 0.7), (2, "B", 0.225), (3, "A", 0.2)]
