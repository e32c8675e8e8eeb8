"""Each topic of the book is one transaction: row, look and what is stated of them are on disk together, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa

from tests.domains.experiments.book_house import FIRST, WANTED, House
from tests.domains.experiments.test_book_looks import BETTER, SAME, after


@contextmanager
def written(house: House) -> Iterator[list[list[str]]]:
    """The statements that change the book or state something, one list per commit."""
    commits: list[list[str]] = []
    now: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        words = statement.lower().split()
        if words[0] in ("insert", "update", "delete") and {"actp_experiments", "actp_experiment_looks", "actp_events"} & set(words):
            now.append(f"{words[0]} {words[2] if words[0] == 'insert' else words[1]}")

    def end(_connection: Any) -> None:
        if now:
            commits.append(list(now))
            now.clear()

    engine = house.app.database.engine
    sa.event.listen(engine, "before_cursor_execute", note)
    sa.event.listen(engine, "commit", end)
    yield commits
    sa.event.remove(engine, "before_cursor_execute", note)
    sa.event.remove(engine, "commit", end)


def test_opening_is_one_commit(any_house: House) -> None:
    with written(any_house) as commits:
        any_house.ask("open", WANTED)
    assert commits == [["insert actp_experiments", "insert actp_events"]]


def test_a_look_that_decides_is_one_commit(any_house: House) -> None:
    payload = any_house.counts(any_house.open(), 7, *after(7, BETTER))
    with written(any_house) as commits:
        any_house.ask("look", payload)
    assert commits == [["insert actp_experiment_looks", "update actp_experiments", "insert actp_events"]]


def test_closing_is_one_commit(any_house: House) -> None:
    held = any_house.open()
    with written(any_house) as commits:
        any_house.ask("close", {"experiment_id": held, "outcome": "failed", "words": "no harness"})
    assert commits == [["update actp_experiments", "insert actp_events"]]


def test_ending_by_rule_is_one_commit(any_house: House) -> None:
    for subject in ("checkout", "pricing"):
        any_house.open(subject=subject)
    any_house.clock.move_to(any_house.clock.now().replace(day=30))
    with written(any_house) as commits:
        assert any_house.ask("close_overdue")["closed"] == 2
    assert commits == [["update actp_experiments", "insert actp_events"] * 2]


@pytest.mark.parametrize("broken", ["actp_experiment_looks", "actp_events"])
def test_what_cannot_be_kept_whole_is_not_kept(house: House, broken: str) -> None:
    """The disk says no to one of the three writes: none of them happened, and the same call does it all later."""
    held = house.open()
    payload = house.counts(held, 7, *after(7, BETTER))
    before = house.row(held)
    stop = f"create trigger no_more before insert on {broken} begin select raise(abort, 'disk full'); end"
    with house.app.database.writing() as connection:
        connection.exec_driver_sql(stop)
    assert house.refused("look", payload)[0] in ("outside_unavailable", "conflict")
    assert (house.row(held), house.looks(), house.told("experiment.judged")) == (before, [], [])
    with house.app.database.writing() as connection:
        connection.exec_driver_sql("drop trigger no_more")
    assert house.ask("look", payload)["status"] == "decided"
    assert len(house.told("experiment.judged")) == 1


def test_the_same_life_leaves_the_same_rows(any_house: House) -> None:
    """Every call twice: the book is that of every call once."""
    held = any_house.open()
    assert any_house.open() == held
    for day in (3, 7):
        for _ in range(2):
            any_house.look(held, day, *after(day, SAME))
    before = (any_house.row(held), any_house.looks(), any_house.told("experiment.judged"))
    any_house.look(held, 7, *after(7, SAME))
    assert (any_house.row(held), any_house.looks(), any_house.told("experiment.judged")) == before
    assert [one["on_date"].day for one in any_house.looks()] == [FIRST.day + 2, FIRST.day + 6]
