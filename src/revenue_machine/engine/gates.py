"""The one door everything that spends or speaks goes through, checked in the intent's own transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from typing import Protocol, TypeGuard
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from revenue_machine.engine.call import Call
from revenue_machine.engine.caps import Ceiling, give_back, take_slot
from revenue_machine.engine.database import Database
from revenue_machine.engine.switch import Switch, check_suppressed
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.errors import CapReached
from revenue_machine.kit.settings import Cap

PLAUSIBLE_ZONES = ("Pacific/Honolulu", "America/New_York", "Europe/Berlin", "Asia/Tokyo")


@dataclass(frozen=True)
class Spend:
    """What a call may cost at worst and which budget pays; `is_critical` passes the soft stop."""

    worst_case_micro_usd: int
    kind: str
    task_type: str
    is_critical: bool = False


@dataclass(frozen=True)
class Window:
    """The hours of the recipient's day in which a message may arrive; end exclusive."""

    zone: str | None
    opens: time
    closes: time


@dataclass(frozen=True)
class Speech:
    """Whom an effect reaches and on which channel; a public channel has no recipient."""

    channel: str
    ceiling: Ceiling
    recipient: str | None = None
    window: Window | None = None


class BudgetGate(Protocol):
    """The role of whoever guards the money; the credit domain plays it."""

    def reserve(self, connection: sa.Connection, intent_key: str, spend: Spend, call: Call) -> None:
        """Hold the worst case or raise `budget_exhausted`."""
        ...

    def release(self, connection: sa.Connection, intent_key: str) -> None:
        """Give the hold back: nothing was spent, or the real price is posted in this transaction."""
        ...


class Chokepoint:
    """Kill switch, suppression, quiet hours, cap, budget: in this order, all or nothing."""

    def __init__(
        self, *, database: Database, clock: Clock, zone: ZoneInfo, switch: Switch, caps: Mapping[str, Cap], budget: BudgetGate
    ) -> None:
        self._database, self._clock, self._zone = database, clock, zone
        self._switch, self._caps, self._budget = switch, caps, budget

    def admit(self, connection: sa.Connection, intent_key: str, call: Call, speech: Speech | None, spend: Spend | None) -> None:
        """Let an effect through or raise what forbids it; whatever it takes is taken in this transaction."""
        self._switch.check(connection)
        if speech is not None:
            self._admit_speech(connection, intent_key, speech)
        if spend is not None:
            self._budget.reserve(connection, intent_key, spend, call)

    def refund(self, connection: sa.Connection, intent_key: str) -> None:
        """Undo what `admit` took, for an effect that surely did not happen."""
        give_back(connection, intent_key)
        self._budget.release(connection, intent_key)

    def settle(self, connection: sa.Connection, intent_key: str) -> None:
        """The effect happened: its price stands in the ledger, so the hold goes."""
        self._budget.release(connection, intent_key)

    def _admit_speech(self, connection: sa.Connection, intent_key: str, speech: Speech) -> None:
        if speech.recipient is not None:
            check_suppressed(connection, speech.recipient)
        if speech.window is not None:
            self._check_window(speech.window)
        cap = self._caps.get(speech.channel, Cap())
        ceiling = speech.ceiling.lowered(cap.per_day, cap.per_week)
        take_slot(
            connection, self._database, speech.channel, ceiling, intent_key=intent_key, now=self._clock.now(), zone=self._zone
        )

    def _check_window(self, window: Window) -> None:
        """An unknown zone is every plausible zone at once: only hours open in all of them."""
        for name in [window.zone] if _is_zone(window.zone) else PLAUSIBLE_ZONES:
            local = self._clock.now().astimezone(ZoneInfo(name)).time()
            if not window.opens <= local < window.closes:
                raise CapReached(f"it is {local:%H:%M} in {name}; messages go from {window.opens:%H:%M} to {window.closes:%H:%M}")


def _is_zone(name: str | None) -> TypeGuard[str]:
    """Whether a recipient's zone is known; a name that is no zone is as unknown as none."""
    try:
        return name is not None and ZoneInfo(name) is not None
    except (KeyError, ValueError, OSError):
        return False
