"""Send ceilings per local date and rolling window; a slot is taken in the intent's own transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from revenue_machine.engine.database import Database
from revenue_machine.engine.tables import CAP_SLOTS
from revenue_machine.kit.clock import local_date
from revenue_machine.kit.errors import CapReached
from revenue_machine.kit.ids import make_id

# Built once: every send asks them.
_MINE = sa.select(CAP_SLOTS.c.id).where(CAP_SLOTS.c.intent_key == sa.bindparam("intent_key"))
_USED = sa.select(sa.func.count()).select_from(CAP_SLOTS).where(CAP_SLOTS.c.channel == sa.bindparam("channel"))
_USED_ON = _USED.where(CAP_SLOTS.c.local_date == sa.bindparam("start", type_=sa.Date))
_USED_SINCE = _USED.where(CAP_SLOTS.c.taken_at > sa.bindparam("start", type_=CAP_SLOTS.c.taken_at.type))


@dataclass(frozen=True)
class Ceiling:
    """The stricter of a local date and a rolling 24 h window, a rolling week, and a least gap between two sends."""

    per_day: int
    per_week: int | None = None
    min_gap: timedelta = timedelta(0)

    def lowered(self, per_day: int | None, per_week: int | None) -> Ceiling:
        """What a setting makes of it: lower yes, higher never."""
        week = min((one for one in (self.per_week, per_week) if one is not None), default=None)
        return Ceiling(self.per_day if per_day is None else min(self.per_day, per_day), week, self.min_gap)


def take_slot(
    connection: sa.Connection, database: Database, channel: str, ceiling: Ceiling, *, intent_key: str, now: datetime, zone: ZoneInfo
) -> None:
    """Take one send of a channel or raise `cap_reached`; the same intent never takes two."""
    database.lock(connection, f"cap/{channel}")
    if connection.execute(_MINE, {"intent_key": intent_key}).first():
        return
    today = local_date(now, zone)
    _check(connection, channel, today, ceiling.per_day, "today")
    _check(connection, channel, now - timedelta(hours=24), ceiling.per_day, "in 24 hours")
    if ceiling.per_week is not None:
        _check(connection, channel, now - timedelta(days=7), ceiling.per_week, "in 7 days")
    if ceiling.min_gap:
        _check(connection, channel, now - ceiling.min_gap, 1, f"within {ceiling.min_gap}")
    row = {
        "id": make_id("slot", channel, intent_key), "channel": channel, "intent_key": intent_key, "local_date": today,
        "taken_at": now,
    }  # fmt: skip
    connection.execute(CAP_SLOTS.insert(), row)


def give_back(connection: sa.Connection, intent_key: str) -> None:
    """Only for a send the vendor surely refused."""
    connection.execute(CAP_SLOTS.delete().where(CAP_SLOTS.c.intent_key == intent_key))


def _check(connection: sa.Connection, channel: str, start: date, limit: int, words: str) -> None:
    """A date counts that local date, an instant whatever was sent after it."""
    query = _USED_SINCE if isinstance(start, datetime) else _USED_ON
    used = connection.execute(query, {"channel": channel, "start": start}).scalar_one()
    if used >= limit:
        raise CapReached(f"{channel}: {used} of {limit} sent {words}")
