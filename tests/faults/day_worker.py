"""One process that walks a date block by block on the fakes' clock: `day_worker.py OUTSIDE_URL FIRST_BLOCK END_BLOCK [DEATH]`.

DEATH is JSON `{"block", "after", "topic", "record", "point", "note"}`: once the step `after` of that block is on record, the
process kills itself, as hard as it goes, at the named point of the next one, and says in the file `note` where it was.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import urllib.request
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from revenue_machine.app import App
from revenue_machine.domains.routine.daily_routine import BLOCKS
from revenue_machine.engine.schedule import Entry, Missed
from revenue_machine.kit.clock import iso, machine_sleep
from revenue_machine.surfaces.cli.opening import opened, settings_from_environment
from tests.faults.outside_process import RUN_DATE

MISSED_IT = 3
POINTS = {
    "before": ("topic:before",),
    "acted": ("effect:acted", "topic:acted"),
    "recorded": ("topic:recorded",),
}


@dataclass
class Death:
    """Waits for its moment in one block, and kills the process there."""

    block: str
    after: str
    topic: str
    record: str
    point: str
    note: str
    has_block_begun: bool = False
    is_armed: bool = False

    def reached(self, moment: str, name: str) -> None:
        if not self.has_block_begun:
            return
        if not self.is_armed:
            self.is_armed = moment == "topic:recorded" and name == self.after
            return
        if moment in POINTS[self.point] and (self.point != "before" or name == self.topic):
            self._leave(moment, name, signal.SIGKILL)
        if moment == "topic:recorded":
            self._leave("missed", name, signal.SIGTERM)

    def _leave(self, moment: str, name: str, how: signal.Signals) -> None:
        Path(self.note).write_text(json.dumps({"moment": moment, "name": name}), encoding="utf-8")
        os.kill(os.getpid(), how)


class Nobody:
    """Walks to the end."""

    has_block_begun = False

    def reached(self, moment: str, name: str) -> None:
        """Go on."""


def main(outside_url: str, first: str, end: str, death_words: str | None = None) -> None:
    death: Death | Nobody = Death(**json.loads(death_words)) if death_words else Nobody()
    names = [block.name for block in BLOCKS]
    wanted = BLOCKS[names.index(first) : names.index(end) + 1]
    with opened(settings_from_environment(), role="worker", moments=death) as home:
        finish_open_runs(home.app)
        for block in wanted:
            entry = Entry(block.run_name, block.at, Missed.CATCH_UP, day_offset=block.day_offset)
            advance(outside_url, iso(entry.due_at(date.fromisoformat(RUN_DATE), home.app.settings.zone)))
            death.has_block_begun = getattr(death, "block", None) == block.name
            home.app.ticker.tick()
            finish_open_runs(home.app)
            home.app.call("system.reconcile", key=f"kill/{block.name}")
        home.app.ticker.tick()
        sys.stdout.write(json.dumps({"open": len(home.app.durable.open_runs())}) + "\n")


def finish_open_runs(app: App) -> None:
    """As the heart of a worker does: take over from the dead until nothing is open."""
    app.durable.launch()
    for _ in range(300):
        app.durable.take_over_dead()
        if not app.durable.open_runs():
            return
        machine_sleep(0.2)


def advance(outside_url: str, to: str) -> None:
    """Let the world live until an instant; it is already there after a crash in that block."""
    with urllib.request.urlopen(f"{outside_url}/_clock", timeout=60) as answer:
        now = json.load(answer)["now"]
    if now < to:
        body = json.dumps({"to": to}).encode()
        urllib.request.urlopen(urllib.request.Request(f"{outside_url}/_advance", data=body, method="POST"), timeout=300).close()


if __name__ == "__main__":
    main(*sys.argv[1:])
