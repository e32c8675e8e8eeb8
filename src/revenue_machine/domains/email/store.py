"""Every write of the mail tables, each by its natural key, and the reads that only writers need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.email.models import Enrolment, Send
from revenue_machine.domains.email.tables import CAPTURES, ENROLMENTS, MARKS, REPLIES, SENDS, SEQUENCES, TEMPLATES
from revenue_machine.engine.database import Database
from revenue_machine.engine.tables import META
from revenue_machine.kit.db import change
from revenue_machine.kit.ids import make_id

ROWS_AT_ONCE = 1_000
KEY_NAME = "unsubscribe_key"
# What a mail went through; a late word never takes it back.
RANK = ("planned", "sending", "unknown", "sent", "delayed", "delivered", "opened", "clicked", "failed", "bounced", "complained")
_BELOW = {status: RANK[:place] for place, status in enumerate(RANK)}
_WAKE = (
    ENROLMENTS.update()
    .where(ENROLMENTS.c.status == "active", ENROLMENTS.c.hold_reason == sa.bindparam("held_for"))
    .values(next_due_at=sa.bindparam("at", type_=ENROLMENTS.c.next_due_at.type), hold_reason=None)
)
_CLAIM = (
    SENDS.update()
    .where(
        SENDS.c.id == sa.bindparam("send_id"),
        SENDS.c.status.in_(("planned", "sending")),
        sa.or_(SENDS.c.owner.is_(None), SENDS.c.owner == sa.bindparam("was")),
    )
    .values(status="sending", owner=sa.bindparam("mine"), hold_reason=None, updated_at=sa.bindparam("at"))
)


def keep_sequences(connection: sa.Connection, database: Database, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write sequences that are not there yet; what stands is the owner's."""
    database.put(connection, SEQUENCES, [dict(row) for row in rows], ["name"])


def enrol(connection: sa.Connection, database: Database, rows: Sequence[Mapping[str, Any]]) -> int:
    """Put people into a sequence, each once for ever; how many are new."""
    fresh = 0
    for start in range(0, len(rows), ROWS_AT_ONCE):
        fresh += database.put(connection, ENROLMENTS, list(rows[start : start + ROWS_AT_ONCE]), ["sequence_id", "contact_id"])
    return fresh


def move(connection: sa.Connection, enrolment: Enrolment, now: datetime, **values: Any) -> bool:
    """Change an enrolment that is still at this step; False when somebody moved it meanwhile."""
    mine = {"id": enrolment.id, "step": enrolment.step}
    return change(connection, ENROLMENTS, mine, {**values, "updated_at": now}) > 0


def finish(connection: sa.Connection, enrolment_id: str, status: str, reason: str | None, now: datetime) -> bool:
    """End an active enrolment; False when it had ended."""
    values = {"status": status, "exit_reason": reason, "next_send_at": None, "next_due_at": None, "hold_reason": None}
    return change(connection, ENROLMENTS, {"id": enrolment_id, "status": "active"}, {**values, "updated_at": now}) > 0


def reopen(connection: sa.Connection, enrolment: Enrolment, now: datetime, **values: Any) -> None:
    """Somebody who had left a weekly sequence is warm again."""
    mine = {"id": enrolment.id, "status": "exited"}
    change(connection, ENROLMENTS, mine, {"status": "active", "exit_reason": None, "updated_at": now, **values})


def convert(connection: sa.Connection, enrolment_id: str, at: datetime, amount_micro_usd: int) -> None:
    """What the person brought after the sequence began; the first payment names the time."""
    mine = ENROLMENTS.c.id == enrolment_id
    values = {
        "converted_at": sa.func.coalesce(ENROLMENTS.c.converted_at, sa.literal(at, ENROLMENTS.c.converted_at.type)),
        "revenue_micro_usd": ENROLMENTS.c.revenue_micro_usd + amount_micro_usd,
    }
    connection.execute(ENROLMENTS.update().where(mine).values(**values))


def wake(connection: sa.Connection, held_for: str, now: datetime) -> None:
    """What waited for this goes on now."""
    connection.execute(_WAKE, {"held_for": held_for, "at": now})


def keep_wording(connection: sa.Connection, database: Database, row: Mapping[str, Any]) -> bool:
    """A text; False when it stands already."""
    return database.put(connection, TEMPLATES, dict(row), ["id"]) > 0


def change_wording(connection: sa.Connection, wording_id: str, now: datetime, **values: Any) -> None:
    """Set some columns of a text."""
    change(connection, TEMPLATES, {"id": wording_id}, {**values, "updated_at": now})


def claim_send(connection: sa.Connection, database: Database, row: Mapping[str, Any], was: str | None) -> bool:
    """Take one mail for oneself: made new, or of an owner that is gone; False when somebody else has it."""
    if database.put(connection, SENDS, dict(row), ["sequence_id", "contact_id", "step_number"]):
        return True
    taken = {"send_id": row["id"], "was": was or row["owner"], "mine": row["owner"], "at": row["updated_at"]}
    return bool(connection.execute(_CLAIM, taken).rowcount)


def rewrite_send(connection: sa.Connection, send_id: str, row: Mapping[str, Any]) -> None:
    """A mail that never left is written anew: text and address as they are now."""
    names = ("subject", "recipient", "template_id", "template_version", "provider", "intent_key", "link_ids", "kind")
    change(connection, SENDS, {"id": send_id}, {name: row[name] for name in names})


def change_send(connection: sa.Connection, send_id: str, now: datetime, **values: Any) -> None:
    """Set some columns of a mail."""
    change(connection, SENDS, {"id": send_id}, {**values, "updated_at": now})


def advance(connection: sa.Connection, send: Send, status: str, now: datetime, **stamps: Any) -> None:
    """Move a mail's status forward, never back, and stamp what happened the first time."""
    mine = SENDS.c.id == send.id
    connection.execute(SENDS.update().where(mine, SENDS.c.status.in_(_BELOW[status])).values(status=status, updated_at=now))
    for name, at in stamps.items():
        connection.execute(SENDS.update().where(mine, SENDS.c[name].is_(None)).values({name: at}))


def keep_reply(connection: sa.Connection, database: Database, row: Mapping[str, Any]) -> bool:
    """An answer whose words are to be fetched; False when it is known."""
    return database.put(connection, REPLIES, dict(row), ["id"]) > 0


def change_reply(connection: sa.Connection, reply_id: str, **values: Any) -> None:
    """Set some columns of an answer."""
    change(connection, REPLIES, {"id": reply_id}, values)


def keep_captures(connection: sa.Connection, database: Database, rows: Sequence[Mapping[str, Any]]) -> None:
    """What analytics is to be told; each once."""
    database.put(connection, CAPTURES, [dict(row) for row in rows], ["id"])


def captured(connection: sa.Connection, capture_ids: Sequence[str]) -> None:
    """Analytics knows."""
    connection.execute(CAPTURES.update().where(CAPTURES.c.id.in_(capture_ids)).values(status="done"))


def keep_mark(connection: sa.Connection, database: Database, name: str, at: datetime, place: int | None = None) -> None:
    """Remember an instant by name, and how far something numbered was read."""
    database.put(connection, MARKS, {"name": name, "at": at, "place": place}, ["name"], ["at", "place"])


def unsubscribe_key(connection: sa.Connection, database: Database, fresh: str) -> str:
    """The secret the unsubscribe addresses follow from; laid once, the same for every machine on this database."""
    database.put(connection, META, {"name": KEY_NAME, "value": fresh}, ["name"])
    return str(connection.execute(sa.select(META.c.value).where(META.c.name == KEY_NAME)).scalar_one())


def capture_row(send_id: str, event: str, distinct_id: str, at: datetime) -> dict[str, Any]:
    """One thing analytics is to be told."""
    return {
        "id": make_id("emc", send_id, event), "send_id": send_id, "event": event, "distinct_id": distinct_id, "status": "due",
        "occurred_at": at,
    }  # fmt: skip


def stamp_enrolment(connection: sa.Connection, enrolment_id: str, at: datetime) -> None:
    """When the last mail of it went out."""
    change(connection, ENROLMENTS, {"id": enrolment_id}, {"last_sent_at": at})


def release(connection: sa.Connection, send_id: str, reason: str, now: datetime) -> None:
    """A mail that surely did not leave waits again and belongs to nobody."""
    values = {"status": "planned", "owner": None, "hold_reason": reason[:400], "updated_at": now}
    change(connection, SENDS, {"id": send_id, "status": "sending"}, values)


def drop_reply(connection: sa.Connection, reply_id: str) -> None:
    """A machine's answer is no answer: it stops nothing."""
    connection.execute(REPLIES.delete().where(REPLIES.c.id == reply_id))


def forget(connection: sa.Connection, contact_ids: Sequence[str], now: datetime) -> tuple[list[str], int]:
    """(questions about texts written for these people alone, rows touched); what had not left yet never will."""
    people = list(contact_ids)
    enrolled = ENROLMENTS.c.contact_id.in_(people)
    ended = {"status": "exited", "exit_reason": "forgotten", "next_send_at": None, "next_due_at": None}
    connection.execute(ENROLMENTS.update().where(enrolled, ENROLMENTS.c.status == "active").values(**ended, updated_at=now))
    touched = connection.execute(ENROLMENTS.update().where(enrolled).values(user_id=None, hold_reason=None)).rowcount
    theirs = TEMPLATES.c.issue.in_(sa.select(ENROLMENTS.c.id).where(enrolled))
    asked = sa.select(TEMPLATES.c.approval_id).where(theirs, TEMPLATES.c.approval_id.is_not(None)).order_by(TEMPLATES.c.id)
    questions = [str(one) for one in connection.execute(asked).scalars()]
    blank = {"subject": "", "body": "", "because": "", "reason": None}
    touched += connection.execute(TEMPLATES.update().where(theirs).values(**blank)).rowcount
    mine = SENDS.c.contact_id.in_(people)
    told = CAPTURES.c.send_id.in_(sa.select(SENDS.c.id).where(mine))
    touched += connection.execute(CAPTURES.delete().where(told)).rowcount
    connection.execute(SENDS.update().where(mine, SENDS.c.status == "planned").values(status="failed", updated_at=now))
    touched += connection.execute(SENDS.update().where(mine).values(subject="", recipient="", hold_reason=None)).rowcount
    return questions, touched + connection.execute(REPLIES.delete().where(REPLIES.c.contact_id.in_(people))).rowcount
