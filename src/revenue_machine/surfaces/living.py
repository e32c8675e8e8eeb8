"""Product and world take turns: people live until something is due, then the machine does what is due."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import partial

from revenue_machine.app import App
from revenue_machine.kit.clock import wall_instant
from revenue_machine.kit.errors import Conflict
from revenue_machine.sandbox.behaviours.outreach import sent_by_hand
from revenue_machine.sandbox.frontdoor import AsgiDoor
from revenue_machine.sandbox.owner import Owner
from revenue_machine.sandbox.world import World
from revenue_machine.surfaces.web.application import make_web

DAY_ENDS = time(3, 30)
OWNER_TOKEN = "the-sandbox-owner"  # noqa: S105 - a name, not a secret

Progress = Callable[[datetime, int], None]


@dataclass
class Life:
    """One product in one world."""

    app: App
    world: World
    owner: Owner
    decisions: Counter[str] = field(default_factory=Counter)

    def live_day(self, day: date, progress: Progress) -> None:
        """Live a whole local date, its small hours after midnight included."""
        self.live_until(wall_instant(day + timedelta(days=1), DAY_ENDS, self.app.settings.zone), progress)

    def live_until(self, until: datetime, progress: Progress) -> None:
        """Turn by turn; business time moves only when nothing is due, open or in doubt."""
        now = self.app.clock.now()
        while now < until:
            stop = min(self.next_stop(now), until)
            self.world.turn_to(stop)
            for visit in self.owner.visits(now + timedelta(microseconds=1), stop + timedelta(microseconds=1)):
                self.decisions.update(self.owner.look(visit))
            started = self.work(stop)
            self._settle_doubts()
            progress(stop, started)
            now = stop

    def work(self, now: datetime) -> int:
        """Do what is due; how many runs were started."""
        return self.app.ticker.tick()

    def next_stop(self, now: datetime) -> datetime:
        """Every full hour, every hour of the schedule, every look of the owner."""
        hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        visits = list(self.owner.visits(now + timedelta(microseconds=1), hour))
        return min([hour, self.app.ticker.next_scheduled_at(now), *visits])

    def _settle_doubts(self) -> None:
        """Time stands still while an outcome is unknown and somebody can still tell."""
        still_open = self.app.durable.settle(timeout_s=60)
        if still_open:
            raise Conflict(f"{len(still_open)} runs do not end: {', '.join(still_open[:3])}")
        self.app.call("system.reconcile", key=f"turn/{self.app.clock.now().isoformat()}")


@contextmanager
def living(app: App, world: World) -> Iterator[Life]:
    """Open the front door and give the owner a token."""
    # What stands by now stands to the end: the collector need not walk all the libraries again every few hours.
    gc.freeze()
    door = AsgiDoor(make_web(app))
    world.door = door
    try:
        hand = partial(sent_by_hand, world)
        yield Life(app, world, Owner(world.seed, door, _owner_token(app, world), app.settings.zone, on_sent=hand))
    finally:
        door.close()


def _owner_token(app: App, world: World) -> str:
    """The pretend owner's `approve` token, kept in the world like a password in a person's head."""
    kept = world.store.setting("owner_token")
    if kept is None:
        kept = app.tokens.create(OWNER_TOKEN, ["approve"], actor="sandbox")
        world.store.set_setting("owner_token", kept)
    return kept
