"""A real App on a temporary home, with the sandbox's fakes behind its transport."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from revenue_machine.app import App, build
from revenue_machine.engine.call import Moments
from revenue_machine.kit.clock import PushedClock
from revenue_machine.kit.settings import load
from revenue_machine.sandbox.store import WorldStore
from revenue_machine.sandbox.transport import SandboxTransport
from revenue_machine.sandbox.vendors import Outside

START = datetime(2026, 11, 2, 6, tzinfo=UTC)


class WorldClock(PushedClock):
    """One clock for product and world, moved by the test."""

    def __init__(self, start: datetime, store: WorldStore) -> None:
        super().__init__(start)
        self._store = store
        store.move_to(start)

    def move_to(self, instant: datetime) -> None:
        super().move_to(instant)
        self._store.move_to(instant)


def make_app(home: Path, *, moments: Moments | None = None, **env: str) -> tuple[App, Outside, WorldClock]:
    """(app, outside world, clock); close the app at the end of the test."""
    store = WorldStore(home / "world.db")
    outside = Outside(store, seed=7)
    clock = WorldClock(START, store)
    # No lottery of silence where a test is about something else.
    settings = load({"REVENUE_HOME": str(home), "REVENUE_LIFT__SWITCHBACK_SHARE": "0", **env})
    return build(settings, clock, SandboxTransport(outside), moments=moments), outside, clock
