"""A worker process on the toy house: it dies at a moment or ends its day."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from revenue_machine.app import build
from revenue_machine.kit.clock import PushedClock
from revenue_machine.kit.settings import load
from tests.app_fixture import START
from tests.engine import toy_house
from tests.engine.toy_house.toys import recipes


class FileVendor(recipes.ToyVendor):
    """Acts by appending a line to a file, so that it outlives the process."""

    journal: Path = Path()

    def send(self, key: str) -> dict[str, str]:
        with self.journal.open("a", encoding="utf-8") as out:
            out.write(key + "\n")
        return {"id": key}


class DiesAt:
    """Kills its own process, as hard as it goes, at one moment."""

    def __init__(self, moment: str, name: str) -> None:
        self._moment, self._name = moment, name

    def reached(self, moment: str, name: str) -> None:
        if moment == self._moment and self._name in name:
            os.kill(os.getpid(), signal.SIGKILL)


def main(home: str, url: str, journal: str, *death: str) -> None:
    vendor = FileVendor()
    vendor.journal = Path(journal)
    recipes.VENDOR = vendor
    settings = load({"REVENUE_HOME": home, "REVENUE_DATABASE_URL": url})
    clock = PushedClock(START.replace(hour=8))
    app = build(settings, clock, house=toy_house, moments=DiesAt(*death) if death else None)
    app.durable.launch()
    app.durable.settle(timeout_s=30)
    app.ticker.tick()
    sys.stdout.write(f"slot {app.slot.name} open {len(app.durable.open_runs())}\n")
    app.close()
