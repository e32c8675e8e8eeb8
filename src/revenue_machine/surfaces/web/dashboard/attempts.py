"""How often an address may try a wrong token: ten times a minute."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable

from revenue_machine.kit.clock import machine_s

MOST_WRONG = 10
WINDOW_S = 60.0
MOST_ADDRESSES = 10_000


class Attempts:
    """Wrong logins per address within the last minute, in memory."""

    def __init__(self, seconds: Callable[[], float] = machine_s) -> None:
        self._seconds = seconds
        self._wrong: dict[str, deque[float]] = {}

    def wait_s(self, address: str) -> int:
        """Whole seconds until this address may try again; 0 when it may now."""
        recent = self._recent(address)
        return 0 if len(recent) < MOST_WRONG else max(1, math.ceil(WINDOW_S - (self._seconds() - recent[0])))

    def wrong(self, address: str) -> None:
        """A wrong token came from there."""
        if len(self._wrong) >= MOST_ADDRESSES:
            self._wrong = {one: recent for one in list(self._wrong) if (recent := self._recent(one))}
        self._wrong.setdefault(address, deque(maxlen=MOST_WRONG)).append(self._seconds())

    def _recent(self, address: str) -> deque[float]:
        stamps = self._wrong.get(address, deque())
        while stamps and self._seconds() - stamps[0] >= WINDOW_S:
            stamps.popleft()
        return stamps
