"""People, their keys and what happened with them, for topics, other domains, pages and reports."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from revenue_machine.domains.attribution import reads as attribution_reads
from revenue_machine.domains.crm.likeness import Card, suggest
from revenue_machine.domains.crm.models import Interaction, Person, Status, Suggestion, TimelineItem, TimelineKind
from revenue_machine.domains.crm.rules import timeline_kind
from revenue_machine.domains.crm.scoring import PRIOR, Prediction, tier_of
from revenue_machine.domains.crm.tables import CONTACTS, DOUBLES, IDENTITIES, INTERACTIONS, LEARNED, SCORES, TRANSITIONS
from revenue_machine.engine.tables import LEDGER

CHUNK = 500
NAMED_TOGETHER = 0.95
OUTCOMES = ("trial_started", "purchased", "contract_won")
_C, _I, _T = CONTACTS.c, INTERACTIONS.c, TRANSITIONS.c
_PERSON = tuple(_C[name] for name in Person.__dataclass_fields__)
_INTERACTION = tuple(_I[name] for name in Interaction.__dataclass_fields__)
_BY_ID = sa.select(*_PERSON).where(_C.id == sa.bindparam("id"))
_OWNER = sa.select(IDENTITIES.c.contact_id).where(
    IDENTITIES.c.kind == sa.bindparam("kind"), IDENTITIES.c.value_key == sa.bindparam("key")
)
_REPLIED = sa.select(sa.func.max(_I.occurred_at)).where(_I.contact_id == sa.bindparam("id"), _I.direction == "in")
_TOUCHED = sa.select(sa.func.max(_I.occurred_at)).where(_I.contact_id == sa.bindparam("id"), _I.direction == "out")
_LAST_MOVE = (
    sa.select(_T.occurred_at).where(_T.contact_id == sa.bindparam("id")).order_by(_T.occurred_at.desc(), _T.id.desc()).limit(1)
)


def person(connection: sa.Connection, contact_id: str) -> Person | None:
    """One person as stored; a merged one says so in `merged_into_id`."""
    row = connection.execute(_BY_ID, {"id": contact_id}).mappings().first()
    return None if row is None else _person(row)


def current_id(connection: sa.Connection, contact_id: str) -> str:
    """The live contact behind an id: whoever it was joined into, however often."""
    query = sa.select(_C.merged_into_id).where(_C.id == contact_id)
    seen = {contact_id}
    while (next_id := connection.execute(query).scalar()) is not None and next_id not in seen:
        seen.add(next_id)
        contact_id, query = next_id, sa.select(_C.merged_into_id).where(_C.id == next_id)
    return contact_id


def current_person(connection: sa.Connection, contact_id: str) -> Person | None:
    """The live person behind an id."""
    return person(connection, current_id(connection, contact_id))


def people(connection: sa.Connection, contact_ids: Iterable[str]) -> dict[str, Person]:
    """Several people at once, by id."""
    wanted, found = sorted(set(contact_ids)), dict[str, Person]()
    for start in range(0, len(wanted), CHUNK):
        query = sa.select(*_PERSON).where(_C.id.in_(wanted[start : start + CHUNK])).order_by(_C.id)
        found.update((row["id"], _person(row)) for row in connection.execute(query).mappings())
    return found


def people_by_status(
    connection: sa.Connection, statuses: Sequence[Status], *, platform: str | None = None, limit: int = 500
) -> list[Person]:
    """Live, reachable people at these stages, the best score first."""
    query = sa.select(*_PERSON).where(_C.status.in_(statuses), _C.merged_into_id.is_(None), _C.opted_out_at.is_(None))
    query = query if platform is None else query.where(_C.platform == platform)
    rows = connection.execute(query.order_by(_C.score.desc().nulls_last(), _C.id).limit(limit)).mappings()
    return [_person(row) for row in rows]


def addresses(connection: sa.Connection, contact_id: str) -> tuple[str, ...]:
    """Every address of a person as the suppression list spells it: mail addresses, then `platform:handle`."""
    keys = (IDENTITIES.c.kind, IDENTITIES.c.value_key)
    query = sa.select(*keys).where(IDENTITIES.c.contact_id == contact_id, IDENTITIES.c.kind.in_(("email", "handle")))
    return tuple(row[1] for row in connection.execute(query.order_by(*keys)))


def identities(connection: sa.Connection, contact_id: str) -> list[dict[str, Any]]:
    """Every key of a person with where it came from."""
    query = sa.select(IDENTITIES).where(IDENTITIES.c.contact_id == contact_id).order_by(IDENTITIES.c.kind, IDENTITIES.c.value_key)
    return [dict(row) for row in connection.execute(query).mappings()]


def identity_values(connection: sa.Connection, contact_id: str, kinds: Sequence[str]) -> tuple[str, ...]:
    """The values of some kinds of keys, as written."""
    query = sa.select(IDENTITIES.c.value).where(IDENTITIES.c.contact_id == contact_id, IDENTITIES.c.kind.in_(kinds))
    return tuple(connection.execute(query.order_by(IDENTITIES.c.kind, IDENTITIES.c.value_key)).scalars())


def owner_of(connection: sa.Connection, kind: str, key: str) -> str | None:
    """Whose key this is, spelled as `rules.value_key` spells it."""
    found: str | None = connection.execute(_OWNER, {"kind": kind, "key": key}).scalar()
    return found


def has_replied_since(connection: sa.Connection, contact_id: str, instant: datetime) -> bool:
    """Whether words of the person came in after an instant, on any channel."""
    replied_at = last_reply_at(connection, contact_id)
    return replied_at is not None and replied_at > instant


def last_reply_at(connection: sa.Connection, contact_id: str) -> datetime | None:
    """When the person last said something."""
    found: datetime | None = connection.execute(_REPLIED, {"id": contact_id}).scalar()
    return found


def last_touch_at(connection: sa.Connection, contact_id: str) -> datetime | None:
    """When we last sent something, on any channel."""
    found: datetime | None = connection.execute(_TOUCHED, {"id": contact_id}).scalar()
    return found


def stage(connection: sa.Connection, contact_id: str) -> Status | None:
    """Where in the pipeline a person stands."""
    found: Status | None = connection.execute(sa.select(_C.status).where(_C.id == contact_id)).scalar()
    return found


def stage_since(connection: sa.Connection, contact_id: str) -> datetime | None:
    """When a person came to where they stand; None when never moved."""
    found: datetime | None = connection.execute(_LAST_MOVE, {"id": contact_id}).scalar()
    return found


def interactions(
    connection: sa.Connection, contact_id: str, *, since: datetime | None = None, limit: int = 500
) -> list[Interaction]:
    """What happened with a person, newest first."""
    query = sa.select(*_INTERACTION).where(_I.contact_id == contact_id)
    query = query if since is None else query.where(_I.occurred_at >= since)
    rows = connection.execute(query.order_by(_I.occurred_at.desc(), _I.id).limit(limit)).mappings()
    return [Interaction(**row) for row in rows]


def conversation(connection: sa.Connection, contact_id: str, limit: int = 20) -> list[Interaction]:
    """What was said to and fro on every channel, oldest first."""
    query = sa.select(*_INTERACTION).where(_I.contact_id == contact_id, _I.direction.in_(("in", "out")))
    rows = connection.execute(query.order_by(_I.occurred_at.desc(), _I.id.desc()).limit(limit)).mappings()
    return [Interaction(**row) for row in rows][::-1]


def interaction(connection: sa.Connection, interaction_id: str) -> Interaction | None:
    """One thing that happened."""
    row = connection.execute(sa.select(*_INTERACTION).where(_I.id == interaction_id)).mappings().first()
    return None if row is None else Interaction(**row)


def is_logged(connection: sa.Connection, kind: str, channel: str, external_id: str) -> bool:
    """Whether this thing stands on somebody's timeline."""
    query = sa.select(_I.id).where(_I.type == kind, _I.channel == channel, _I.external_id == external_id).limit(1)
    return connection.execute(query).first() is not None


def has_score(connection: sa.Connection, contact_id: str) -> bool:
    """Whether a person was ever scored."""
    return connection.execute(sa.select(SCORES.c.id).where(SCORES.c.contact_id == contact_id).limit(1)).first() is not None


def score_history(connection: sa.Connection, contact_id: str, limit: int = 50) -> list[dict[str, Any]]:
    """The scores of a person with their reasons, newest first."""
    query = sa.select(SCORES).where(SCORES.c.contact_id == contact_id).order_by(SCORES.c.created_at.desc(), SCORES.c.id)
    return [dict(row) for row in connection.execute(query.limit(limit)).mappings()]


def prediction(connection: sa.Connection, tier: str) -> float:
    """The share of a tier that is expected to come to a trial or a sale."""
    found: float | None = connection.execute(sa.select(LEARNED.c.share).where(LEARNED.c.tier == tier)).scalar()
    return PRIOR[tier] if found is None else found


def predictions(connection: sa.Connection) -> Iterator[Prediction]:
    """Every score ever given, with the first trial or sale of its person."""
    outcomes: dict[str, datetime] = {}
    reached, won = sa.func.min(_I.occurred_at).label("at"), sa.func.min(_T.occurred_at).label("at")
    first = sa.select(_I.contact_id, reached).where(_I.type.in_(OUTCOMES)).group_by(_I.contact_id)
    sold = sa.select(_T.contact_id, won).where(_T.to_status == "closed_won").group_by(_T.contact_id)
    for contact_id, reached_at in (*connection.execute(first), *connection.execute(sold)):
        outcomes[contact_id] = min(reached_at, outcomes.get(contact_id, reached_at))
    query = sa.select(SCORES.c.contact_id, SCORES.c.tier, SCORES.c.predicted, SCORES.c.created_at)
    for contact_id, tier, predicted, scored_at in connection.execute(query.order_by(SCORES.c.created_at, SCORES.c.id)):
        yield Prediction(tier, predicted, scored_at, outcomes.get(contact_id))


def lately_active(connection: sa.Connection, since: datetime) -> list[str]:
    """Live people with whom something happened since."""
    query = sa.select(_C.id).where(_C.last_interaction_at >= since, _C.merged_into_id.is_(None)).order_by(_C.id)
    return list(connection.execute(query).scalars())


def timeline(connection: sa.Connection, contact_id: str, limit: int = 500) -> list[TimelineItem]:
    """Everything with and around a person, newest first: what happened, the clicks that brought them, what they cost."""
    found = [_happened(one) for one in interactions(connection, contact_id, limit=limit)]
    logged = {one.external_id for one in interactions(connection, contact_id, limit=limit)}
    for user_id in identity_values(connection, contact_id, ("distinct_id", "subscriber")):
        found += [_clicked(row) for row in attribution_reads.clicks_of_user(connection, user_id)]
    entries = connection.execute(sa.select(LEDGER).where(LEDGER.c.contact_id == contact_id).order_by(LEDGER.c.id)).mappings()
    found += [_booked(row) for row in entries if row["amount_micro_usd"] < 0 or f"ledger/{row['id']}" not in logged]
    unique = {(one.source, one.source_id): one for one in found}.values()
    return sorted(unique, key=lambda one: (-one.occurred_at.timestamp(), one.source, one.source_id))[:limit]


def _happened(one: Interaction) -> TimelineItem:
    words = one.content or one.product or one.type.replace("_", " ")
    return TimelineItem(
        one.occurred_at, timeline_kind(one.type), one.type, words, one.channel, one.direction, one.cost_micro_usd or 0,
        one.value_micro_usd or 0, "interaction", one.id,
    )  # fmt: skip


def _clicked(row: Mapping[str, Any]) -> TimelineItem:
    is_ad = row["utm_medium"] in ("paid", "cpc", "ads") or row["source_type"] == "campaign"
    words = f"clicked {row['post_id'] or row['utm_campaign'] or 'a link'} from {row['utm_source']}"
    kind: TimelineKind = "ad" if is_ad else "post"
    return TimelineItem(
        row["occurred_at"], kind, f"{kind}_click", words, row["utm_source"], "none", 0, 0, "attribution", row["id"]
    )  # fmt: skip


def _booked(row: Any) -> TimelineItem:
    amount = int(row["amount_micro_usd"])
    words = f"{row['kind'].replace('_', ' ')} at {row['service']}"
    return TimelineItem(
        row["occurred_at"], "money", row["kind"], words, row["service"], "none", max(0, -amount), max(0, amount), "ledger",
        row["id"],
    )  # fmt: skip


def cards(connection: sa.Connection) -> Iterator[Card]:
    """What of every live contact is compared to find doubles."""
    keys: dict[str, tuple[list[str], list[str]]] = {}
    named = sa.select(IDENTITIES.c.contact_id, IDENTITIES.c.kind, IDENTITIES.c.value_key)
    named = named.where(IDENTITIES.c.kind.in_(("email", "handle"))).order_by(IDENTITIES.c.kind, IDENTITIES.c.value_key)
    for contact_id, kind, key in connection.execute(named):
        keys.setdefault(contact_id, ([], []))[kind == "handle"].append(key)
    query = sa.select(_C.id, _C.name_key, _C.company_key).where(_C.merged_into_id.is_(None)).order_by(_C.id)
    for contact_id, name, company in connection.execute(query):
        emails, handles = keys.get(contact_id, ((), ()))
        yield Card(contact_id, name, company, tuple(emails), tuple(handles))


def doubles(connection: sa.Connection, limit: int = 20) -> list[Suggestion]:
    """Contacts that may be one person, the surest first, with reasons."""
    query = sa.select(DOUBLES.c.first_id, DOUBLES.c.second_id, DOUBLES.c.reason).order_by(DOUBLES.c.created_at, DOUBLES.c.id)
    named = [
        Suggestion(first, second, NAMED_TOGETHER, (f"named together on {why}",)) for first, second, why in connection.execute(query)
    ]
    alive = people(connection, [side for one in named for side in (one.first_id, one.second_id)])
    found = {
        (one.first_id, one.second_id): one
        for one in named
        if all(side in alive and alive[side].merged_into_id is None for side in (one.first_id, one.second_id))
    }
    for one in suggest(cards(connection), limit):
        found.setdefault((one.first_id, one.second_id), one)
    return sorted(found.values(), key=lambda one: (-one.confidence, one.first_id, one.second_id))[:limit]


def doubles_of(connection: sa.Connection, contact_id: str) -> list[Suggestion]:
    """Who may be the same person as this one."""
    return [one for one in doubles(connection, 10_000) if contact_id in (one.first_id, one.second_id)]


def transitions(connection: sa.Connection, contact_id: str) -> list[dict[str, Any]]:
    """How a person moved along the pipeline, newest first."""
    columns = (_T.from_status, _T.to_status, _T.why, _T.occurred_at)
    query = sa.select(*columns).where(_T.contact_id == contact_id).order_by(_T.occurred_at.desc(), _T.id)
    return [dict(row) for row in connection.execute(query).mappings()]


def score_reasons(connection: sa.Connection, contact_ids: Sequence[str]) -> dict[str, str]:
    """Why each of some people is as warm as they are."""
    query = sa.select(_C.id, _C.lead_score_reason).where(_C.id.in_(contact_ids), _C.lead_score_reason.is_not(None))
    return {row[0]: row[1] for row in connection.execute(query.order_by(_C.id))}


def listed(connection: sa.Connection, wishes: Mapping[str, Any]) -> tuple[int, list[Person]]:
    """(how many fit, a page of them): live people, the best score first."""
    conditions: list[sa.ColumnElement[bool]] = [_C.merged_into_id.is_(None)]
    conditions += [_C[name] == wishes[name] for name in ("status", "platform", "niche", "source") if wishes.get(name) is not None]
    if wishes.get("min_score") is not None:
        conditions.append(_C.score >= wishes["min_score"])
    if wishes.get("opted_out") is not None:
        conditions.append(_C.opted_out_at.is_not(None) if wishes["opted_out"] else _C.opted_out_at.is_(None))
    if wishes.get("tag") is not None:
        conditions.append(_has_tag(connection, wishes["tag"]))
    return _page(connection, conditions, wishes.get("limit", 50), wishes.get("offset", 0))


def searched(connection: sa.Connection, words: Sequence[str], limit: int) -> tuple[int, list[Person]]:
    """(how many fit, the best of them): live people in whose fields every word occurs."""
    fields = (_C.name, _C.name_key, _C.email_key, _C.handle_key, _C.company, _C.title, _C.headline)
    conditions: list[sa.ColumnElement[bool]] = [_C.merged_into_id.is_(None)]
    conditions += [sa.or_(*(field.icontains(word, autoescape=True) for field in fields)) for word in words]
    return _page(connection, conditions, limit, 0)


def _page(
    connection: sa.Connection, conditions: Sequence[sa.ColumnElement[bool]], limit: int, offset: int
) -> tuple[int, list[Person]]:
    total = connection.execute(sa.select(sa.func.count()).select_from(CONTACTS).where(*conditions)).scalar_one()
    query = sa.select(*_PERSON).where(*conditions).order_by(_C.score.desc().nulls_last(), _C.id).limit(limit).offset(offset)
    return int(total), [_person(row) for row in connection.execute(query).mappings()]


def _has_tag(connection: sa.Connection, tag: str) -> sa.ColumnElement[bool]:
    """Tags are an array in PostgreSQL and a JSON list in SQLite."""
    if connection.dialect.name == "postgresql":
        return sa.literal(tag) == sa.any_(sa.type_coerce(_C.tags, pg.ARRAY(sa.Text)))
    each = sa.func.json_each(_C.tags).table_valued("value")
    return sa.exists(sa.select(sa.literal(1)).select_from(each).where(each.c.value == tag))


def counts(connection: sa.Connection, start: datetime, end: datetime) -> dict[str, int]:
    """Contacts and opted_out in all; new, touched and replied people and interactions in [start, end)."""
    alive = sa.select(sa.func.count(), sa.func.count(_C.opted_out_at)).where(_C.merged_into_id.is_(None))
    everybody, gone = connection.execute(alive).one()
    new = sa.select(sa.func.count()).where(_C.merged_into_id.is_(None), _C.created_at >= start, _C.created_at < end)
    found = {"contacts": int(everybody), "opted_out": int(gone), "new": int(connection.execute(new).scalar_one())}
    span = (_I.occurred_at >= start, _I.occurred_at < end)
    for name, direction in (("touched", "out"), ("replied", "in")):
        query = sa.select(sa.func.count(sa.distinct(_I.contact_id))).where(_I.direction == direction, *span)
        found[name] = int(connection.execute(query).scalar_one())
    found["interactions"] = int(connection.execute(sa.select(sa.func.count()).select_from(INTERACTIONS).where(*span)).scalar_one())
    return found


def counts_by(connection: sa.Connection, name: str) -> dict[str, int]:
    """Live people by status or source."""
    query = sa.select(_C[name], sa.func.count()).where(_C.merged_into_id.is_(None)).group_by(_C[name]).order_by(_C[name])
    return {row[0]: int(row[1]) for row in connection.execute(query)}


def tier_counts(connection: sa.Connection) -> dict[str, int]:
    """Scored live people by tier, the strongest first."""
    query = sa.select(_C.score, sa.func.count()).where(_C.merged_into_id.is_(None), _C.score.is_not(None)).group_by(_C.score)
    found = dict.fromkeys(PRIOR, 0)
    for score, count in connection.execute(query):
        found[tier_of(score)] += int(count)
    return found


def moved_between(connection: sa.Connection, start: datetime, end: datetime) -> dict[str, int]:
    """People who came to each status in [start, end)."""
    people_moved = sa.func.count(sa.distinct(_T.contact_id))
    query = sa.select(_T.to_status, people_moved).where(_T.occurred_at >= start, _T.occurred_at < end)
    return {row[0]: int(row[1]) for row in connection.execute(query.group_by(_T.to_status).order_by(_T.to_status))}


def merged_into(connection: sa.Connection, contact_id: str) -> tuple[str, ...]:
    """Everybody who was joined into a person, however deep."""
    found: list[str] = []
    open_ids = [contact_id]
    while open_ids:
        query = sa.select(_C.id).where(_C.merged_into_id.in_(open_ids)).order_by(_C.id)
        open_ids = [one for one in connection.execute(query).scalars() if one not in found]
        found += open_ids
    return tuple(found)


def namesakes(connection: sa.Connection, key: str | None, but_not: Sequence[str]) -> int:
    """How many other people have this name."""
    query = sa.select(sa.func.count()).select_from(CONTACTS).where(_C.name_key == key, _C.id.not_in(but_not))
    return int(connection.execute(query).scalar_one())


def _person(row: Any) -> Person:
    return Person(**{**row, "tags": tuple(row["tags"] or ())})
