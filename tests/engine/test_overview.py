"""The state of the house in numbers that a person acts on."""

from __future__ import annotations

from pathlib import Path

from revenue_machine.app import App
from revenue_machine.engine.overview import overview
from revenue_machine.kit.errors import OutsideUnanswered
from revenue_machine.kit.hooks import HookEvent
from tests.app_fixture import START
from tests.engine.toy_house.toys.recipes import ToyVendor


def test_a_quiet_house_has_nothing_waiting(toys: App, tmp_path: Path) -> None:
    assert overview(toys.database, toys.clock, toys.settings, toys.slot) == {
        "mode": "sandbox", "home": str(tmp_path), "database": "sqlite", "now": "2026-11-02T06:00:00+00:00", "timezone": "UTC",
        "stopped": False, "approvals_waiting": 0, "hand_tasks_open": 0, "intents_in_doubt": 0, "dead_letters": 0, "worker": "slot-0",
    }  # fmt: skip


def test_what_waits_for_a_person_is_counted(toys: App, vendor: ToyVendor) -> None:
    toys.call("toys.ask", {"words": "a"})
    vendor.failure = OutsideUnanswered()
    toys.call("toys.shout", {"words": "a"})
    toys.inbox.store("till", HookEvent("e1", "sold", None, START), b"not json")
    for _ in range(3):
        toys.inbox.drain()
    toys.switch.set(stopped=True, actor="ada", reason="enough")
    shown = overview(toys.database, toys.clock, toys.settings, toys.slot)
    counted = ("approvals_waiting", "intents_in_doubt", "dead_letters", "stopped")
    assert [shown[name] for name in counted] == [1, 1, 1, True]
