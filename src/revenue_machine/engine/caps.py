"""Send ceilings per local date and rolling window; a slot is taken in the intent's own transaction."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from revenue_machine.engine.database import Database
from revenue_machine.engine.tables import CAP_SLOTS
from revenue_machine.kit.clock import local_date, wall_instant
from revenue_machine.kit.errors import CapReached
from revenue_machine.kit.ids import make_id
from revenue_machine.kit.rng import rng

DAY, WEEK = timedelta(hours=24), timedelta(days=7)
# The longest pause jitter makes of a gap; without an end one draw in a thousand would lose a channel's day.
LONGEST_GAP_FACTOR = 5.0
# Built once: every send asks them.
_CHANNEL = CAP_SLOTS.c.channel == sa.bindparam("channel")
_MINE = sa.select(CAP_SLOTS.c.id).where(CAP_SLOTS.c.intent_key == sa.bindparam("intent_key"), _CHANNEL)
_USED_ON = (
    sa.select(sa.func.count())
    .select_from(CAP_SLOTS)
    .where(_CHANNEL, CAP_SLOTS.c.local_date == sa.bindparam("start", type_=sa.Date))
)
_NTH_NEWEST = (
    sa.select(CAP_SLOTS.c.taken_at)
    .where(_CHANNEL)
    .order_by(CAP_SLOTS.c.taken_at.desc(), CAP_SLOTS.c.id.desc())
    .offset(sa.bindparam("newer"))
    .limit(1)
)
_NEWEST = (
    sa.select(CAP_SLOTS.c.id, CAP_SLOTS.c.taken_at).where(_CHANNEL).order_by(CAP_SLOTS.c.taken_at.desc(), CAP_SLOTS.c.id.desc())
)
_FIRST_AT = sa.select(sa.func.min(CAP_SLOTS.c.taken_at)).where(_CHANNEL)


@dataclass(frozen=True)
class Ceiling:
    """The stricter of a local date and a rolling 24 h window, a rolling week, and a least gap between two sends.

    `warm_up` holds (age of the channel's first send, sends a day until then), youngest first. With `is_irregular` the gap
    is drawn anew after each send: `min_gap` at least, twice that on average.
    """

    per_day: int
    per_week: int | None = None
    min_gap: timedelta = timedelta(0)
    warm_up: tuple[tuple[timedelta, int], ...] = ()
    is_irregular: bool = False

    def lowered(self, per_day: int | None, per_week: int | None) -> Ceiling:
        """What a setting makes of it: lower yes, higher never."""
        week = min((one for one in (self.per_week, per_week) if one is not None), default=None)
        return replace(self, per_day=self.per_day if per_day is None else min(self.per_day, per_day), per_week=week)

    def warmed(self, age: timedelta | None) -> Ceiling:
        """What it is for a channel of that age; None is a channel that never sent."""
        young = [most for until, most in self.warm_up if age is None or age < until]
        return replace(self, per_day=min(self.per_day, young[0])) if young else self

    def gap_after(self, slot_id: str) -> timedelta:
        """The pause after one send, the same whenever asked."""
        if not self.is_irregular:
            return self.min_gap
        return self.min_gap * min(LONGEST_GAP_FACTOR, 1.0 + rng(0, "caps.gap", slot_id).expovariate(1.0))


def take_slot(
    connection: sa.Connection, database: Database, channel: str, ceiling: Ceiling, *, intent_key: str, now: datetime, zone: ZoneInfo
) -> None:
    """Take one send of a channel or raise `cap_reached`, which says when to come back; the same intent never takes two."""
    database.lock(connection, f"cap/{channel}")
    if connection.execute(_MINE, {"intent_key": intent_key, "channel": channel}).first():
        return
    if ceiling.warm_up:
        first_at = connection.execute(_FIRST_AT, {"channel": channel}).scalar()
        ceiling = ceiling.warmed(None if first_at is None else now - first_at)
    refusals = list(_refusals(connection, channel, ceiling, now, zone))
    if refusals:
        opens_at, words = max(refusals)
        raise CapReached(f"{channel}: {words}", retry_after_s=max(1.0, (opens_at - now).total_seconds()), channel=channel)
    row = {
        "id": make_id("slot", channel, intent_key), "channel": channel, "intent_key": intent_key,
        "local_date": local_date(now, zone), "taken_at": now,
    }  # fmt: skip
    connection.execute(CAP_SLOTS.insert(), row)


def give_back(connection: sa.Connection, intent_key: str) -> None:
    """Only for a send that surely never happened."""
    connection.execute(CAP_SLOTS.delete().where(CAP_SLOTS.c.intent_key == intent_key))


def _refusals(
    connection: sa.Connection, channel: str, ceiling: Ceiling, now: datetime, zone: ZoneInfo
) -> Iterator[tuple[datetime, str]]:
    """Every reason against a send now, with the instant at which it ends."""
    today = local_date(now, zone)
    used = connection.execute(_USED_ON, {"channel": channel, "start": today}).scalar_one()
    if used >= ceiling.per_day:
        yield _next_date(today, zone), f"{used} of {ceiling.per_day} sent today"
    windows = [(DAY, ceiling.per_day, "in 24 hours")]
    windows += [] if ceiling.per_week is None else [(WEEK, ceiling.per_week, "in 7 days")]
    for length, most, words in windows:
        if most == 0:
            yield now + length, f"0 of 0 sent {words}"
            continue
        oldest = connection.execute(_NTH_NEWEST, {"channel": channel, "newer": most - 1}).scalar()
        if oldest is not None and oldest > now - length:
            yield oldest + length, f"{most} of {most} sent {words}"
    if ceiling.min_gap:
        newest = connection.execute(_NEWEST, {"channel": channel}).first()
        if newest is not None and newest.taken_at + (gap := ceiling.gap_after(newest.id)) > now:
            yield newest.taken_at + gap, f"1 of 1 sent within {timedelta(seconds=round(gap.total_seconds()))}"


def _next_date(today: date, zone: ZoneInfo) -> datetime:
    return wall_instant(today + timedelta(days=1), time(0), zone)
