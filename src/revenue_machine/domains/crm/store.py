"""Writes people, their keys, what happened with them and how they moved, each by its natural key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.crm.models import IdentityDraft
from revenue_machine.domains.crm.tables import (
    CONTACTS,
    DOUBLES,
    IDENTITIES,
    IMPORTED,
    IMPORTS,
    INTERACTIONS,
    LEARNED,
    MERGES,
    SCORES,
    TRANSITIONS,
)
from revenue_machine.engine.bulk import insert_new
from revenue_machine.engine.database import Database
from revenue_machine.engine.tables import SUPPRESSIONS
from revenue_machine.kit.db import UtcDateTime, change, metadata
from revenue_machine.kit.ids import make_id

CHUNK = 500
# Built once; the values of a batch are put in by SQLAlchemy's cache.
_OWNERS = sa.select(IDENTITIES.c.value_key, IDENTITIES.c.contact_id).where(
    IDENTITIES.c.kind == sa.bindparam("kind"), IDENTITIES.c.value_key.in_(sa.bindparam("keys", expanding=True))
)
_TAKEN = sa.select(CONTACTS.c.id).where(CONTACTS.c.id.in_(sa.bindparam("ids", expanding=True)))


@dataclass(frozen=True)
class ImportBatch:
    """Part of a file, ready to write: new people by id, new keys, and for known people what they take and what stood there."""

    fresh: dict[str, dict[str, Any]] = field(default_factory=dict)
    named: list[dict[str, Any]] = field(default_factory=list)
    changed: dict[str, dict[str, Any]] = field(default_factory=dict)
    before: dict[str, dict[str, Any]] = field(default_factory=dict)
    doubles: set[tuple[str, str]] = field(default_factory=set)


def keep_contact(connection: sa.Connection, database: Database, row: Mapping[str, Any]) -> bool:
    """A new person; False when the id stands already."""
    return database.put(connection, CONTACTS, dict(row), ["id"]) > 0


def change_contact(connection: sa.Connection, contact_id: str, values: Mapping[str, Any]) -> None:
    """Set some columns of a person."""
    change(connection, CONTACTS, {"id": contact_id}, values)


def is_taken(connection: sa.Connection, contact_id: str) -> bool:
    """Whether somebody has this id."""
    return connection.execute(sa.select(CONTACTS.c.id).where(CONTACTS.c.id == contact_id)).first() is not None


def filled(old: Mapping[str, Any], fresh: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """What of a fresh row an existing person takes: fields that are empty there, an address they had none of, new tags."""
    values = {name: fresh[name] for name in names if fresh[name] is not None and old[name] is None}
    for key, shown in (("email_key", ("email",)), ("handle_key", ("platform", "handle"))):
        if fresh[key] is not None and old[key] is None:
            values |= {name: fresh[name] for name in (key, *shown)}
    for name, key in (("name", "name_key"), ("company", "company_key")):
        if name in values:
            values[key] = fresh[key]
    if fresh["tags"] and not set(fresh["tags"]) <= set(old["tags"] or ()):
        values["tags"] = sorted({*(old["tags"] or ()), *fresh["tags"]})
    return values


def identity_row(contact_id: str, identity: IdentityDraft, key: str, now: datetime) -> dict[str, Any]:
    """A key as a row."""
    return {
        "id": make_id("idn", identity.kind, key), "contact_id": contact_id, "kind": identity.kind,
        "platform": identity.platform if identity.kind == "handle" else None, "value": identity.value, "value_key": key,
        "source": identity.source, "evidence": identity.evidence, "confidence": identity.confidence, "created_at": now,
    }  # fmt: skip


def keep_identity(connection: sa.Connection, database: Database, row: Mapping[str, Any]) -> bool:
    """A key of a person; False when it is known, whoever's it is."""
    return database.put(connection, IDENTITIES, dict(row), ["kind", "value_key"]) > 0


def keep_interaction(connection: sa.Connection, database: Database, row: Mapping[str, Any]) -> bool:
    """Something that happened; False when it stands already."""
    return database.put(connection, INTERACTIONS, dict(row), ["id"]) > 0


def class_interaction(connection: sa.Connection, interaction_id: str, intent: str) -> bool:
    """Name the class of a reply that has none."""
    mine = (INTERACTIONS.c.id == interaction_id, INTERACTIONS.c.intent_class.is_(None))
    return connection.execute(INTERACTIONS.update().where(*mine).values(intent_class=intent)).rowcount > 0


def touch(connection: sa.Connection, contact_id: str, occurred_at: datetime, now: datetime) -> None:
    """Move the first and last time something happened with a person, outwards only."""
    columns, instant = CONTACTS.c, sa.literal(occurred_at, CONTACTS.c.created_at.type)
    first_at, last_at = columns.first_contact_at, columns.last_interaction_at
    first = sa.case((sa.or_(first_at.is_(None), first_at > instant), instant), else_=first_at)
    last = sa.case((sa.or_(last_at.is_(None), last_at < instant), instant), else_=last_at)
    values = {"first_contact_at": first, "last_interaction_at": last, "updated_at": now}
    connection.execute(CONTACTS.update().where(columns.id == contact_id).values(**values))


def move(
    connection: sa.Connection, database: Database, contact_id: str, *, steps: tuple[str, str], why: str, now: datetime
) -> bool:
    """Move a person from one status to another; False when somebody moved them meanwhile."""
    before, after = steps
    if not change(connection, CONTACTS, {"id": contact_id, "status": before}, {"status": after, "updated_at": now}):
        return False
    row = {
        "id": make_id("ctr", contact_id, before, after, now.isoformat()), "contact_id": contact_id, "from_status": before,
        "to_status": after, "why": why, "occurred_at": now,
    }  # fmt: skip
    database.put(connection, TRANSITIONS, row, ["id"])
    return True


def keep_score(connection: sa.Connection, database: Database, row: Mapping[str, Any]) -> bool:
    """A score with its reasons; False when it stands already."""
    return database.put(connection, SCORES, dict(row), ["id"]) > 0


def keep_learned(connection: sa.Connection, database: Database, shares: Mapping[str, float], now: datetime) -> None:
    """What each tier is expected to bring from now on."""
    rows = [{"tier": tier, "share": share, "updated_at": now} for tier, share in shares.items()]
    database.put(connection, LEARNED, rows, ["tier"], ["share", "updated_at"])


def keep_double(connection: sa.Connection, database: Database, pair: tuple[str, str], reason: str, now: datetime) -> None:
    """One card named two people."""
    first, second = sorted(pair)
    row = {"id": make_id("dbl", first, second, reason), "first_id": first, "second_id": second, "reason": reason, "created_at": now}
    database.put(connection, DOUBLES, row, ["id"])


def contact(connection: sa.Connection, contact_id: str) -> dict[str, Any] | None:
    """Every column of a person."""
    row = connection.execute(sa.select(CONTACTS).where(CONTACTS.c.id == contact_id)).mappings().first()
    return None if row is None else dict(row)


def merge(connection: sa.Connection, merge_id: str) -> dict[str, Any] | None:
    """One merge."""
    row = connection.execute(sa.select(MERGES).where(MERGES.c.id == merge_id)).mappings().first()
    return None if row is None else dict(row)


def open_merge(connection: sa.Connection, merged_id: str) -> dict[str, Any] | None:
    """The merge that made somebody part of another, when it stands."""
    query = sa.select(MERGES).where(MERGES.c.merged_id == merged_id, MERGES.c.undone_at.is_(None)).order_by(MERGES.c.id)
    row = connection.execute(query).mappings().first()
    return None if row is None else dict(row)


def merges_between(connection: sa.Connection, kept_id: str, merged_id: str) -> int:
    """How often these two were merged before."""
    query = sa.select(sa.func.count()).select_from(MERGES).where(MERGES.c.kept_id == kept_id, MERGES.c.merged_id == merged_id)
    return int(connection.execute(query).scalar_one())


def keep_merge(connection: sa.Connection, database: Database, row: Mapping[str, Any]) -> None:
    """A merge with what its undo needs."""
    database.put(connection, MERGES, dict(row), ["id"])


def close_merge(connection: sa.Connection, merge_id: str, now: datetime) -> None:
    """A merge that was taken back; what it moved is of no use any more."""
    change(connection, MERGES, {"id": merge_id}, {"undone_at": now, "moves": []})


def lift_suppressions(connection: sa.Connection, source: str) -> None:
    """Take back what a mistaken merge had shut."""
    connection.execute(SUPPRESSIONS.delete().where(SUPPRESSIONS.c.source == source))


def columns_naming_people() -> list[tuple[sa.Table, sa.Column[Any]]]:
    """Every column of every table that says whose row it is, by table and name."""
    tables = sorted(metadata.tables.values(), key=lambda one: one.name)
    return [(one, column) for one in tables for column in one.columns if column.name in ("contact_id", "crm_contact_id")]


Move = list[Any]


def move_everything(connection: sa.Connection, from_id: str, to_id: str) -> tuple[list[Move], list[str]]:
    """Give every row of one person to another; (what moved, rows that stay because the other has the like)."""
    done, stayed = list[Move](), list[str]()
    for table, column in columns_naming_people():
        keys = list(table.primary_key.columns)
        for key in connection.execute(sa.select(*keys).where(column == from_id).order_by(*keys)).all():
            if _has_the_like(connection, table, column.name, key, to_id):
                stayed.append(f"{table.name} {'/'.join(map(str, key))}")
                continue
            connection.execute(table.update().where(*_is_row(table, key)).values({column.name: to_id}))
            after = [to_id if part is column else _plain(value) for part, value in zip(keys, key, strict=True)]
            done.append([table.name, after, column.name, from_id, to_id])
    return done, stayed


def change_noted(connection: sa.Connection, row: Mapping[str, Any], values: Mapping[str, Any]) -> list[Move]:
    """Set columns of a person and say what stood there before."""
    fresh = {name: value for name, value in values.items() if row[name] != value}
    if fresh:
        change_contact(connection, row["id"], fresh)
    return [[CONTACTS.name, [row["id"]], name, _plain(row[name]), _plain(value)] for name, value in fresh.items()]


def take_back(connection: sa.Connection, moves: Sequence[Move]) -> list[str]:
    """Put back what stood before, the newest first; names what was changed since and therefore stays."""
    stayed: list[str] = []
    for name, key, column_name, before, after in reversed(moves):
        table = metadata.tables[name]
        column, mine = table.c[column_name], _is_row(table, key)
        stands = connection.execute(sa.select(column).where(*mine)).first()
        if stands is None or (_plain(stands[0]) != after and column_name != "updated_at"):
            stayed.append(f"{name} {'/'.join(map(str, key))} {column_name}")
            continue
        connection.execute(table.update().where(*mine).values({column_name: _read(column, before)}))
    return stayed


def _has_the_like(connection: sa.Connection, table: sa.Table, name: str, key: Sequence[Any], to_id: str) -> bool:
    """Whether the row, given to the other, would be one that must be the only one of its kind."""
    for names in _unique_with(table, name):
        others = [table.c[other] for other in names if other != name]
        values = connection.execute(sa.select(*others).where(*_is_row(table, key))).one() if others else ()
        if any(value is None for value in values):
            continue
        same = [one == value for one, value in zip(others, values, strict=True)]
        if connection.execute(sa.select(sa.literal(1)).select_from(table).where(table.c[name] == to_id, *same).limit(1)).first():
            return True
    return False


def _unique_with(table: sa.Table, name: str) -> list[tuple[str, ...]]:
    """The sets of columns that must be unique together and contain this one."""
    sets = [
        [column.name for column in one.columns]
        for one in table.constraints
        if isinstance(one, sa.UniqueConstraint | sa.PrimaryKeyConstraint)
    ]
    sets += [[str(column.name) for column in one.columns] for one in table.indexes if one.unique]
    return sorted({tuple(names) for names in sets if name in names})


def _is_row(table: sa.Table, key: Sequence[Any]) -> list[sa.ColumnElement[bool]]:
    return [column == _read(column, value) for column, value in zip(table.primary_key.columns, key, strict=True)]


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date | datetime) else value


def _read(column: sa.Column[Any], value: Any) -> Any:
    """A value as it was written down, as the column takes it."""
    if isinstance(value, str) and isinstance(column.type, UtcDateTime):
        return datetime.fromisoformat(value)
    if isinstance(value, str) and isinstance(column.type, sa.Date):
        return date.fromisoformat(value)
    return value


def owners(connection: sa.Connection, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Whose each of many keys is; unknown ones are missing."""
    by_kind: dict[str, list[str]] = {}
    for kind, key in keys:
        by_kind.setdefault(kind, []).append(key)
    found = dict[tuple[str, str], str]()
    for kind, values in sorted(by_kind.items()):
        for key, contact_id in connection.execute(_OWNERS, {"kind": kind, "keys": values}).all():
            found[kind, key] = contact_id
    return found


def taken_ids(connection: sa.Connection, contact_ids: Sequence[str]) -> set[str]:
    """Which of many ids somebody has."""
    return set(connection.execute(_TAKEN, {"ids": contact_ids}).scalars()) if contact_ids else set()


def contacts(connection: sa.Connection, contact_ids: set[str], names: tuple[str, ...] = ()) -> dict[str, dict[str, Any]]:
    """Some columns of many people, or all of them, by id."""
    wanted = [CONTACTS.c[name] for name in ("id", *names)] if names else list(CONTACTS.c)
    query = sa.select(*wanted).where(CONTACTS.c.id.in_(sa.bindparam("ids", expanding=True)))
    heads = tuple(column.name for column in wanted)
    rows = connection.execute(query, {"ids": sorted(contact_ids)}).all() if contact_ids else []
    return {row[0]: dict(zip(heads, row, strict=True)) for row in rows}


def imports_of(connection: sa.Connection, sha256: str) -> int:
    """How often a file was applied."""
    return int(connection.execute(sa.select(sa.func.count()).select_from(IMPORTS).where(IMPORTS.c.sha256 == sha256)).scalar_one())


def keep_import(connection: sa.Connection, database: Database, row: Mapping[str, Any]) -> None:
    """An applied file."""
    database.put(connection, IMPORTS, dict(row), ["id"])


def standing_import(connection: sa.Connection, wanted: str) -> dict[str, Any] | None:
    """The newest import of that id or file that was not taken back."""
    mine = sa.or_(IMPORTS.c.id == wanted, IMPORTS.c.sha256 == wanted)
    query = sa.select(IMPORTS).where(mine, IMPORTS.c.undone_at.is_(None)).order_by(IMPORTS.c.applied_at.desc(), IMPORTS.c.id)
    row = connection.execute(query).mappings().first()
    return None if row is None else dict(row)


def write_people(connection: sa.Connection, database: Database, import_id: str, batch: ImportBatch, now: datetime) -> None:
    """One batch of a file: people who are new, keys that are new, and what known people take."""
    insert_new(connection, CONTACTS, _without_empty(list(batch.fresh.values())), ("id",))
    insert_new(connection, IDENTITIES, batch.named, ("kind", "value_key"))
    for contact_id, values in batch.changed.items():
        change_contact(connection, contact_id, {**values, "updated_at": now})
    for pair in sorted(batch.doubles):
        keep_double(connection, database, pair, "one row of an import", now)
    notes = [{"import_id": import_id, "person_id": one, "before": batch.before.get(one, {})} for one in batch.changed]
    database.put(connection, IMPORTED, notes, ["import_id", "person_id"])


def _without_empty(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same rows without columns that are empty in all of them: half the work of a big import."""
    full = [name for name in rows[0] if any(row[name] is not None for row in rows)] if rows else []
    return [{name: row[name] for name in full} for row in rows]


def undo_import(connection: sa.Connection, found: Mapping[str, Any], now: datetime) -> tuple[int, int, list[str]]:
    """(people removed, people put back as they were, ids kept because something happened with them since)."""
    import_id = found["id"]
    made = sa.select(CONTACTS.c.id).where(CONTACTS.c.import_id == import_id)
    known = sa.select(IMPORTED.c.person_id).where(IMPORTED.c.import_id == import_id)
    kept = _touched_since(connection, made, known, found)
    removed = restored = 0
    gone = sorted(set(connection.execute(made).scalars()) - kept)
    rows = (
        connection.execute(sa.select(IMPORTED).where(IMPORTED.c.import_id == import_id).order_by(IMPORTED.c.person_id))
        .mappings()
        .all()
    )
    back = [row for row in rows if row["person_id"] not in kept]
    for start in range(0, len(gone), CHUNK):
        ids = gone[start : start + CHUNK]
        connection.execute(IDENTITIES.delete().where(IDENTITIES.c.contact_id.in_(ids)))
        removed += connection.execute(CONTACTS.delete().where(CONTACTS.c.id.in_(ids))).rowcount
    for row in back:
        values = {name: _read(CONTACTS.c[name], value) for name, value in row["before"].items()}
        change_contact(connection, row["person_id"], {**values, "updated_at": now})
        given = (IDENTITIES.c.contact_id == row["person_id"], IDENTITIES.c.source == import_id)
        connection.execute(IDENTITIES.delete().where(*given))
        restored += 1
    connection.execute(IMPORTED.delete().where(IMPORTED.c.import_id == import_id))
    change(connection, IMPORTS, {"id": import_id}, {"undone_at": now})
    return removed, restored, sorted(kept)


def _touched_since(connection: sa.Connection, made: sa.Select[Any], known: sa.Select[Any], found: Mapping[str, Any]) -> set[str]:
    """Who of an import was changed since, or has rows of any kind that the import did not write."""
    mine = sa.or_(CONTACTS.c.id.in_(made), CONTACTS.c.id.in_(known))
    changed = sa.select(CONTACTS.c.id).where(mine, CONTACTS.c.updated_at != found["applied_at"])
    kept = set(connection.execute(changed).scalars())
    for table, column in columns_naming_people():
        others = sa.select(column).distinct().where(column.in_(made))
        if table is IDENTITIES:
            others = others.where(IDENTITIES.c.source != found["id"])
        kept |= set(connection.execute(others).scalars())
    return kept


def opt_out_imported(connection: sa.Connection, contact_id: str, now: datetime) -> None:
    """Somebody who opted out elsewhere; an earlier opt-out stays as it is."""
    why = {"opted_out_at": now, "opt_out_reason": "opted out elsewhere"}
    values = {**why, "email_opt_out": True, "status": "archived", "updated_at": now}
    connection.execute(CONTACTS.update().where(CONTACTS.c.id == contact_id, CONTACTS.c.opted_out_at.is_(None)).values(**values))


def forget(connection: sa.Connection, contact_ids: Sequence[str], now: datetime) -> int:
    """Empty people and everything that was said; ids, dates, statuses and money stay. Rows touched."""
    personal = (
        "name", "handle", "handle_key", "email", "email_key", "headline", "company", "title", "location", "profile_url", "phone",
        "name_key", "company_key", "timezone", "lead_score_reason",
    )  # fmt: skip
    empty: dict[str, Any] = {**dict.fromkeys(personal), "tags": [], "status": "archived", "updated_at": now, "email_opt_out": True}
    mine, shut = CONTACTS.c.id.in_(contact_ids), {"opted_out_at": now, "opt_out_reason": "forgotten"}
    touched = connection.execute(CONTACTS.update().where(mine).values(**empty)).rowcount
    connection.execute(CONTACTS.update().where(mine, CONTACTS.c.opted_out_at.is_(None)).values(**shut))
    touched += connection.execute(IDENTITIES.delete().where(IDENTITIES.c.contact_id.in_(contact_ids))).rowcount
    said = INTERACTIONS.update().where(INTERACTIONS.c.contact_id.in_(contact_ids), INTERACTIONS.c.content.is_not(None))
    touched += connection.execute(said.values(content="[forgotten]", evidence_url=None)).rowcount
    touched += connection.execute(IMPORTED.delete().where(IMPORTED.c.person_id.in_(contact_ids))).rowcount
    merged = MERGES.update().where(sa.or_(MERGES.c.kept_id.in_(contact_ids), MERGES.c.merged_id.in_(contact_ids)))
    return int(touched + connection.execute(merged.values(moves=[], undone_at=now)).rowcount)
