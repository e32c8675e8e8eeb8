"""A process that lives the loops day by day: `loop_worker.py FLAVOUR OWNER LOOPS [DEATH]`; it says at its end how long it took.

DEATH is JSON `{"loop", "state", "point", "note"}`: while that loop stands in that state, the process kills itself, as hard as it
goes: `before` or `acted` of a call, `polled` while the harness works, before or after or at the record of the harness's start, or
once the state has been `left`. LOOPS, joined by commas, are those that are lived to their end.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa

from revenue_machine.app import App
from revenue_machine.kit.clock import local_date
from revenue_machine.kit.settings import load
from revenue_machine.sandbox.owner import Habits
from tests.faults.day_worker import finish_open_runs
from tests.journeys.loop_life import WILLING, LoopLife, loop_life, small_world

# The true effect of the paywall's challenger and of every change; where all is worse, what was done has to be taken back.
FLAVOURS: Mapping[str, float] = {"winning": 1.9, "losing": 0.4}
SILENT = Habits(approves=0.0, edits=0.0, rejects=0.0, does_by_hand=0.0, drops_by_hand=0.0)
OWNERS = {"willing": WILLING, "silent": SILENT}
STATES = {
    "paywall": "select state from actp_paywall_loops where product = 'everreach_pro' order by created_at, id limit 1",
    "product": "select status from actp_product_experiments where project = 'everreach_pro' order by created_at, id limit 1",
}
OVER = {
    "paywall": "select count(*) from actp_paywall_loops where state = 'ended' and product = 'everreach_pro'",
    "product": "select count(*) from actp_product_experiments where finished_at is not null and project = 'everreach_pro'",
}
POINTS = ("before", "acted", "left")
POLLED = "polled"
EFFECT_POINTS = ("effect:before", "effect:acted", "effect:recorded")
MOST_DAYS = 40


@dataclass
class Death:
    """Waits for its loop to stand in its state, and kills the process there."""

    loop: str
    state: str
    point: str
    note: str
    url: str
    was_there: bool = False
    _engine: sa.Engine | None = field(default=None, repr=False)

    def reached(self, moment: str, name: str) -> None:
        if self.point == "left":
            state = self._state()
            if self.was_there and state != self.state:
                self._die(moment, name)
            self.was_there = self.was_there or state == self.state
        elif self._is_point(moment, name) and self._state() == self.state:
            self._die(moment, name)

    def _is_point(self, moment: str, name: str) -> bool:
        if self.point == POLLED:
            return (moment, name) == ("topic:acted", "acd.poll")
        if self.point in EFFECT_POINTS:
            return moment == self.point and name.startswith("acd.start/")
        return moment == f"topic:{self.point}"

    def _state(self) -> str | None:
        if self._engine is None:
            self._engine = sa.create_engine(self.url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with self._engine.connect() as connection:
            return connection.exec_driver_sql(STATES[self.loop]).scalar()

    def _die(self, moment: str, name: str) -> None:
        Path(self.note).write_text(json.dumps({"moment": moment, "name": name}), encoding="utf-8")
        os.kill(os.getpid(), signal.SIGKILL)


class Nobody:
    """Lives to the end."""

    def reached(self, moment: str, name: str) -> None:
        """Go on."""


def main(flavour: str, owner: str, loops: str, death_words: str | None = None) -> None:
    """Live until those loops are over, and a day longer: what was asked for last may still wait for its answer."""
    settings = load(os.environ).model_copy(update={"mode": "sandbox", "clock": None})
    death = Nobody() if death_words is None else Death(**json.loads(death_words), url=settings.database_url)
    with loop_life(settings, small_world(FLAVOURS[flavour]), habits=OWNERS[owner], moments=death) as life:
        finish_open_runs(life.app)
        if owner == "willing" and life.world.store.setting("phase_asked") is None:
            life.world.store.set_setting("phase_asked", "yes")
            life.hold_phase(2)
        life.work(life.app.clock.now())  # what comes up looks at once at what waits, as `revenue up` does: a yes stands four hours
        days = 0
        while not _are_over(life, loops.split(",")) and days < MOST_DAYS:
            life.live_days(local_date(life.app.clock.now(), settings.zone), 1)
            days += 1
        life.live_until(life.app.clock.now() + timedelta(hours=30), lambda _now, _runs: None)
        finish_open_runs(life.app)
        life.app.call("system.reconcile", key="end")
        sys.stdout.write(json.dumps({"days": days, "open": len(life.app.durable.open_runs())}) + "\n")


def _are_over(life: LoopLife, loops: list[str]) -> bool:
    over = {loop for loop, query in OVER.items() if count(life.app, query)}
    if "product" in over:
        life.resting.add("product.review")
    return over >= set(loops)


def count(app: App, query: str) -> int:
    with app.database.reading() as connection:
        return int(connection.exec_driver_sql(query).scalar_one())


if __name__ == "__main__":
    main(*sys.argv[1:])
