"""Every outside answer is kept with the call that asked, in the order it came."""

from __future__ import annotations

import threading

import pytest
import sqlalchemy as sa

from revenue_machine.engine.call import Call
from revenue_machine.engine.database import Database
from revenue_machine.engine.recorder import Recorder
from revenue_machine.engine.tables import RECORDINGS
from revenue_machine.kit.clock import PushedClock
from revenue_machine.kit.service import Exchange

CALL = Call("toys.shout", "k1", "run")


@pytest.fixture
def recorder(database: Database, clock: PushedClock) -> Recorder:
    return Recorder(database, clock)


def exchange(answer: str) -> Exchange:
    return Exchange("toy", "POST", "/shout", '{"private": "words"}', 200, answer)


def kept(database: Database) -> list[tuple[str, int, str]]:
    query = sa.select(RECORDINGS.c.call_key, RECORDINGS.c.place, RECORDINGS.c.answer)
    with database.reading() as connection:
        return [(row[0], row[1], row[2]) for row in connection.execute(query.order_by(RECORDINGS.c.call_key, RECORDINGS.c.place))]


def test_answers_keep_their_place(database: Database, recorder: Recorder) -> None:
    for answers in (("a", "b"), ("c",)):
        for one in answers:
            recorder.keep(exchange(one))
        recorder.flush(CALL)
    assert kept(database) == [("k1", 0, "a"), ("k1", 1, "b"), ("k1", 2, "c")]


def test_a_flush_without_answers_writes_nothing(database: Database, recorder: Recorder) -> None:
    recorder.flush(CALL)
    assert kept(database) == []


def test_the_question_is_kept_as_a_hash(database: Database, recorder: Recorder) -> None:
    recorder.keep(exchange("a"))
    recorder.flush(CALL)
    with database.reading() as connection:
        row = connection.execute(sa.select(RECORDINGS)).mappings().one()
    assert "private" not in str(row)
    assert (row["service"], row["method"], row["path"], row["status"]) == ("toy", "POST", "/shout", 200)


def test_threads_do_not_mix_their_answers(database: Database, recorder: Recorder) -> None:
    gate = threading.Barrier(2)

    def work(name: str) -> None:
        for number in range(3):
            recorder.keep(exchange(f"{name}{number}"))
            gate.wait()
        recorder.flush(Call("toys.shout", name, "run"))

    threads = [threading.Thread(target=work, args=(name,)) for name in "xy"]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert kept(database) == [(name, place, f"{name}{place}") for name in "xy" for place in range(3)]
