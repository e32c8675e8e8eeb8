"""Looking at counts: what may be counted, what the book makes of the statistics' word, and who is told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.domains.experiments.book_house import FIRST, House

BETTER, WORSE, SAME = (0.05, 0.09), (0.05, 0.02), (0.05, 0.05)


def after(day: int, rates: tuple[float, float], daily: int = 1000) -> tuple[tuple[int, int], tuple[int, int]]:
    """Both arms' counts after so many days."""
    users = daily * day
    return (users, round(users * rates[0])), (users, round(users * rates[1]))


@pytest.mark.parametrize(("rates", "said"), [(BETTER, "ship"), (WORSE, "roll_back")])
def test_nothing_is_decided_before_the_least_days(house: House, rates: tuple[float, float], said: str) -> None:
    held = house.open()
    for day in (1, 3, 6):
        answer = house.look(held, day, *after(day, rates))
        assert (answer["verdict"], answer["days_left"], answer["status"]) == ("keep_going", 7 - day, "open")
        assert answer["reason"] == f"day {day}: nothing is decided before day 7"
        assert (answer["next"], answer["winner"]) == ("no decision before 8 Nov", None)
        assert answer["said"] == said or day < 6
    decided = house.look(held, 7, *after(7, rates))
    assert (decided["verdict"], decided["status"], decided["days_left"]) == (said, "decided", None)
    assert house.row(held)["winner"] == {"ship": "B", "roll_back": "A"}[said]


def test_a_change_of_verdict_is_told_once(any_house: House) -> None:
    held = any_house.open()
    for day in range(1, 9):
        any_house.look(held, day, *after(day, BETTER))
        any_house.look(held, day, *after(day, BETTER))
    fixed = {"experiment_id": held, "kind": "own", "subject": "checkout", "phase": "test"}
    assert any_house.told("experiment.judged") == [
        {**fixed, "verdict": "keep_going", "winner": None}, {**fixed, "verdict": "ship", "winner": "B"},
    ]  # fmt: skip
    assert any_house.row(held)["judged_count"] == 2


def test_the_later_counts_of_a_date_win(any_house: House) -> None:
    held = any_house.open()
    any_house.look(held, 7, *after(7, SAME))
    answer = any_house.look(held, 7, (7000, 350), (7000, 640))
    (look,) = any_house.looks()
    assert (answer["verdict"], look["verdict"]) == ("ship", "ship")
    assert [one["conversions"] for one in look["counts"]] == [350, 640]


def test_an_older_date_only_fills_the_history(any_house: House) -> None:
    held = any_house.open()
    any_house.look(held, 7, *after(7, BETTER))
    before = any_house.row(held)
    any_house.look(held, 5, *after(5, SAME))
    assert any_house.row(held) == before
    assert [(one["days"], one["verdict"]) for one in any_house.looks()] == [(5, "keep_going"), (7, "ship")]
    assert len(any_house.told("experiment.judged")) == 1


def test_an_older_date_decides_nothing(house: House) -> None:
    held = house.open()
    house.look(held, 8, *after(8, SAME))
    answer = house.look(held, 7, *after(7, BETTER))
    assert (answer["verdict"], answer["status"]) == ("ship", "open")
    assert (house.row(held)["verdict"], house.row(held)["decided_at"]) == ("keep_going", None)
    assert [one["verdict"] for one in house.told("experiment.judged")] == ["keep_going"]


@pytest.mark.parametrize(("day", "a", "b", "words"), [
    (8, (6999, 350), (8000, 400), "arms: A has 6999 users, fewer than the 7000 of 2026-11-08: counts are cumulative"),
    (6, (6000, 300), (7001, 350), "arms: B has 7001 users, more than the 7000 of 2026-11-08: counts are cumulative"),
])  # fmt: skip
def test_impossible_counts_are_refused(house: House, day: int, a: tuple[int, int], b: tuple[int, int], words: str) -> None:
    held = house.open()
    house.look(held, 7, *after(7, SAME))
    assert house.refused("look", house.counts(held, day, a, b)) == ("bad_input", words)
    assert len(house.looks()) == 1


def test_nobody_converts_who_was_not_there(house: House) -> None:
    code, words = house.refused("look", house.counts(house.open(), 1, (10, 11), (10, 1)))
    assert code == "bad_input"
    assert "A: 11 conversions of 10 users" in words


def test_days_only_grow(house: House) -> None:
    held = house.open()
    house.look(held, 7, *after(7, SAME))
    payload = {**house.counts(held, 8, *after(8, SAME)), "days": 6}
    assert house.refused("look", payload)[1].startswith("days: 6, but 2026-11-08 had 7")
    payload["days"] = 30
    assert house.refused("look", payload) == ("bad_input", "days: 30, but from 2026-11-02 to 2026-11-09 there are 8")


def test_a_date_ahead_is_refused(house: House) -> None:
    payload = {**house.counts(house.open(), 1, (100, 5), (100, 5)), "on_date": str(FIRST + timedelta(days=1))}
    assert house.refused("look", payload) == ("bad_input", "on_date: 2026-11-03 is still ahead")


@pytest.mark.parametrize(("names", "words"), [
    (("A", "C"), "arms: C was not registered; the arms are A, B"), (("A", "A"), "arms: each name once"),
    (("B",), "at least 2"),
])  # fmt: skip
def test_only_registered_arms_are_counted(house: House, names: tuple[str, ...], words: str) -> None:
    arms = [{"name": name, "users": 100, "conversions": 5} for name in names]
    payload = {"experiment_id": house.open(), "on_date": str(FIRST), "days": 1, "arms": arms}
    assert words in house.refused("look", payload)[1]


def test_no_arm_is_left_out(house: House) -> None:
    payload = house.counts(house.open(arms=["A", "B", "C"], subject="three"), 1, (100, 5), (100, 5))
    assert house.refused("look", payload)[1] == "arms: C is missing"
    payload["arms"][0] |= {"name": "C"}
    assert house.refused("look", payload)[1] == "arms: the control A is missing"


def test_an_unknown_experiment_is_not_found(house: House) -> None:
    code, words = house.refused("look", house.counts("exp_nobody", 1, (100, 5), (100, 5)))
    assert (code, words) == ("not_found", "there is no experiment exp_nobody (revenue call experiments.list)")


def test_the_first_look_may_reach_back(house: House) -> None:
    house.be_on(FIRST + timedelta(days=9))
    held = house.open()
    house.look(held, 10, *after(10, SAME))
    row = house.row(held)
    assert (row["started_at"].date(), row["ends_at"].date()) == (FIRST, FIRST + timedelta(days=14))


def test_a_broken_split_blocks_everything(any_house: House) -> None:
    held = any_house.open()
    answer = any_house.look(held, 8, (8000, 400), (6000, 700))
    assert (answer["verdict"], answer["status"], answer["waiting_cost_usd_per_week"]) == ("unhealthy", "open", None)
    assert answer["srm_p"] < 0.001
    code, words = any_house.refused("note", {"experiment_id": held, "status": "applying"})
    assert (code, words) == ("conflict", "status: applying: nothing is changed on the verdict unhealthy")


def test_a_split_that_breaks_later_takes_the_decision_back(house: House) -> None:
    held = house.open()
    house.look(held, 7, *after(7, BETTER))
    answer = house.look(held, 8, (8000, 400), (9000, 800))
    assert (answer["verdict"], answer["status"]) == ("unhealthy", "open")
    assert house.row(held)["decided_at"] is None
    assert [one["verdict"] for one in house.told("experiment.judged")] == ["ship", "unhealthy"]
    again = house.look(held, 9, *after(9, BETTER))
    assert (again["verdict"], again["status"]) == ("ship", "decided")
    assert len(house.told("experiment.judged")) == 3


def test_a_decision_stands_when_later_counts_waver(house: House) -> None:
    held = house.open()
    house.look(held, 7, *after(7, (0.05, 0.064)))
    assert house.row(held)["status"] == "decided"
    answer = house.look(held, 8, (8000, 400), (8000, 450))
    assert (answer["verdict"], answer["status"], house.row(held)["verdict"]) == ("keep_going", "decided", "ship")
    assert len(house.told("experiment.judged")) == 1


def test_a_share_of_the_allowance_asks_for_more(house: House) -> None:
    """What proves an experiment on its own is not enough for one of three that share."""
    house.hold(3)
    counts = after(7, (0.05, 0.0635))
    assert house.look(house.open(), 7, *counts)["verdict"] == "ship"
    assert house.look(house.open(kind="paywall"), 7, *counts)["verdict"] == "keep_going"


def test_planned_looks_alone_decide(house: House) -> None:
    held = house.open(planned_looks=2)
    between = house.look(held, 8, *after(8, BETTER))
    assert (between["verdict"], between["days_left"], between["rule"]) == ("ship", None, "group_sequential")
    other = house.open(planned_looks=1, subject="fixed")
    for day in (7, 10, 13):
        answer = house.look(other, day, *after(day, BETTER))
        assert (answer["verdict"], answer["reason"]) == ("keep_going", "between two planned looks")
        assert (answer["days_left"], answer["said"], answer["rule"]) == (14 - day, "ship", "anytime_valid")
    last = house.look(other, 14, *after(14, BETTER))
    assert (last["verdict"], last["rule"]) == ("ship", "fixed")


def test_a_planned_look_is_taken_once(house: House) -> None:
    held = house.open(planned_looks=2)
    house.look(held, 7, *after(7, SAME))
    assert house.look(held, 8, *after(8, BETTER))["reason"] == "between two planned looks"
    assert [one["look"] for one in house.looks()] == [1, None]
    assert house.look(held, 15, *after(15, BETTER))["verdict"] == "ship"
    assert house.looks()[-1]["look"] == 2


def test_too_few_people_keep_going_to_the_end(house: House) -> None:
    held = house.open()
    early = house.look(held, 8, (19, 6), (19, 6))
    assert (early["verdict"], early["said"], early["days_left"]) == ("keep_going", "inconclusive", 6)
    assert early["ship_now_usd_per_week"] is None
    last = house.look(held, 14, (19, 6), (19, 6))
    assert (last["verdict"], last["next"]) == ("inconclusive", "A is kept; closes by 18 Nov")
    assert last["reason"] == "the planned end is reached and no arm is shown to be better"


def test_the_end_without_a_winner_is_inconclusive(house: House) -> None:
    held = house.open()
    assert house.look(held, 13, *after(13, SAME))["verdict"] == "keep_going"
    answer = house.look(held, 14, *after(14, SAME))
    assert (answer["verdict"], answer["status"]) == ("inconclusive", "open")


def test_waiting_is_priced_by_the_week(house: House) -> None:
    answer = house.look(house.open(), 7, *after(7, BETTER))
    # 14,000 people a week at 5 % and $30 bring $21,000; the better arm is expected to bring about 60 % more.
    assert 10_000 < answer["ship_now_usd_per_week"] < 17_000
    assert answer["waiting_cost_usd_per_week"] == pytest.approx(answer["ship_now_usd_per_week"] / 2)
    assert answer["ship_risk_usd_per_week"] < 1
    assert house.looks()[0]["waiting_micro_usd"] == round(answer["waiting_cost_usd_per_week"] * 1_000_000)


def test_revenue_that_falls_is_not_shipped(house: House) -> None:
    held = house.open()
    payload: dict[str, Any] = house.counts(held, 14, *after(14, BETTER))
    payload["arms"][0] |= {"revenue_usd": "28000.10"}
    payload["arms"][1] |= {"revenue_usd": "12600"}
    answer = house.ask("look", payload)
    assert answer["verdict"] in ("roll_back", "inconclusive")
    assert house.looks()[0]["counts"][0]["revenue_micro_usd"] == 28_000_100_000
