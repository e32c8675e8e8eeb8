"""A worker process that sends what is due until nothing is: `mail_worker.py SEED DEATH`; it kills itself at its DEATH-th moment, 0 is never."""

from __future__ import annotations

import os
import signal
import sys

from revenue_machine.app import App, build, clock_for
from revenue_machine.domains.email import reads
from revenue_machine.kit.settings import load

MOMENTS = ("mail:rendered", "effect:before", "effect:acted", "effect:recorded")
MOST_ROUNDS = 400


class DiesAtMoment:
    """Counts the dangerous moments and dies, as hard as it goes, at one of them."""

    def __init__(self, death: int) -> None:
        self._left = death

    def reached(self, moment: str, name: str) -> None:
        if moment not in MOMENTS:
            return
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def open_house(death: int = 0) -> App:
    """The product of this environment."""
    settings = load(os.environ)
    return build(settings, clock_for(settings), moments=DiesAtMoment(death))


def is_done(app: App) -> bool:
    """Whether nothing more wants attention at this hour."""
    with app.database.reading() as connection:
        next_at = reads.next_due_at(connection)
    return next_at is None or next_at > app.clock.now()


def main(seed: str, death: str) -> None:
    """Send until nothing is due."""
    app = open_house(int(death))
    sent = 0
    for number in range(MOST_ROUNDS):
        if is_done(app):
            break
        envelope = app.call("email.send", {"limit": 10}, key=f"{seed}/{number}")
        sent += envelope.result["sent"] if envelope.ok else 0
    sys.stdout.write(f"sent {sent}\n")
    app.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
