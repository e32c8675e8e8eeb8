"""After the verdict: what loops note, the measure with its holdout, endings, and what ends because nobody decided."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from revenue_machine.app import App
from revenue_machine.domains.experiments.reads import next_overdue_at
from tests.domains.experiments.book_house import FIRST, House
from tests.domains.experiments.test_book_looks import BETTER, SAME, after

SHIPPED = "2026-11-08T20:00:00+00:00"


def ship(house: House, **other: Any) -> str:
    """An experiment whose winner was shipped on its seventh evening, a tenth held out."""
    held = house.open(**other)
    house.look(held, 7, *after(7, BETTER))
    house.ask("note", {"experiment_id": held, "status": "applying", "delegation_id": "del_1", "next": "waits for your yes"})
    noted = {"experiment_id": held, "status": "measuring", "shipped_at": SHIPPED, "holdout_share": 0.1}
    house.ask("note", noted)
    return held


def measured(house: House, held: str, days: int, rates: tuple[float, float] = BETTER, **other: Any) -> dict[str, Any]:
    """Winner against holdout after so many days: a tenth of 2,000 people a day is held out."""
    a, b = (200 * days, round(200 * days * rates[0])), (1800 * days, round(1800 * days * rates[1]))
    payload = house.counts(held, 7 + days, a, b, phase="measure", **other)
    return house.ask("look", {**payload, "days": days})


def test_what_a_loop_did_is_noted_once(any_house: House) -> None:
    held = ship(any_house)
    row = any_house.row(held)
    assert (row["status"], row["delegation_id"], row["holdout_share"]) == ("measuring", "del_1", 0.1)
    assert row["next_words"] is None  # the words were about the applying
    again = {"experiment_id": held, "status": "measuring", "shipped_at": SHIPPED, "holdout_share": 0.1}
    assert any_house.ask("note", again)["is_new"] is False
    assert any_house.row(held) == row


def test_no_change_without_a_verdict(house: House) -> None:
    held = house.open()
    undecided = "nothing is changed on the verdict keep going"
    for day, rates, said in (
        (3, BETTER, {"applying": undecided}), (6, SAME, {"applying": undecided, "decided": undecided}),
        (7, BETTER, {
            "measuring": "it is decided: from there it becomes applying, open",
            "open": "it is decided (ship): close it, or apply it",
        }),
    ):  # fmt: skip
        house.look(held, day, *after(day, rates))
        for status, words in said.items():
            asked = {"experiment_id": held, "status": status}
            assert house.refused("note", asked) == ("conflict", f"status: {status}: {words}")


def test_arms_may_be_built_before_the_first_count(house: House) -> None:
    held = house.open()
    house.ask("note", {"experiment_id": held, "status": "applying"})
    assert house.report()[0].endswith("next: the arms are being built; waiting: too early to say what it costs")
    started = "2026-11-02T12:00:00+00:00"
    house.ask("note", {"experiment_id": held, "status": "open", "started_at": started})
    row = house.row(held)
    assert (row["started_at"].hour, (row["ends_at"] - row["started_at"]).days) == (12, 14)
    house.look(held, 1, (100, 5), (100, 5))
    late = {"experiment_id": held, "started_at": "2026-11-01T12:00:00+00:00"}
    assert house.refused("note", late) == ("conflict", "started_at: it has been looked at already")


def test_the_measure_is_a_whole_week(any_house: House) -> None:
    held = ship(any_house)
    early = measured(any_house, held, 6)
    assert (early["verdict"], early["days_left"], early["next"]) == ("keep_going", 1, "judged on 15 Nov")
    week = measured(any_house, held, 7)
    assert (week["verdict"], week["rule"], week["srm_p"] > 0.9) == ("ship", "fixed", True)
    assert any_house.row(held)["measure_verdict"] == "ship"
    assert [(one["phase"], one["verdict"]) for one in any_house.told("experiment.judged")] == [
        ("test", "ship"), ("measure", "keep_going"), ("measure", "ship"),
    ]  # fmt: skip


def test_a_measure_without_a_difference_says_so(house: House) -> None:
    answer = measured(house, ship(house), 7, SAME)
    assert (answer["verdict"], answer["reason"]) == ("inconclusive", "no difference shown")
    assert answer["interval"][0] < 0 < answer["interval"][1]


def test_a_wrong_holdout_is_unhealthy(house: House) -> None:
    held = ship(house)
    payload = {**house.counts(held, 14, (700, 35), (700, 63)), "phase": "measure", "days": 7}
    assert house.ask("look", payload)["verdict"] == "unhealthy"


def test_phases_do_not_mix(house: House) -> None:
    held = house.open()
    code, words = house.refused("look", house.counts(held, 1, (100, 5), (100, 5), phase="measure"))
    assert (code, words[:30]) == ("conflict", "phase: there is nothing to mea")
    house.ask("close", {"experiment_id": held, "outcome": "rejected", "words": "no"})
    assert house.refused("look", house.counts(held, 1, (1, 0), (1, 0))) == ("conflict", "phase: it is closed (rejected)")
    other = ship(house, subject="other")
    words = house.refused("look", house.counts(other, 8, *after(8, BETTER)))[1]
    assert words == "phase: the test is over, its winner has shipped; look at the measure"


def test_closing_is_for_good(any_house: House) -> None:
    held = ship(any_house)
    ending = {
        "experiment_id": held, "outcome": "improved", "words": "it holds", "effect": {"absolute": 0.04, "relative": 0.8},
        "interval": [0.02, 0.06],
    }  # fmt: skip
    assert any_house.ask("close", ending)["is_new"] is True
    row = any_house.row(held)
    assert any_house.ask("close", {**ending, "words": "other"})["is_new"] is False
    assert any_house.row(held) == row
    assert any_house.refused("close", {**ending, "outcome": "failed"}) == ("conflict", "outcome: it was closed as improved")
    assert (row["outcome_words"], row["effect_absolute"], row["interval_high"]) == ("it holds", 0.04, 0.06)
    assert any_house.told("experiment.closed") == [
        {"experiment_id": held, "kind": "own", "subject": "checkout", "outcome": "improved"}
    ]  # fmt: skip


def weekly(house: House, held: str, weeks: int) -> dict[str, Any]:
    """The counts of a holdout kept so many weeks, whose winner brings a point less each week."""
    rates = [0.10 - 0.01 * week for week in range(1, weeks + 1)]
    b = sum(round(12600 * rate) for rate in rates)
    payload = house.counts(held, 7 + 7 * weeks, (1400 * weeks, 70 * weeks), (12600 * weeks, b), phase="measure")
    return {**payload, "days": 7 * weeks}


def test_a_holdout_is_looked_at_for_as_long_as_it_is_kept(any_house: House) -> None:
    held = ship(any_house)
    any_house.ask("look", weekly(any_house, held, 1))
    any_house.ask("close", {"experiment_id": held, "outcome": "improved", "words": "it holds"})
    for weeks in (2, 3, 4):
        any_house.be_on(FIRST + timedelta(days=7 * weeks + 5))
        assert any_house.ask("list", {"which": "measure_due"})["total"] == 0
        any_house.be_on(FIRST + timedelta(days=7 * weeks + 6))
        assert any_house.ask("list", {"which": "measure_due"})["total"] == 1
        answer = any_house.ask("look", weekly(any_house, held, weeks))
        assert (answer["rule"], answer["status"]) == ("anytime_valid", "closed")
    shown = any_house.ask("show", {"experiment_id": held})
    assert [one["days"] for one in shown["holdout_weeks"]] == [7, 7, 7, 7]
    assert [one["effect"]["absolute"] for one in shown["holdout_weeks"]] == pytest.approx([0.04, 0.03, 0.02, 0.01])
    assert shown["lasting"].startswith("the effect ")


def test_a_holdout_given_up_is_looked_at_no_more(house: House) -> None:
    held = ship(house)
    house.ask("look", weekly(house, held, 1))
    house.ask("close", {"experiment_id": held, "outcome": "improved", "words": "it holds"})
    house.ask("note", {"experiment_id": held, "holdout_share": 0})
    assert house.refused("look", weekly(house, held, 2))[0] == "conflict"
    assert house.ask("list", {"which": "measure_due"})["total"] == 0


def test_what_is_taken_back_is_looked_at_no_more(house: House) -> None:
    held = ship(house)
    house.ask("look", weekly(house, held, 1))
    house.ask("close", {"experiment_id": held, "outcome": "regressed", "words": "it did harm"})
    assert house.refused("look", weekly(house, held, 2))[0] == "conflict"
    house.be_on(FIRST + timedelta(days=60))
    assert house.ask("list", {"which": "measure_due"})["total"] == 0
    assert house.report() == []


def test_the_measure_is_held_against_the_test(house: House) -> None:
    held = ship(house)
    measured(house, held, 7, (0.05, 0.052))
    words = house.ask("show", {"experiment_id": held})["measure_check"]
    assert words.startswith("measured +")
    assert "the test showed +79.9%" in words


def test_what_nobody_decides_closes_by_rule(any_house: House) -> None:
    held = any_house.open()
    any_house.look(held, 14, *after(14, SAME))
    app: App = any_house.app
    any_house.be_on(FIRST + timedelta(days=15))
    assert any_house.ask("close_overdue") == {"closed": 0, "experiment_ids": []}
    with app.database.reading() as connection:
        assert next_overdue_at(connection) == any_house.row(held)["ends_at"] + timedelta(days=2)
    any_house.be_on(FIRST + timedelta(days=16))
    app.ticker.tick()
    row = any_house.row(held)
    assert (row["status"], row["outcome"]) == ("closed", "inconclusive")
    assert row["outcome_words"] == "the planned end, 16 Nov, passed without a decision; A is kept"
    (line,) = any_house.report()
    assert line.startswith("closed today: Green button (your own, checkout): inconclusive: +0.0 points (-0.8 to +0.8); the planned")
    app.ticker.tick()
    assert len(any_house.told("experiment.closed")) == 1


def test_a_decided_one_waits_for_its_owner(house: House) -> None:
    held = house.open()
    house.look(held, 14, *after(14, BETTER))
    house.be_on(FIRST + timedelta(days=40))
    house.app.ticker.tick()
    assert house.row(held)["status"] == "decided"


def test_an_unhealthy_one_closes_as_such(house: House) -> None:
    held = house.open()
    house.look(held, 14, (14000, 700), (9000, 900))
    house.be_on(FIRST + timedelta(days=16))
    house.app.ticker.tick()
    assert house.row(held)["outcome"] == "unhealthy"
