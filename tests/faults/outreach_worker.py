"""A worker process that sends approved messages until an instant: `outreach_worker.py DEATH UNTIL`; it kills itself at its DEATH-th moment."""

from __future__ import annotations

import os
import signal
import sys

from revenue_machine.app import App, build, clock_for
from revenue_machine.kit.clock import machine_sleep, parse_instant
from revenue_machine.kit.settings import load

MOMENTS = ("topic:before", "effect:before", "effect:acted", "effect:recorded", "topic:acted")
MOST_ROUNDS = 6_000


class DiesAtMoment:
    """Counts the dangerous moments and dies, as hard as it goes, at one of them; 0 is never."""

    def __init__(self, death: int) -> None:
        self._left = death

    def reached(self, moment: str, name: str) -> None:
        if moment in MOMENTS and ("queue/" in name or name in ("linkedin.connect", "dm.send")):
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


def open_house(death: int = 0) -> App:
    """The product of this environment."""
    settings = load(os.environ)
    return build(settings, clock_for(settings), moments=DiesAtMoment(death), role="worker")


def main(death: str, until: str) -> None:
    """Tick as a worker's heart does, on the world's clock."""
    app, end = open_house(int(death)), parse_instant(until)
    app.durable.launch()
    for _ in range(MOST_ROUNDS):
        app.durable.take_over_dead()
        app.ticker.tick(blocks=())
        if app.clock.now() >= end:
            break
        machine_sleep(0.1)
    app.durable.settle(timeout_s=60)
    app.call("system.reconcile", key=f"end/{os.getpid()}")
    sys.stdout.write("done\n")
    app.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
