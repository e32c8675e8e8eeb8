"""A worker that ticks until a file says the day is over."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

from revenue_machine.app import build
from revenue_machine.kit.clock import PushedClock, machine_sleep
from revenue_machine.kit.settings import load
from tests.app_fixture import START
from tests.engine import toy_house
from tests.engine.toy_house.toys import recipes
from tests.faults.toy_worker import FileVendor

SENDING_S = 0.1


class SlowVendor(FileVendor):
    """Takes a moment for each message, so that one is always on its way."""

    def send(self, key: str) -> dict[str, str]:
        answer = super().send(key)
        machine_sleep(SENDING_S)
        return answer


def main(home: str, url: str, journal: str, end: str, hours_later: str) -> None:
    vendor = SlowVendor()
    vendor.journal = Path(journal)
    recipes.VENDOR = vendor
    settings = load({"REVENUE_HOME": home, "REVENUE_DATABASE_URL": url})
    clock = PushedClock(START.replace(hour=8) + timedelta(hours=float(hours_later)))
    app = build(settings, clock, house=toy_house)
    app.durable.launch()
    sys.stdout.write("up\n")
    sys.stdout.flush()
    while not Path(end).exists():
        app.ticker.tick(blocks=[])
        machine_sleep(0.05)
    app.durable.settle(timeout_s=30)
    app.close()
