"""Messages, profiles, campaigns and lessons, for topics, other domains, pages and reports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.outreach.models import Campaign, Profile, QueueRow, Tally
from revenue_machine.domains.outreach.rules import OPEN_STATUSES, WAITING_STATUSES
from revenue_machine.domains.outreach.tables import CAMPAIGNS, LESSONS, MARKS, PROFILES, QUEUE

SYNC_MARK = "sync/next"
_Q, _P = QUEUE.c, PROFILES.c
_ROW = tuple(_Q[name] for name in QueueRow.__dataclass_fields__)
_PROFILE = tuple(_P[name] for name in Profile.__dataclass_fields__)
# Built once: these run with every send, reply and tick.
_BY_ID = sa.select(*_ROW).where(_Q.id == sa.bindparam("queue_id"))
_OPEN_OF = (
    sa.select(*_ROW)
    .where(_Q.contact_id.in_(sa.bindparam("contact_ids", expanding=True)), _Q.status.in_(OPEN_STATUSES))
    .order_by(_Q.created_at, _Q.id)
)
_PROFILE_AT = sa.select(*_PROFILE).where(_P.platform == sa.bindparam("on_platform"), _P.external_id == sa.bindparam("known_as"))
_PROFILE_OF = (
    sa.select(*_PROFILE)
    .where(_P.contact_id == sa.bindparam("of_contact"), _P.platform == sa.bindparam("on_platform"))
    .order_by(_P.id)
    .limit(1)
)
_MARK = sa.select(MARKS.c.place, MARKS.c.reached_at, MARKS.c.reached_id).where(MARKS.c.name == sa.bindparam("mark"))
_ANSWERS_DUE = sa.select(sa.func.min(_Q.scheduled_at)).where(_Q.status == "draft", _Q.action == "reply")
_SYNC_DUE = sa.select(MARKS.c.reached_at).where(MARKS.c.name == SYNC_MARK)
_BUSY = sa.select(_Q.contact_id).where(sa.or_(_Q.status.in_(OPEN_STATUSES), _Q.created_at > sa.bindparam("since")))


def row(connection: sa.Connection, queue_id: str) -> QueueRow | None:
    """One message."""
    found = connection.execute(_BY_ID, {"queue_id": queue_id}).mappings().first()
    return None if found is None else QueueRow(**found)


def open_rows_of(connection: sa.Connection, contact_ids: Sequence[str]) -> list[QueueRow]:
    """What is still meant for somebody, oldest first."""
    return [QueueRow(**one) for one in connection.execute(_OPEN_OF, {"contact_ids": list(contact_ids)}).mappings()]


def rows_of(connection: sa.Connection, contact_id: str, *, statuses: Sequence[str] = ("sent",)) -> list[QueueRow]:
    """What was meant for somebody, oldest first."""
    query = sa.select(*_ROW).where(_Q.contact_id == contact_id, _Q.status.in_(statuses)).order_by(_Q.created_at, _Q.id)
    return [QueueRow(**one) for one in connection.execute(query).mappings()]


def sent_rows_of(connection: sa.Connection, contact_ids: Sequence[str]) -> dict[str, list[QueueRow]]:
    """What went out to several people, oldest first, by contact."""
    found: dict[str, list[QueueRow]] = {}
    query = sa.select(*_ROW).where(_Q.contact_id.in_(list(contact_ids)), _Q.status == "sent").order_by(_Q.sent_at, _Q.id)
    for one in connection.execute(query).mappings():
        found.setdefault(one["contact_id"], []).append(QueueRow(**one))
    return found


def last_sent(connection: sa.Connection, contact_id: str) -> QueueRow | None:
    """The latest message that went out to somebody."""
    query = sa.select(*_ROW).where(_Q.contact_id == contact_id, _Q.status == "sent").order_by(_Q.sent_at.desc(), _Q.id).limit(1)
    found = connection.execute(query).mappings().first()
    return None if found is None else QueueRow(**found)


def row_of_campaign_tag(connection: sa.Connection, utm_campaign: str) -> QueueRow | None:
    """The message whose personal link carries this campaign value."""
    prefix = "outreach_"
    return row(connection, utm_campaign.removeprefix(prefix)) if utm_campaign.startswith(prefix) else None


def queue(connection: sa.Connection, status: str | None, platforms: Sequence[str] | None, limit: int) -> tuple[int, list[QueueRow]]:
    """(how many, the oldest of them): open rows or those of one status."""
    mine = [_Q.status.in_(OPEN_STATUSES) if status is None else _Q.status == status]
    mine += [] if platforms is None else [_Q.platform.in_(list(platforms))]
    total = connection.execute(sa.select(sa.func.count()).select_from(QUEUE).where(*mine)).scalar_one()
    rows = connection.execute(sa.select(*_ROW).where(*mine).order_by(_Q.created_at, _Q.id).limit(limit)).mappings()
    return int(total), [QueueRow(**one) for one in rows]


def count(connection: sa.Connection, platforms: Sequence[str], statuses: Sequence[str], *, since: datetime | None = None) -> int:
    """Messages of some platforms by where they stand; of those drafted since when told so."""
    query = sa.select(sa.func.count()).select_from(QUEUE).where(_Q.platform.in_(list(platforms)), _Q.status.in_(list(statuses)))
    query = query if since is None else query.where(_Q.created_at >= since)
    return int(connection.execute(query).scalar_one())


def pending_approvals(connection: sa.Connection, platforms: Sequence[str]) -> list[str]:
    """The questions that wait, oldest first."""
    query = sa.select(_Q.approval_id).where(
        _Q.platform.in_(list(platforms)), _Q.status == "pending_approval", _Q.approval_id.is_not(None)
    )
    return [str(one) for one in connection.execute(query.order_by(_Q.created_at, _Q.id)).scalars()]


def approved_waiting(connection: sa.Connection, platforms: Sequence[str]) -> int:
    """Approved and not out yet."""
    return count(connection, platforms, WAITING_STATUSES)


def answers_to_write(connection: sa.Connection, now: datetime, limit: int) -> list[QueueRow]:
    """Replies somebody waits for, oldest first."""
    query = sa.select(*_ROW).where(_Q.status == "draft", _Q.action == "reply", _Q.scheduled_at <= now)
    return [QueueRow(**one) for one in connection.execute(query.order_by(_Q.created_at, _Q.id).limit(limit)).mappings()]


def next_due_at(connection: sa.Connection) -> datetime | None:
    """When the platforms or an answer want attention next."""
    times = [connection.execute(query).scalar() for query in (_ANSWERS_DUE, _SYNC_DUE)]
    return min((one for one in times if one is not None), default=None)


def mark(connection: sa.Connection, name: str) -> tuple[int, datetime | None, str | None]:
    """How far something was read: (place, time, id); (0, None, None) when never."""
    found = connection.execute(_MARK, {"mark": name}).first()
    return (0, None, None) if found is None else (found[0], found[1], found[2])


def profile_at(connection: sa.Connection, platform: str, external_id: str) -> Profile | None:
    """Who goes by this address there."""
    return _maybe(connection.execute(_PROFILE_AT, {"on_platform": platform, "known_as": external_id}).mappings().first())


def profile_of(connection: sa.Connection, contact_id: str, platform: str) -> Profile | None:
    """How a contact is addressed on a platform."""
    return _maybe(connection.execute(_PROFILE_OF, {"of_contact": contact_id, "on_platform": platform}).mappings().first())


def profiles_known(connection: sa.Connection, platform: str, external_ids: Sequence[str]) -> set[str]:
    """Which of these addresses were found before."""
    query = sa.select(_P.external_id).where(_P.platform == platform, _P.external_id.in_(list(external_ids)))
    return set(connection.execute(query).scalars())


def fresh_prospects(connection: sa.Connection, platform: str, least_score: float, since: datetime, limit: int) -> list[Profile]:
    """Strangers nobody has a message for, the best first."""
    mine = (
        _P.platform == platform, _P.standing == "none", _P.score >= least_score, _P.is_suspicious.is_(False),
        sa.or_(_P.contact_id.is_(None), _P.contact_id.not_in(_BUSY)),
    )  # fmt: skip
    query = sa.select(*_PROFILE).where(*mine).order_by(_P.score.desc(), _P.id).limit(limit)
    return [_profile(one) for one in connection.execute(query, {"since": since}).mappings()]


def connected_without_message(connection: sa.Connection, before: datetime, since: datetime, limit: int) -> list[Profile]:
    """New connections nobody has written to, the oldest first."""
    mine = (_P.platform == "linkedin", _P.standing == "connected", _P.connected_at <= before, _P.connected_at > since)
    told = sa.select(_Q.contact_id).where(_Q.platform == "linkedin", _Q.action.in_(("message", "follow_up", "reply")))
    query = sa.select(*_PROFILE).where(*mine, _P.contact_id.is_not(None), _P.contact_id.not_in(told))
    return [_profile(one) for one in connection.execute(query.order_by(_P.connected_at, _P.id).limit(limit)).mappings()]


def writable_profiles(connection: sa.Connection, platforms: Sequence[str], since: datetime, limit: int) -> list[Profile]:
    """Known people on some platforms with no message open and none drafted since."""
    mine = (
        _P.platform.in_(list(platforms)), _P.contact_id.is_not(None), _P.standing.not_in(("blocked", "suppressed")),
        _P.is_suspicious.is_(False), _P.contact_id.not_in(_BUSY),
    )  # fmt: skip
    query = sa.select(*_PROFILE).where(*mine).order_by(_P.id).limit(limit)
    return [_profile(one) for one in connection.execute(query, {"since": since}).mappings()]


def first_sends(connection: sa.Connection, platforms: Sequence[str], after: datetime) -> list[QueueRow]:
    """First messages that went out and were not answered, oldest first: whom follow-ups are for."""
    mine = (_Q.platform.in_(list(platforms)), _Q.action.in_(("message", "dm")), _Q.status == "sent", _Q.replied_at.is_(None))
    query = sa.select(*_ROW).where(*mine, _Q.sent_at > after).order_by(_Q.sent_at, _Q.id)
    return [QueueRow(**one) for one in connection.execute(query).mappings()]


def contacts_on(connection: sa.Connection, platforms: Sequence[str]) -> list[str]:
    """Every contact known on some platforms."""
    query = sa.select(_P.contact_id).where(_P.platform.in_(list(platforms)), _P.contact_id.is_not(None)).distinct()
    return list(connection.execute(query.order_by(_P.contact_id)).scalars())


def suspicious_count(connection: sa.Connection, platform: str) -> int:
    """Profiles that give orders to machines."""
    query = sa.select(sa.func.count()).select_from(PROFILES).where(_P.platform == platform, _P.is_suspicious)
    return int(connection.execute(query).scalar_one())


def accepted_between(connection: sa.Connection, start: datetime, end: datetime) -> tuple[int, int]:
    """(invitations accepted, invitations sent) in [start, end)."""
    took = sa.select(sa.func.count()).select_from(PROFILES).where(_P.connected_at >= start, _P.connected_at < end)
    took = took.where(_P.invited_at.is_not(None))
    sent = sa.select(sa.func.count()).select_from(QUEUE).where(_Q.action == "connect", _Q.sent_at >= start, _Q.sent_at < end)
    return int(connection.execute(took).scalar_one()), int(connection.execute(sent).scalar_one())


def tally(connection: sa.Connection, start: datetime, end: datetime, platforms: Sequence[str]) -> Tally:
    """What became of the messages drafted in [start, end)."""
    mine = (_Q.created_at >= start, _Q.created_at < end, _Q.platform.in_(list(platforms)))
    counted = sa.func.count()
    query = sa.select(_Q.status, _Q.lane, _Q.platform, counted).where(*mine).group_by(_Q.status, _Q.lane, _Q.platform)
    by_status: dict[str, int] = {}
    by_lane: dict[str, int] = {}
    by_platform: dict[str, int] = {}
    for status, lane, platform, number in connection.execute(query.order_by(_Q.status, _Q.lane, _Q.platform)):
        by_status[status] = by_status.get(status, 0) + number
        by_lane[lane] = by_lane.get(lane, 0) + number
        by_platform[platform] = by_platform.get(platform, 0) + number
    replied = sa.select(counted).select_from(QUEUE).where(*mine, _Q.replied_at.is_not(None))
    refused = sa.select(counted).select_from(QUEUE).where(*mine, _Q.status == "cancelled", _Q.error.startswith("rejected:"))
    answered, rejected = (int(connection.execute(one).scalar_one()) for one in (replied, refused))
    return Tally(by_status, by_lane, by_platform, answered, rejected)


def day_counts(connection: sa.Connection, start: datetime, end: datetime) -> dict[str, dict[str, int]]:
    """What happened in [start, end) on LinkedIn and by direct message: prepared, approved, sent, replies."""
    found: dict[str, dict[str, int]] = {}
    for word, column in (
        ("prepared", _Q.created_at),
        ("approved", _Q.decided_at),
        ("sent", _Q.sent_at),
        ("replies", _Q.replied_at),
    ):
        mine = [column >= start, column < end]
        mine += [_Q.status.in_(("approved", "sending", "sent", "failed"))] if word == "approved" else []
        query = sa.select(_Q.channel, sa.func.count()).where(*mine).group_by(_Q.channel).order_by(_Q.channel)
        for channel, number in connection.execute(query):
            found.setdefault(channel, {})[word] = int(number)
    return found


def sent_since(connection: sa.Connection, channel: str, since: datetime) -> int:
    """Messages that went out on a channel since."""
    query = sa.select(sa.func.count()).select_from(QUEUE).where(_Q.channel == channel, _Q.sent_at >= since)
    return int(connection.execute(query).scalar_one())


def campaign(connection: sa.Connection, name: str) -> Campaign | None:
    """A campaign by its name."""
    names = tuple(CAMPAIGNS.c[one] for one in Campaign.__dataclass_fields__)
    found = connection.execute(sa.select(*names).where(CAMPAIGNS.c.name == name)).mappings().first()
    return None if found is None else Campaign(**{**found, "steps": tuple(found["steps"] or ())})


def campaign_steps(connection: sa.Connection, campaign_id: str | None) -> tuple[int, ...] | None:
    """The days after which a campaign follows up; None without one."""
    if campaign_id is None:
        return None
    found = connection.execute(sa.select(CAMPAIGNS.c.steps).where(CAMPAIGNS.c.id == campaign_id)).scalar()
    return tuple(found) if found else None


def campaign_counts(connection: sa.Connection, campaign_id: str) -> tuple[Mapping[str, int], int]:
    """(messages by status, replies)."""
    query = sa.select(_Q.status, sa.func.count()).where(_Q.campaign_id == campaign_id).group_by(_Q.status).order_by(_Q.status)
    replied = sa.select(sa.func.count()).select_from(QUEUE).where(_Q.campaign_id == campaign_id, _Q.replied_at.is_not(None))
    return {one[0]: int(one[1]) for one in connection.execute(query)}, int(connection.execute(replied).scalar_one())


def contacts_of_campaign(connection: sa.Connection, campaign_id: str) -> set[str]:
    """Whom a campaign has a message for."""
    return set(connection.execute(sa.select(_Q.contact_id).where(_Q.campaign_id == campaign_id)).scalars())


def busy_contacts(connection: sa.Connection, contact_ids: Iterable[str], since: datetime) -> set[str]:
    """Which of these have a message open or drafted since."""
    query = _BUSY.where(_Q.contact_id.in_(list(contact_ids)))
    return set(connection.execute(query, {"since": since}).scalars())


def lessons(connection: sa.Connection, limit: int = 8) -> list[dict[str, Any]]:
    """What the owner's latest words teach, newest first."""
    query = sa.select(LESSONS).order_by(LESSONS.c.created_at.desc(), LESSONS.c.id).limit(limit)
    return [dict(one) for one in connection.execute(query).mappings()]


def _profile(found: Any) -> Profile:
    return Profile(**{**found, "score_reasons": tuple(found["score_reasons"] or ())})


def _maybe(found: Any) -> Profile | None:
    return None if found is None else _profile(found)


def campaign_drafts_since(connection: sa.Connection, campaign_id: str, since: datetime) -> int:
    """Messages drafted for a campaign since."""
    query = sa.select(sa.func.count()).select_from(QUEUE).where(_Q.campaign_id == campaign_id, _Q.created_at >= since)
    return int(connection.execute(query).scalar_one())
