"""Registering: one experiment per key, fixed from the first look on, as many as the phase allows."""

from __future__ import annotations

from typing import Any

import pytest

from tests.domains.experiments.book_house import WANTED, House

LOOP = {"kind": "paywall", "subject": "everreach_pro", "opened_for": "annual"}
OTHER_LOOP = {"kind": "product", "subject": "everreach_pro", "opened_for": "trial step"}
CHANGES: list[tuple[str, Any]] = [
    ("hypothesis", "A red button sells more."), ("metric", "visit to signup"), ("arms", ["A", "C"]), ("control", "B"),
    ("planned_split", {"A": 0.2, "B": 0.8}), ("planned_days", 21), ("minimum_days", 3), ("planned_looks", 2),
    ("value_per_conversion_usd", "31"),
]  # fmt: skip


def test_the_same_key_is_one_experiment(any_house: House) -> None:
    first = any_house.ask("open", WANTED)
    again = any_house.ask("open", WANTED)
    assert first["is_new"] is True
    assert again == {**first, "is_new": False, "reason": "it stands since 2 Nov"}
    assert any_house.told("experiment.opened") == [
        {"experiment_id": first["experiment_id"], "kind": "own", "subject": "checkout"}
    ]  # fmt: skip


def test_the_row_keeps_what_was_registered(any_house: House) -> None:
    row = any_house.row(any_house.open(planned_looks=2, planned_split={"B": 0.75, "A": 0.25}))
    assert row["value_per_conversion_micro_usd"] == 30_000_000
    assert (row["planned_days"], row["minimum_days"], row["planned_looks"], row["alpha"]) == (14, 7, 2, 0.05)
    assert row["planned_split"] == {"A": 0.25, "B": 0.75}
    assert (row["ends_at"] - row["started_at"]).days == 14
    assert (row["status"], row["verdict"], row["judged_count"]) == ("open", None, 0)


def test_before_the_first_look_it_may_change(house: House) -> None:
    held = house.open()
    answer = house.ask("open", {**WANTED, "planned_days": 21, "title": "Greener button"})
    assert answer["reason"] == "changed before the first look: planned_days"
    row = house.row(held)
    assert (row["planned_days"], row["title"], (row["ends_at"] - row["started_at"]).days) == (21, "Greener button", 21)


def test_after_the_first_look_nothing_changes(house: House) -> None:
    held = house.open()
    house.look(held, 1, (100, 5), (100, 6))
    before = house.row(held)
    told = "registered otherwise, and it cannot change after the first look at the counts (2026-11-02)"
    for field, value in CHANGES:
        other = {"arms": value, "planned_split": {}} if field == "arms" else {field: value}
        assert house.refused("open", {**WANTED, **other}) == ("conflict", f"{field}: {told}")
        assert house.row(held) == before


def test_after_the_first_look_the_same_still_stands(house: House) -> None:
    held = house.open()
    house.look(held, 1, (100, 5), (100, 6))
    answer = house.ask("open", {**WANTED, "arms": ["B", "A"], "started_at": "2026-10-01T00:00:00+00:00"})
    assert (answer["experiment_id"], answer["is_new"]) == (held, False)
    assert house.row(held)["started_at"].month == 11


def test_a_subject_has_one_open_of_a_kind(any_house: House) -> None:
    any_house.open()
    code, words = any_house.refused("open", {**WANTED, "opened_for": "another"})
    assert code == "cap_reached"
    assert words == "checkout has an open own experiment: Green button, since 2 Nov"
    assert any_house.open(subject="pricing page") != any_house.open()


@pytest.mark.parametrize(("phase", "most"), [(1, 1), (2, 2), (3, 3)])
def test_the_phase_bounds_the_loops(house: House, phase: Any, most: int) -> None:
    house.hold(phase)
    for place in range(most):
        house.open(**{**LOOP, "subject": f"product {place}"})
    code, words = house.refused("open", {**WANTED, **LOOP, "subject": "one more"})
    assert (code, words) == ("cap_reached", f"{most} of {most} experiments are open, which is what phase {phase} allows")
    assert house.open()  # a person's own is not the machine's


def test_a_persons_own_takes_no_place(house: House) -> None:
    house.open()
    assert house.ask("open", {**WANTED, **LOOP})["alpha"] == 0.05


def test_open_loops_share_one_allowance(house: House) -> None:
    house.hold(3)
    alphas = [house.ask("open", {**WANTED, **LOOP, "subject": f"product {place}"})["alpha"] for place in range(3)]
    assert alphas == pytest.approx([0.05 / 3] * 3)
    assert sum(alphas) <= 0.05 + 1e-12


def test_nothing_opens_on_no_allowance(house: House) -> None:
    first = house.open(**LOOP)
    assert house.row(first)["alpha"] == 0.05
    house.hold(2)
    code, words = house.refused("open", {**WANTED, **OTHER_LOOP})
    assert code == "cap_reached"
    assert "hold all of the allowed false alarms" in words
    house.ask("close", {"experiment_id": first, "outcome": "rejected", "words": "no"})
    assert house.ask("open", {**WANTED, **OTHER_LOOP})["alpha"] == 0.025


def test_a_closed_one_is_not_opened_again(house: House) -> None:
    held = house.open()
    house.ask("close", {"experiment_id": held, "outcome": "inconclusive", "words": "nothing seen"})
    answer = house.ask("open", WANTED)
    assert (answer["is_new"], answer["status"], answer["reason"]) == (False, "closed", "it was closed on 2 Nov: inconclusive")
    code, words = house.refused("open", {**WANTED, "metric": "another"})
    assert (code, words) == ("conflict", "metric: registered otherwise, and it cannot change after it was closed")


UNFIT: list[tuple[dict[str, Any], str]] = [
    ({"control": "C"}, "control: C is none of the arms"), ({"arms": ["A", "A"]}, "arms: each name once"),
    ({"planned_split": {"A": 0.5}}, "planned_split: name exactly the arms"),
    ({"planned_split": {"A": 0.5, "B": 0.6}}, "planned_split: shares above 0 that sum to 1"),
    ({"planned_split": {"A": 0.0, "B": 1.0}}, "planned_split: shares above 0"),
    ({"planned_days": 5}, "minimum_days: not more than planned_days"),
    ({**LOOP, "minimum_days": 6}, "minimum_days: a loop's experiment runs 7 days at least"),
    ({"planned_looks": 15}, "planned_looks: at most one a day"),
    ({"value_per_conversion_usd": "-1"}, "greater than or equal to 0"),
]  # fmt: skip


def test_what_does_not_fit_is_refused(house: House) -> None:
    for other, words in UNFIT:
        code, message = house.refused("open", {**WANTED, **other})
        assert code == "bad_input"
        assert words in message
