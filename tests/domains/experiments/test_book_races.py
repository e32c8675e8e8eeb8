"""Several hands at once: one experiment per subject, one row per look, every verdict told once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.domains.experiments.book_house import WANTED, House
from tests.domains.experiments.test_book_looks import BETTER, after

HANDS = 6


def test_hands_that_open_at_once_open_one(any_house: House) -> None:
    wanted = [{**WANTED, "opened_for": f"idea {place % 2}"} for place in range(HANDS)]
    with ThreadPoolExecutor(HANDS) as hands:
        answers = list(hands.map(lambda one: any_house.app.call("experiments.open", one), wanted))
    opened = {answer.result["experiment_id"] for answer in answers if answer.ok}
    assert len(opened) == 1
    assert {answer.error.code for answer in answers if answer.error is not None} == {"cap_reached"}
    assert len(any_house.told("experiment.opened")) == 1


def test_hands_that_look_at_once_tell_once(any_house: House) -> None:
    payload = any_house.counts(any_house.open(), 7, *after(7, BETTER))
    with ThreadPoolExecutor(HANDS) as hands:
        answers = list(hands.map(lambda _place: any_house.app.call("experiments.look", payload), range(HANDS)))
    assert {answer.result["verdict"] for answer in answers} == {"ship"}
    assert (len(any_house.looks()), len(any_house.told("experiment.judged"))) == (1, 1)
