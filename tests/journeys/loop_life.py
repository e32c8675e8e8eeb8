"""Days of which only the hours of the paywall's and the product's loop are lived: the whole app and world, few turns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from revenue_machine.app import build
from revenue_machine.engine.call import Moments
from revenue_machine.kit.clock import day_bounds, iso, local_date, wall_instant
from revenue_machine.kit.errors import ApprovalRequired
from revenue_machine.kit.settings import Settings, load
from revenue_machine.sandbox.frontdoor import ClosedDoor
from revenue_machine.sandbox.owner import Habits
from revenue_machine.sandbox.rates import WorldRates
from revenue_machine.sandbox.transport import SandboxTransport
from revenue_machine.sandbox.world import StoreClock
from revenue_machine.surfaces.cli.living import FIRST_DAY, demo_settings
from revenue_machine.surfaces.cli.opening import closing_app, opened_world
from revenue_machine.surfaces.living import Life, living

# What the evening block of the routine does for the loops, at its hour; all else of the seventeen steps stays away.
EVENING = time(18, 0)
EVENING_TOPICS = ("superwall.metrics",)
LOOPS = ("product.review", "experiments.close_overdue", "paywall.review", "superwall.ab_test")
# Rows that are due between the stops (a harness at work) are looked at no more often than this.
LEAST_STEP = timedelta(minutes=30)
LONGEST_STEP = timedelta(hours=12)
# This owner says yes to everything that is asked, within the hour or two that it stands.
WILLING = Habits(approves=1.0, edits=0.0, rejects=0.0, does_by_hand=0.0, drops_by_hand=0.0)


# Nearly everybody signs up and few begin a trial: a week decides, and a day costs little.
_SMALL: dict[str, Any] = {
    "people": 20_000,
    "viral_chance": 0.0,
    "traffic": {"direct_visits_per_day": 260, "visits_per_subscriber_per_day": 0, "analytics_blocked": 0.0},
    "funnel": {"click_to_signup": 0.9, "signup_to_trial": 0.32, "trial_to_paid": 0.2},
    "history": {"subscribers": 0, "subscribers_spread": 0, "open_trials": 0},
    "listings": {},
}


def small_world(effect: float) -> WorldRates:
    """One product whose paywall's challenger and whose every change have the same true effect."""
    fixes = {f"everreach/{step}": {"effect": effect} for step in ("signup", "trial_started", "purchase_completed")}
    offers = {key: one.model_dump() for key, one in WorldRates().offers.items()}
    only = {key: {**one, "weight": float(key == "everreach")} for key, one in offers.items()}
    return WorldRates.model_validate({**_SMALL, "paywalls": {"everreach": {"effect": effect}}, "fixes": fixes, "offers": only})


@dataclass
class LoopLife(Life):
    """A life that stops only where a loop or its owner has something to do; `resting` entries of the schedule stay away."""

    resting: set[str] = field(default_factory=set)

    def next_stop(self, now: datetime) -> datetime:
        """The owner's looks, the loops' hours, and rows that are due."""
        horizon = now + LONGEST_STEP
        stops = [horizon, *self.owner.visits(now + timedelta(microseconds=1), horizon), *self._evenings(now)]
        for entry in self.app.ticker.entries():
            if entry.name in self._loops():
                today = local_date(now, self.app.settings.zone)
                stops += [entry.due_at(today + timedelta(days=offset), self.app.settings.zone) for offset in (0, 1)]
        due_at = self.app.ticker.next_due_at()
        if due_at is not None:
            stops.append(max(due_at, now + LEAST_STEP))
        return min(stop for stop in stops if stop > now)

    def work(self, now: datetime) -> int:
        """The evening's figures at their hour, then whatever of the loops is due."""
        if now in self._evenings(now - timedelta(microseconds=1)):
            for name in EVENING_TOPICS:
                self.ask(name, key=f"evening/{iso(now)}")
        return self.app.ticker.tick(blocks=self._loops())

    def ask(self, name: str, payload: dict[str, Any] | None = None, *, key: str) -> Any:
        """A topic's answer; a failure fails the test."""
        envelope = self.app.call(name, payload or {}, key=key, actor="machine")
        assert envelope.error is None, f"{name}: {envelope.error}"
        return envelope.result

    def hold_phase(self, phase: int) -> None:
        """The owner's own hand on the phase, asked and answered as everything: two loops at a time want phase 2."""
        asked = self.app.call("funnel.override", {"phase": phase, "reason": "two experiments at a time"}, key="phase")
        assert isinstance(asked.error, ApprovalRequired)

    def live_days(self, first: date, days: int, until: Callable[[], bool] = lambda: False) -> int:
        """So many local dates, fewer once `until` holds; how many were lived."""
        for number in range(days):
            if until():
                return number
            self.live_until(
                wall_instant(first + timedelta(days=number + 1), time(), self.app.settings.zone), lambda _now, _runs: None
            )
        return days

    def _loops(self) -> list[str]:
        return [name for name in LOOPS if name not in self.resting]

    def _evenings(self, now: datetime) -> list[datetime]:
        today = local_date(now, self.app.settings.zone)
        found = [wall_instant(today + timedelta(days=offset), EVENING, self.app.settings.zone).astimezone(UTC) for offset in (0, 1)]
        return [at for at in found if at > now]


@contextmanager
def loop_life(
    settings: Settings, rates: WorldRates, *, habits: Habits = WILLING, moments: Moments | None = None
) -> Iterator[LoopLife]:
    """The whole product in its home, at the first day's midnight or where it stopped; no webhooks: no loop hears them."""
    start = day_bounds(FIRST_DAY, settings.zone)[0].astimezone(UTC)
    with opened_world(settings, rates, start) as world:
        role = "cli" if moments is None else "worker"
        app = build(settings, StoreClock(world.store), SandboxTransport(world.outside), moments=moments, role=role)
        with closing_app(app), living(app, world) as life:
            world.door = ClosedDoor()
            life.owner.habits = habits
            yield LoopLife(life.app, life.world, life.owner)


def fresh_settings(home: Path, seed: int) -> Settings:
    """A home and a database of its own."""
    return demo_settings(load({"REVENUE_HOME": str(home), "REVENUE_LIFT__SWITCHBACK_SHARE": "0"}), "deciding", seed)
