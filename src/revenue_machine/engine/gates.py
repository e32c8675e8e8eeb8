"""The one door everything that spends or speaks goes through, checked in the intent's own transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Protocol, TypeGuard
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from revenue_machine.engine.call import Call
from revenue_machine.engine.caps import Ceiling, give_back, take_slot
from revenue_machine.engine.database import Database
from revenue_machine.engine.switch import Switch, check_channel, check_suppressed
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.errors import CapReached
from revenue_machine.kit.settings import Cap

# Where somebody of unknown zone may live; a window that is open in all of them at once is 16:00 to 20:00 UTC in winter.
PLAUSIBLE_ZONES = ("America/Los_Angeles", "America/New_York", "Europe/London", "Europe/Berlin")
EVERY_DAY = frozenset(range(7))
WEEKDAYS = frozenset(range(5))


@dataclass(frozen=True)
class Spend:
    """What a call may cost at worst and which budget pays; `is_critical` passes the soft stop."""

    worst_case_micro_usd: int
    kind: str
    task_type: str
    is_critical: bool = False


@dataclass(frozen=True)
class Window:
    """The hours of the recipient's day in which a message may arrive; end exclusive; `days` 0 is Monday."""

    zone: str | None
    opens: time
    closes: time
    days: frozenset[int] = EVERY_DAY

    def is_open(self, now: datetime) -> bool:
        """An unknown zone is every plausible zone at once: only hours open in all of them."""
        return all(self._is_open_in(name, now) for name in self._zones())

    def opens_at(self, now: datetime) -> datetime | None:
        """The next instant, on the quarter hour, at which it is open; None when it never is within eight days."""
        quarter = now.replace(minute=now.minute // 15 * 15, second=0, microsecond=0)
        later = (quarter + timedelta(minutes=15) * step for step in range(1, 8 * 24 * 4))
        return next((instant for instant in later if self.is_open(instant)), None)

    def words(self, now: datetime) -> str:
        """Why it is closed: the first zone in which it is."""
        name = next(name for name in self._zones() if not self._is_open_in(name, now))
        local = now.astimezone(ZoneInfo(name))
        return f"it is {local:%a %H:%M} in {name}; messages go from {self.opens:%H:%M} to {self.closes:%H:%M}"

    def _zones(self) -> tuple[str, ...]:
        return (self.zone,) if _is_zone(self.zone) else PLAUSIBLE_ZONES

    def _is_open_in(self, name: str, now: datetime) -> bool:
        local = now.astimezone(ZoneInfo(name))
        return local.weekday() in self.days and self.opens <= local.time() < self.closes


@dataclass(frozen=True)
class Speech:
    """Whom an effect reaches and on which channel; a public channel has no recipient.

    `recipient` is the address (`ada@example.com`, `linkedin:ada`), `person_id` the contact behind it: one who opted out anywhere
    is out everywhere, and `per_person` is what one person bears over all channels together. What `answers_owner` (a word back to
    the owner who just pressed a button or asked) passes the kill switch: otherwise nobody could hear that it works.
    """

    channel: str
    ceiling: Ceiling
    recipient: str | None = None
    window: Window | None = None
    person_id: str | None = None
    per_person: Ceiling | None = None
    answers_owner: bool = False


@dataclass(frozen=True)
class Asked:
    """What wants through the door now, for a permit to judge."""

    call: Call
    speech: Speech | None
    spend: Spend | None
    now: datetime
    zone: ZoneInfo


# A domain's own "not now": raises what forbids it. Declared as `PERMITS` in `domains/<d>/permits.py`.
Permit = Callable[[sa.Connection, Asked], None]


class BudgetGate(Protocol):
    """The role of whoever guards the money; the credit domain plays it."""

    def reserve(self, connection: sa.Connection, intent_key: str, spend: Spend, call: Call) -> None:
        """Hold the worst case or raise `budget_exhausted`."""
        ...

    def release(self, connection: sa.Connection, intent_key: str) -> None:
        """Give the hold back: nothing was spent, or the real price is posted in this transaction."""
        ...


class Chokepoint:
    """Kill switch, permits, resting channels, suppression, caps, quiet hours, budget: in this order, all or nothing."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        zone: ZoneInfo,
        switch: Switch,
        caps: Mapping[str, Cap],
        budget: BudgetGate,
        permits: Sequence[Permit] = (),
    ) -> None:
        self._database, self._clock, self._zone = database, clock, zone
        self._switch, self._caps, self._budget, self._permits = switch, caps, budget, tuple(permits)

    def admit(self, connection: sa.Connection, intent_key: str, call: Call, speech: Speech | None, spend: Spend | None) -> None:
        """Let an effect through or raise what forbids it; whatever it takes is taken in this transaction."""
        if speech is None or not speech.answers_owner:
            self._switch.check(connection)
        asked = Asked(call, speech, spend, self._clock.now(), self._zone)
        for permit in self._permits:
            permit(connection, asked)
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
        check_channel(connection, speech.channel, self._clock.now())
        if speech.recipient is not None:
            check_suppressed(connection, speech.recipient)
        if speech.person_id is not None:
            check_suppressed(connection, person_address(speech.person_id))
        # The channel's ceiling before the person's window: its refusal holds everything else that waits for the channel too.
        cap = self._caps.get(speech.channel, Cap())
        self._take(connection, intent_key, speech.channel, speech.ceiling.lowered(cap.per_day, cap.per_week))
        if speech.window is not None:
            self._check_window(speech.channel, speech.window)
        if speech.person_id is not None and speech.per_person is not None:
            self._take(connection, intent_key, person_address(speech.person_id), speech.per_person)

    def _take(self, connection: sa.Connection, intent_key: str, channel: str, ceiling: Ceiling) -> None:
        take_slot(connection, self._database, channel, ceiling, intent_key=intent_key, now=self._clock.now(), zone=self._zone)

    def _check_window(self, channel: str, window: Window) -> None:
        now = self._clock.now()
        if window.is_open(now):
            return
        opens_at = window.opens_at(now)
        retry_after_s = None if opens_at is None else (opens_at - now).total_seconds()
        raise CapReached(window.words(now), retry_after_s=retry_after_s, hours_of=hours_of(channel, window.zone))


def hours_of(channel: str, zone: str | None) -> str:
    """Whose hours these are: all people of one zone on one channel share them."""
    return f"{channel}/{zone if _is_zone(zone) else 'unknown'}"


def person_address(contact_id: str) -> str:
    """How a person as a whole stands on the suppression list and in the ceilings."""
    return f"person:{contact_id}"


def _is_zone(name: str | None) -> TypeGuard[str]:
    """Whether a recipient's zone is known; a name that is no zone is as unknown as none."""
    try:
        return name is not None and ZoneInfo(name) is not None
    except (KeyError, ValueError, OSError):
        return False
