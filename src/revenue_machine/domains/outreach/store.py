"""Writes the queue, profiles, campaigns, lessons and marks, each by its natural key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.outreach.models import Campaign, Profile, QueueRow
from revenue_machine.domains.outreach.rules import OPEN_STATUSES
from revenue_machine.domains.outreach.tables import CAMPAIGNS, LESSONS, MARKS, PROFILES, QUEUE
from revenue_machine.engine.database import Database
from revenue_machine.kit.db import change
from revenue_machine.kit.ids import content_hash, make_id

_SEEN_AGAIN = ["handle", "name", "headline", "about", "location", "profile_url", "degree", "score", "score_reasons",
               "is_suspicious", "updated_at"]  # fmt: skip
_CLOSE = (
    QUEUE.update()
    .where(QUEUE.c.id == sa.bindparam("queue_id"), QUEUE.c.status.in_(sa.bindparam("known", expanding=True)))
    .values(status=sa.bindparam("new_status"), error=sa.bindparam("why"), updated_at=sa.bindparam("at"))
)


def keep_rows(connection: sa.Connection, database: Database, rows: Sequence[Mapping[str, Any]]) -> int:
    """Put drafts into the queue; those known stay as they are."""
    return database.put(connection, QUEUE, [dict(one) for one in rows], ["id"])


def change_row(connection: sa.Connection, row_id: str, values: Mapping[str, Any], now: datetime) -> None:
    """Set columns of a message."""
    change(connection, QUEUE, {"id": row_id}, {**values, "updated_at": now})


def move(connection: sa.Connection, row: QueueRow, status: str, now: datetime, **values: Any) -> bool:
    """Move a message on; False when it was not where we thought."""
    return change(connection, QUEUE, {"id": row.id, "status": row.status}, {**values, "status": status, "updated_at": now}) > 0


def close(connection: sa.Connection, row_id: str, status: str, why: str, now: datetime) -> bool:
    """End a message that is still open."""
    given = {"queue_id": row_id, "known": list(OPEN_STATUSES), "new_status": status, "why": why, "at": now}
    return connection.execute(_CLOSE, given).rowcount > 0


def set_words(connection: sa.Connection, row_id: str, text: str, now: datetime) -> None:
    """The words the owner said yes to."""
    change(connection, QUEUE, {"id": row_id}, {"message": text, "message_hash": content_hash(text), "updated_at": now})


def keep_profiles(connection: sa.Connection, database: Database, rows: Sequence[Mapping[str, Any]]) -> int:
    """Write down who was found; known ones get today's words and score, never another standing."""
    return database.put(connection, PROFILES, [dict(one) for one in rows], ["platform", "external_id"], _SEEN_AGAIN)


def change_profile(connection: sa.Connection, profile_id: str, values: Mapping[str, Any], now: datetime) -> None:
    """Set columns of a profile."""
    change(connection, PROFILES, {"id": profile_id}, {**values, "updated_at": now})


def profile_row(platform: str, external_id: str, now: datetime, **values: Any) -> dict[str, Any]:
    """A person just found, as a row."""
    usual: dict[str, Any] = dict.fromkeys(
        ("contact_id", "handle", "name", "headline", "about", "location", "niche", "profile_url", "degree", "score")
    )
    fixed = {
        "id": profile_id(platform, external_id), "platform": platform, "external_id": external_id, "standing": "none",
        "score_reasons": [], "is_suspicious": False, "found_at": now, "updated_at": now,
    }  # fmt: skip
    return {**usual, **fixed, **values}


def profile_id(platform: str, external_id: str) -> str:
    """`prf_…`: one per platform and address there."""
    return make_id("prf", platform, external_id)


def bind_profile(connection: sa.Connection, profile: Profile, contact_id: str, now: datetime) -> None:
    """Say which contact a profile is."""
    if profile.contact_id != contact_id:
        change_profile(connection, profile.id, {"contact_id": contact_id}, now)


def keep_campaign(connection: sa.Connection, database: Database, campaign: Campaign, now: datetime) -> None:
    """Write a campaign; one of the same name takes the new words."""
    row = {
        **vars(campaign),
        "audience": dict(campaign.audience),
        "steps": list(campaign.steps),
        "created_at": now,
        "updated_at": now,
    }
    update = ["platform", "brief", "audience", "steps", "offer", "most_per_day", "status", "updated_at"]
    database.put(connection, CAMPAIGNS, row, ["name"], update)


def set_campaign_status(connection: sa.Connection, campaign_id: str, status: str, now: datetime) -> None:
    """Run it or let it rest."""
    change(connection, CAMPAIGNS, {"id": campaign_id}, {"status": status, "updated_at": now})


def keep_lesson(
    connection: sa.Connection, database: Database, row: QueueRow, kind: str, now: datetime, **words: str | None
) -> None:
    """What the owner's word teaches; once per message and kind."""
    usual: dict[str, Any] = {"reason": None, "before_text": None, "after_text": None}
    values = {
        **usual, **words, "id": make_id("les", row.id, kind), "queue_id": row.id, "contact_id": row.contact_id, "kind": kind,
        "action": row.action, "created_at": now,
    }  # fmt: skip
    database.put(connection, LESSONS, values, ["id"])


def set_mark(
    connection: sa.Connection, database: Database, name: str, now: datetime, *,
    place: int = 0, reached_at: datetime | None = None, reached_id: str | None = None,
) -> None:  # fmt: skip
    """Remember how far something was read."""
    row = {"name": name, "place": place, "reached_at": reached_at, "reached_id": reached_id, "updated_at": now}
    database.put(connection, MARKS, row, ["name"], ["place", "reached_at", "reached_id", "updated_at"])


def forget(connection: sa.Connection, contact_ids: Sequence[str]) -> int:
    """Empty the words to and of some contacts; rows touched. Their profiles may not be found again by the same address."""
    gone = content_hash("")
    words = {"message": "", "drafted_text": "", "message_hash": gone, "reason": "forgotten", "evidence_url": None, "error": None}
    mine = QUEUE.c.contact_id.in_(list(contact_ids))
    touched = connection.execute(QUEUE.update().where(mine).values(**words)).rowcount
    open_ones = sa.and_(mine, QUEUE.c.status.in_(OPEN_STATUSES))
    connection.execute(QUEUE.update().where(open_ones).values(status="cancelled"))
    touched += connection.execute(LESSONS.delete().where(LESSONS.c.contact_id.in_(list(contact_ids)))).rowcount
    return touched + connection.execute(PROFILES.delete().where(PROFILES.c.contact_id.in_(list(contact_ids)))).rowcount
