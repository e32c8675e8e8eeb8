"""Due times of a pretend vendor come back in order and only when due."""

from __future__ import annotations

from pathlib import Path

from revenue_machine.kit.fakeschedule import FakeSchedule
from revenue_machine.sandbox.store import ServiceState, WorldStore

HOUR_MS = 3_600_000


def schedule(tmp_path: Path) -> FakeSchedule:
    return FakeSchedule(ServiceState(WorldStore(tmp_path / "world.db"), "stripe", 7))


def test_items_come_in_order(tmp_path: Path) -> None:
    due = schedule(tmp_path)
    for at_ms, key in ((5 * HOUR_MS, "c"), (10, "b"), (10, "a"), (9 * HOUR_MS, "d")):
        due.add(at_ms, key)
    assert [due.take(6 * HOUR_MS) for _ in range(4)] == [(10, "a"), (10, "b"), (5 * HOUR_MS, "c"), None]
    assert due.take(9 * HOUR_MS) == (9 * HOUR_MS, "d")


def test_nothing_comes_early(tmp_path: Path) -> None:
    due = schedule(tmp_path)
    due.add(1000, "a")
    assert due.take(999) is None
    assert due.take(1000) == (1000, "a")


def test_late_additions_are_found(tmp_path: Path) -> None:
    due = schedule(tmp_path)
    due.add(50 * HOUR_MS, "later")
    assert due.take(40 * HOUR_MS) is None
    due.add(2 * HOUR_MS, "earlier")
    assert due.take(40 * HOUR_MS) == (2 * HOUR_MS, "earlier")
    assert due.take(50 * HOUR_MS) == (50 * HOUR_MS, "later")


def test_empty_schedule_has_nothing(tmp_path: Path) -> None:
    assert schedule(tmp_path).take(HOUR_MS) is None
