"""Rows come back off the shelf as they were put there, in batches, from memory and from disk."""

from __future__ import annotations

from typing import Any

import pytest

from revenue_machine.domains.crm.shelf import Shelf


@pytest.mark.parametrize("kept_bytes", [1, 1024 * 1024])
def test_rows_come_back_as_often_as_wanted(kept_bytes: int) -> None:
    shelf, rows = Shelf(3, kept_bytes), [[number, f"zo\u00eb {number}", None, True, [["email", "x"]]] for number in range(8)]
    for row in rows[:7]:
        shelf.add(row)
    assert [len(batch) for batch in shelf.batches()] == [3, 3, 1]
    shelf.add(rows[7])
    back: list[list[list[Any]]] = list(shelf.batches())
    assert [row for batch in back for row in batch] == rows
    assert len(shelf) == 8


def test_full_batches_leave_no_empty_one() -> None:
    shelf = Shelf(2)
    for number in range(4):
        shelf.add([number])
    assert list(shelf.batches()) == [[[0], [1]], [[2], [3]]]
