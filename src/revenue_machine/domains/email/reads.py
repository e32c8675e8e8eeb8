"""Mails, sequences and texts for topics, other domains and reports."""

from __future__ import annotations

from collections.abc import Sequence as Many
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.email.models import Enrolment, Send, Sequence, Step, Wording
from revenue_machine.domains.email.rules import COUNTED, Health
from revenue_machine.domains.email.tables import CAPTURES, ENROLMENTS, MARKS, REPLIES, SENDS, SEQUENCES, TEMPLATES
from revenue_machine.engine.tables import APPROVALS, CAP_SLOTS, HOOK_INBOX, INTENTS

_E, _S, _T, _R, _C = ENROLMENTS.c, SENDS.c, TEMPLATES.c, REPLIES.c, CAPTURES.c
HOLD_MARK, COUNT_MARK, CLICK_MARK = "channel.held", "health.counted_from", "clicks.read"
_ENROLMENT = tuple(_E[name] for name in Enrolment.__dataclass_fields__)
_SEND = tuple(_S[name] for name in Send.__dataclass_fields__)
_WORDING = tuple(_T[name] for name in Wording.__dataclass_fields__)
# Built once: every turn asks the first three, every mail the others.
_NEXT_ENROLMENT = sa.select(sa.func.min(_E.next_due_at)).where(_E.status == "active")
_NEXT_REPLY = sa.select(sa.func.min(_R.due_at)).where(_R.status == "due")
_NEXT_CAPTURE = sa.select(sa.func.min(_C.occurred_at)).where(_C.status == "due")
_MARK = sa.select(MARKS.c.at).where(MARKS.c.name == sa.bindparam("mark"))
_PLACE = sa.select(MARKS.c.place).where(MARKS.c.name == sa.bindparam("mark"))
_DUE = (
    sa.select(*_ENROLMENT)
    .where(_E.status == "active", _E.next_due_at <= sa.bindparam("now"))
    .order_by(_E.next_due_at, _E.id)
    .limit(sa.bindparam("most"))
)
_BY_ID = sa.select(*_ENROLMENT).where(_E.id == sa.bindparam("enrolment_id"))
_OF_CONTACT = sa.select(*_ENROLMENT).where(_E.contact_id == sa.bindparam("contact_id")).order_by(_E.id)
_SEND_BY_ID = sa.select(*_SEND).where(_S.id == sa.bindparam("send_id"))
_SEND_AT = sa.select(*_SEND).where(
    _S.sequence_id == sa.bindparam("sequence_id"), _S.contact_id == sa.bindparam("contact_id"),
    _S.step_number == sa.bindparam("step"),
)  # fmt: skip
_BY_HASH = sa.select(*_SEND).where(_S.unsubscribe_hash == sa.bindparam("token_hash"))
_BY_PROVIDER = sa.select(*_SEND).where(_S.provider_id == sa.bindparam("provider_id")).order_by(_S.id)
_UNREAD = sa.select(_R.id).where(_R.contact_id == sa.bindparam("contact_id"), _R.received_at > sa.bindparam("since")).limit(1)


def next_due_at(connection: sa.Connection) -> datetime | None:
    """When the next mail, answer or note to analytics wants attention; not before the channel's rest is over."""
    times = [connection.execute(query).scalar() for query in (_NEXT_ENROLMENT, _NEXT_REPLY, _NEXT_CAPTURE)]
    first: datetime | None = min((one for one in times if one is not None), default=None)
    held = mark(connection, HOLD_MARK)
    return first if first is None or held is None else max(first, held)


def mark(connection: sa.Connection, name: str) -> datetime | None:
    """A remembered instant."""
    found: datetime | None = connection.execute(_MARK, {"mark": name}).scalar()
    return found


def place(connection: sa.Connection, name: str) -> int:
    """How far something numbered was read; 0 when never."""
    return int(connection.execute(_PLACE, {"mark": name}).scalar() or 0)


def sequence_of(row: Any) -> Sequence:
    """A row as a value."""
    steps = tuple(Step.model_validate(one) for one in row["steps"])
    return Sequence(row["id"], row["name"], row["trigger"], row["kind"], steps, bool(row["active"]))


def sequences(connection: sa.Connection) -> dict[str, Sequence]:
    """Every sequence by id, by name."""
    rows = connection.execute(sa.select(SEQUENCES).order_by(SEQUENCES.c.name, SEQUENCES.c.id)).mappings()
    return {row["id"]: sequence_of(row) for row in rows}


def due_enrolments(connection: sa.Connection, now: datetime, limit: int) -> list[Enrolment]:
    """Who is due, the longest waiting first."""
    return [Enrolment(**row) for row in connection.execute(_DUE, {"now": now, "most": limit}).mappings()]


def enrolment(connection: sa.Connection, enrolment_id: str) -> Enrolment | None:
    """One enrolment."""
    row = connection.execute(_BY_ID, {"enrolment_id": enrolment_id}).mappings().first()
    return Enrolment(**row) if row else None


def enrolments_of(connection: sa.Connection, contact_id: str) -> list[Enrolment]:
    """Every enrolment of a person."""
    return [Enrolment(**row) for row in connection.execute(_OF_CONTACT, {"contact_id": contact_id}).mappings()]


def enrolments_in(connection: sa.Connection, sequence_id: str, contact_ids: Many[str]) -> dict[str, Enrolment]:
    """Enrolments of these people in a sequence, by contact."""
    found: dict[str, Enrolment] = {}
    for start in range(0, len(contact_ids), 500):
        query = sa.select(*_ENROLMENT).where(
            _E.sequence_id == sequence_id, _E.contact_id.in_(contact_ids[start : start + 500])
        ).order_by(_E.id)  # fmt: skip
        found.update((row["contact_id"], Enrolment(**row)) for row in connection.execute(query).mappings())
    return found


def planned(connection: sa.Connection, until: datetime, limit: int, **only: str | None) -> list[Enrolment]:
    """Active enrolments whose next mail is planned by an instant, by time."""
    query = sa.select(*_ENROLMENT).where(_E.status == "active", sa.or_(_E.next_send_at <= until, _E.next_send_at.is_(None)))
    for name, value in only.items():
        query = query if value is None else query.where(_E[name] == value)
    return [Enrolment(**row) for row in connection.execute(query.order_by(_E.next_send_at, _E.id).limit(limit)).mappings()]


def enrolment_counts(connection: sa.Connection) -> dict[str, int]:
    """Enrolments by status."""
    query = sa.select(_E.status, sa.func.count()).group_by(_E.status).order_by(_E.status)
    return {row[0]: int(row[1]) for row in connection.execute(query)}


def send(connection: sa.Connection, send_id: str) -> Send | None:
    """One mail."""
    row = connection.execute(_SEND_BY_ID, {"send_id": send_id}).mappings().first()
    return Send(**row) if row else None


def send_row(connection: sa.Connection, send_id: str) -> dict[str, Any] | None:
    """Every column of a mail."""
    row = connection.execute(sa.select(SENDS).where(_S.id == send_id)).mappings().first()
    return dict(row) if row else None


def send_at(connection: sa.Connection, sequence_id: str, contact_id: str, step: int) -> Send | None:
    """The mail of a step to a person."""
    asked = {"sequence_id": sequence_id, "contact_id": contact_id, "step": step}
    row = connection.execute(_SEND_AT, asked).mappings().first()
    return Send(**row) if row else None


def send_by_token(connection: sa.Connection, token_hash: str) -> Send | None:
    """The mail an unsubscribe address stood in."""
    row = connection.execute(_BY_HASH, {"token_hash": token_hash}).mappings().first()
    return Send(**row) if row else None


def send_by_provider(connection: sa.Connection, provider_id: str) -> Send | None:
    """The mail the provider calls so."""
    row = connection.execute(_BY_PROVIDER, {"provider_id": provider_id}).mappings().first()
    return Send(**row) if row else None


def sends_of_links(connection: sa.Connection, link_posts: Many[str]) -> dict[str, Send]:
    """Mails by id, of those ids that are mails."""
    found: dict[str, Send] = {}
    for start in range(0, len(link_posts), 500):
        query = sa.select(*_SEND).where(_S.id.in_(link_posts[start : start + 500])).order_by(_S.id)
        found.update((row["id"], Send(**row)) for row in connection.execute(query).mappings())
    return found


def last_send_to(connection: sa.Connection, contact_id: str) -> Send | None:
    """The newest mail a person was sent."""
    query = sa.select(*_SEND).where(_S.contact_id == contact_id, _S.sent_at.is_not(None)).order_by(_S.sent_at.desc(), _S.id)
    row = connection.execute(query.limit(1)).mappings().first()
    return Send(**row) if row else None


def list_sends(connection: sa.Connection, limit: int, **only: str | None) -> tuple[int, list[dict[str, Any]]]:
    """(how many, the newest of them)."""
    wanted = [_S[name] == value for name, value in only.items() if value is not None]
    total = int(connection.execute(sa.select(sa.func.count()).select_from(SENDS).where(*wanted)).scalar_one())
    query = sa.select(SENDS).where(*wanted).order_by(_S.created_at.desc(), _S.id).limit(limit)
    return total, [dict(row) for row in connection.execute(query).mappings()]


def health(connection: sa.Connection, now: datetime) -> Health:
    """The last seven days of mails, counted from the last stop on."""
    since = max(now - COUNTED, mark(connection, COUNT_MARK) or now - COUNTED)

    def count(column: sa.Column[datetime]) -> int:
        return int(connection.execute(sa.select(sa.func.count()).select_from(SENDS).where(column > since)).scalar_one())

    return Health(count(_S.sent_at), count(_S.bounced_at), count(_S.complained_at))


def slots_on(connection: sa.Connection, channel: str, day: Any) -> int:
    """Sends of a channel on a local date."""
    query = sa.select(sa.func.count()).select_from(CAP_SLOTS).where(CAP_SLOTS.c.channel == channel, CAP_SLOTS.c.local_date == day)
    return int(connection.execute(query).scalar_one())


STAMPS = ("sent_at", "delivered_at", "opened_at", "clicked_at", "replied_at", "unsubscribed_at", "bounced_at", "complained_at")


def counts_by_step(
    connection: sa.Connection, since: datetime, until: datetime | None = None
) -> list[tuple[str, int, dict[str, int]]]:
    """(sequence id, step, counts by what happened) of mails sent in [since, until)."""
    sums = [sa.func.count(_S[name]) for name in STAMPS]
    query = sa.select(_S.sequence_id, _S.step_number, *sums).where(_S.sent_at >= since)
    query = query if until is None else query.where(_S.sent_at < until)
    rows = connection.execute(query.group_by(_S.sequence_id, _S.step_number).order_by(_S.sequence_id, _S.step_number))
    return [(row[0], int(row[1]), {name: int(value) for name, value in zip(STAMPS, row[2:], strict=True)}) for row in rows]


def outcomes(connection: sa.Connection, sequence_id: str) -> dict[str, tuple[int, int, int]]:
    """(people, converted, micro-dollars) by arm: everybody who was drawn, so that both arms are alike but for the mails."""
    query = sa.select(_E.arm, sa.func.count(), sa.func.count(_E.converted_at), sa.func.sum(_E.revenue_micro_usd))
    query = query.where(_E.sequence_id == sequence_id).group_by(_E.arm).order_by(_E.arm)
    return {row[0]: (int(row[1]), int(row[2]), int(row[3])) for row in connection.execute(query)}


def wording(connection: sa.Connection, wording_id: str) -> Wording | None:
    """One text."""
    row = connection.execute(sa.select(*_WORDING).where(_T.id == wording_id)).mappings().first()
    return Wording(**row) if row else None


def wordings(connection: sa.Connection, name: str, product: str, issue: str) -> list[Wording]:
    """Every version of a text, the newest decision first, then the newest."""
    query = sa.select(*_WORDING).where(_T.name == name, _T.product == product, _T.issue == issue)
    order = (_T.decided_at.desc().nulls_last(), _T.created_at.desc(), _T.id)
    return [Wording(**row) for row in connection.execute(query.order_by(*order)).mappings()]


def wording_counts(connection: sa.Connection) -> dict[str, int]:
    """Texts by status."""
    query = sa.select(_T.status, sa.func.count()).group_by(_T.status).order_by(_T.status)
    return {row[0]: int(row[1]) for row in connection.execute(query)}


def lessons(connection: sa.Connection, name: str, limit: int = 5) -> list[str]:
    """What the owner said about drafts of a text that were refused, newest first."""
    query = sa.select(_T.reason).where(_T.name == name, _T.status == "rejected", _T.reason.is_not(None))
    return [str(row[0]) for row in connection.execute(query.order_by(_T.decided_at.desc(), _T.id).limit(limit))]


def has_answered(connection: sa.Connection, contact_id: str, since: datetime) -> bool:
    """Whether a mail of theirs came in, read or not."""
    return connection.execute(_UNREAD, {"contact_id": contact_id, "since": since}).first() is not None


def due_replies(connection: sa.Connection, now: datetime) -> list[dict[str, Any]]:
    """Answers whose words are to be fetched, oldest first."""
    query = sa.select(REPLIES).where(_R.status == "due", _R.due_at <= now).order_by(_R.due_at, _R.id)
    return [dict(row) for row in connection.execute(query).mappings()]


def due_captures(connection: sa.Connection, limit: int) -> list[dict[str, Any]]:
    """What analytics is still to be told, oldest first."""
    query = sa.select(CAPTURES).where(_C.status == "due").order_by(_C.occurred_at, _C.id).limit(limit)
    return [dict(row) for row in connection.execute(query).mappings()]


def day_counts(connection: sa.Connection, start: datetime, end: datetime) -> dict[str, int]:
    """How much of each thing happened to mails in [start, end)."""
    return {
        name: int(
            connection.execute(sa.select(sa.func.count()).select_from(SENDS).where(_S[name] >= start, _S[name] < end)).scalar_one()
        )
        for name in STAMPS
    }


def approval_reason(connection: sa.Connection, approval_id: str) -> str | None:
    """What the owner said when deciding."""
    found: str | None = connection.execute(sa.select(APPROVALS.c.reason).where(APPROVALS.c.id == approval_id)).scalar()
    return found


def hook_counts(connection: sa.Connection) -> dict[str, int]:
    """Resend's webhooks by status."""
    query = sa.select(HOOK_INBOX.c.status, sa.func.count()).where(HOOK_INBOX.c.service == "resend")
    return {row[0]: int(row[1]) for row in connection.execute(query.group_by(HOOK_INBOX.c.status).order_by(HOOK_INBOX.c.status))}


def intent_state(connection: sa.Connection, key: str) -> str | None:
    """How a promised effect stands; None when it was never promised."""
    found: str | None = connection.execute(sa.select(INTENTS.c.state).where(INTENTS.c.key == key)).scalar()
    return found
