"""Columns on disk: every kill leaves what was there, and no batch counts twice."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from revenue_machine.engine import column_store
from revenue_machine.engine.column_store import Batch, ColumnStore, Rows, Snapshot
from revenue_machine.engine.columns import times_of, users_of
from revenue_machine.engine.database import StoreUnavailable

Event = tuple[str, int, int]
AT = 1_767_225_600_000
SEVERAL = 12


def store_in(folder: Path) -> ColumnStore:
    return ColumnStore(folder, {"seen": {"number": "int64"}}, ("user",))


def add(store: ColumnStore, events: list[Event], mark: str = "") -> None:
    words = store.read().words["user"]
    fresh = words.learn([user for user, _, _ in events])
    users = words.codes([user for user, _, _ in events])
    times, numbers = (np.array([one[place] for one in events], np.int64) for place in (1, 2))
    store.append(Batch({"seen": Rows(users, times, {"number": numbers})}, {"user": fresh}, mark))


def held(found: Snapshot) -> list[Event]:
    whole, names = found.joined()["seen"], found.words["user"].texts()
    rows = zip(
        users_of(whole.keys).tolist(), times_of(whole.keys, found.epoch_ms).tolist(), whole.columns["number"].tolist(), strict=True
    )
    return [(names[user], time, number) for user, time, number in rows]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != "lock")


some_batches = st.lists(
    st.tuples(st.lists(st.tuples(st.sampled_from("abc"), st.integers(-40, 40)), max_size=5), st.booleans()), max_size=6
)


@settings(max_examples=30, deadline=None)
@given(some_batches)
def test_any_order_and_any_merges_hold_all(
    tmp_path_factory: pytest.TempPathFactory, batches: list[tuple[list[tuple[str, int]], bool]]
) -> None:
    store, came = store_in(tmp_path_factory.mktemp("columns")), list[Event]()
    for number, (rows, merges) in enumerate(batches):
        # Ten days each: some come before the epoch of all there was.
        events = [(user, AT + days * 10 * 86_400_000, 100 * number + place) for place, (user, days) in enumerate(rows)]
        add(store, events, str(number))
        came += events
        if merges:
            store.merge()
    found = store.read()
    first = {user: place for place, user in enumerate(dict.fromkeys(user for user, _, _ in came))}
    assert held(found) == sorted(came, key=lambda one: (first[one[0]], one[1], one[2]))
    assert found.mark == (str(len(batches) - 1) if batches else "")


def test_empty_store_reads_as_nothing(tmp_path: Path) -> None:
    assert held(store_in(tmp_path / "none").read()) == []


def test_merge_leaves_one_generation(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    add(store, [("a", AT, 1)])
    store.merge()
    add(store, [("b", AT, 2)])
    assert names(tmp_path) == ["b000000002.npz", "g000000001"]
    assert held(store.merge()) == [("a", AT, 1), ("b", AT, 2)]
    assert names(tmp_path) == ["g000000002"]


def test_merged_batch_left_behind_counts_once(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    add(store, [("a", AT, 1)], "one")
    shutil.copy(tmp_path / "b000000001.npz", tmp_path / "kept")
    store.merge()
    shutil.move(tmp_path / "kept", tmp_path / "b000000001.npz")
    assert held(store.read()) == [("a", AT, 1)]
    add(store, [("a", AT, 2)], "two")
    store.merge()
    assert (held(store.read()), names(tmp_path)) == ([("a", AT, 1), ("a", AT, 2)], ["g000000002"])


def test_what_a_killed_writer_left_is_not_read(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    add(store, [("a", AT, 1)])
    (tmp_path / "g000000001.tmp").mkdir()
    (tmp_path / "b000000002.tmp").write_bytes(b"half")
    assert held(store.read()) == [("a", AT, 1)]
    store.merge()
    assert names(tmp_path) == ["g000000001"]


def test_kept_columns_go_with_their_generation(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    add(store, [("a", AT, 1)])
    found = store.merge(lambda whole: {"count": np.array([len(whole.base["seen"])])})
    add(store, [("a", AT, 2)])
    assert (found.kept["count"].tolist(), store.read().kept["count"].tolist()) == ([1], [1])


def test_replaced_store_forgets_the_batches(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    add(store, [("a", AT, 1)])
    rows = Rows(np.array([0]), np.array([AT]), {"number": np.array([9])})
    found = store.replace(Batch({"seen": rows}, {"user": ["z"]}, "anew"))
    assert (held(found), found.mark) == ([("z", AT, 9)], "anew")


def test_damage_says_what_to_do(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    add(store, [("a", AT, 1)])
    store.merge()
    (tmp_path / "g000000001" / "about.json").write_text("{")
    with pytest.raises(StoreUnavailable, match="delete the folder"):
        store.read()


def test_reader_sees_a_merge_between_two_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader who listed the folder before a merge must not miss the batches the merge took away."""
    store, other = store_in(tmp_path), store_in(tmp_path)
    add(store, [("a", AT, 1)])
    seen = store._batches
    turns = iter([True])

    def merged_meanwhile() -> list[int]:
        if next(turns, False):
            other.merge()
        return seen()

    monkeypatch.setattr(store, "_batches", merged_meanwhile)
    assert held(store.read()) == [("a", AT, 1)]


_WRITER = """
import sys
from pathlib import Path
sys.path[:0] = [{root!r}]
from tests.engine.test_column_store import AT, add, store_in
store = store_in(Path({folder!r}))
number = 0
while True:
    add(store, [("u%d" % (number % 5), AT + number, number)], str(number))
    print(number, flush=True)
    if number % 4 == 3:
        store.merge()
    number += 1
"""


@pytest.mark.parametrize("lines", [1, 4, SEVERAL])
def test_killed_writer_loses_nothing_it_told_of(tmp_path: Path, lines: int) -> None:
    code = _WRITER.format(root=str(Path(__file__).parents[2]), folder=str(tmp_path / "columns"))
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        told = [int(writer.stdout.readline()) for _ in range(lines)]
        os.kill(writer.pid, signal.SIGKILL)
    found = store_in(tmp_path / "columns").read()
    numbers = sorted(number for _, _, number in held(found))
    assert numbers == list(range(len(numbers)))
    assert set(told) <= set(numbers)
    assert found.mark == str(numbers[-1])


def test_tries_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = store_in(tmp_path)
    generations = iter(range(1, 99))
    monkeypatch.setattr(store, "_newest", lambda: next(generations))
    monkeypatch.setattr(column_store, "TRIES", 3)
    with pytest.raises(StoreUnavailable, match="being rewritten"):
        store.read()
