"""Who is calling, in which run and under which key; and the hooks a test may hang on the dangerous moments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Protocol


@dataclass(frozen=True)
class Call:
    """One topic call. `key` is its business key: the same topic and key is the same call, whenever repeated."""

    topic: str
    key: str
    run_id: str
    actor: str = "machine"
    run_date: date | None = None
    approval_id: str | None = None
    is_critical: bool = False

    def inner(self, topic: str, key: str | None) -> Call:
        """A call made by this one."""
        name = key if key is not None else topic
        return Call(topic, f"{self.key}/{name}", self.run_id, self.actor, self.run_date, None, self.is_critical)


class Moments(Protocol):
    """Told at each moment between intent, effect and record; a kill test dies there."""

    def reached(self, moment: str, name: str) -> None: ...


class NoMoments:
    """Production: nothing listens."""

    def reached(self, moment: str, name: str) -> None:
        """Go on."""
