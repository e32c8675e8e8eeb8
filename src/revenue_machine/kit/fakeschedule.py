"""What a pretend vendor has to do later: due times kept in hour buckets, so a busy world stays fast."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from revenue_machine.kit.fakeserver import FakeState

_KIND = "due"
_CURSOR = "cursor"


def epoch_ms(instant: datetime) -> int:
    """Whole milliseconds since the epoch."""
    return int(instant.timestamp() * 1000)


@dataclass(frozen=True)
class FakeSchedule:
    """Keys with due times (ms since the epoch); a key may be due more than once, the taker decides if it still is."""

    state: FakeState

    def add(self, due_ms: int, key: str) -> None:
        """Remember that `key` is due then."""
        hour = due_ms // 3_600_000
        bucket = self.state.get(_KIND, str(hour)) or {"items": []}
        self.state.put(_KIND, str(hour), {"items": [*bucket["items"], [due_ms, key]]})
        cursor = self.state.get(_KIND, _CURSOR)
        if cursor is None or hour < cursor["hour"]:
            self.state.put(_KIND, _CURSOR, {"hour": hour})

    def take(self, now_ms: int) -> tuple[int, str] | None:
        """Remove and return the earliest due item not later than now, by time and then key; None when nothing is due."""
        cursor = self.state.get(_KIND, _CURSOR)
        if cursor is None:
            return None
        last = now_ms // 3_600_000
        for hour in range(cursor["hour"], last + 1):
            taken = self._take_from(hour, now_ms)
            if taken is not None or hour == last:
                self.state.put(_KIND, _CURSOR, {"hour": hour})
                return taken
        return None

    def _take_from(self, hour: int, now_ms: int) -> tuple[int, str] | None:
        bucket = self.state.get(_KIND, str(hour))
        if bucket is None:
            return None
        items = sorted(bucket["items"])
        if items[0][0] > now_ms:
            return None
        if items[1:]:
            self.state.put(_KIND, str(hour), {"items": items[1:]})
        else:
            self.state.drop(_KIND, str(hour))
        return int(items[0][0]), str(items[0][1])
