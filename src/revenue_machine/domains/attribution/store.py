"""Every write of the attribution tables by natural key, and the stored steps as whole people: users, contacts, devices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.attribution.models import CLICK_KINDS, MODEL, POST_DIMENSIONS, Conversion, Said, Step, Touch
from revenue_machine.domains.attribution.reads import DEDUCTION_KINDS
from revenue_machine.domains.attribution.tables import (
    ATTRIBUTION_CREDITS,
    ATTRIBUTION_EVENTS,
    ATTRIBUTION_MARKS,
    ATTRIBUTION_STALE,
    ATTRIBUTION_SUMMARY,
)
from revenue_machine.engine.database import Database
from revenue_machine.engine.tables import LEDGER
from revenue_machine.kit.db import change
from revenue_machine.kit.ids import make_id

ROWS_AT_ONCE = 500
KEYS_AT_ONCE = 400
_STALE_INSERTED = ["key"]
_E = ATTRIBUTION_EVENTS.c
_STEP_COLUMNS = (
    _E.id, _E.external_event_id, _E.event_type, _E.occurred_at, _E.user_id, _E.crm_contact_id, _E.visitor_id, _E.said,
    _E.payment_id, _E.refunds_payment_id, _E.subscription_id, _E.revenue_micro_usd, _E.deducted_micro_usd, _E.source_type,
    _E.utm_source, _E.post_id, _E.click_id, _E.utm_medium, _E.utm_campaign, _E.utm_content, *(_E[name] for name in POST_DIMENSIONS),
)  # fmt: skip
_STEPS = sa.select(*_STEP_COLUMNS)
_SOME = {
    name: _STEPS.where(_E[name].in_(sa.bindparam("some", expanding=True)))
    for name in ("id", "user_id", "crm_contact_id", "named_click_id", "payment_id")
}
_ON_DEVICES = _STEPS.where(
    _E.visitor_id.in_(sa.bindparam("some", expanding=True)), _E.event_type.in_((*CLICK_KINDS, "signup"))
)  # fmt: skip
_STALE = sa.select(ATTRIBUTION_STALE.c.key).order_by(ATTRIBUTION_STALE.c.key)
_TAKEN = (
    sa.select(LEDGER.c.cause_id, sa.func.sum(LEDGER.c.amount_micro_usd).label("amount"))
    .where(LEDGER.c.kind.in_(DEDUCTION_KINDS))
    .group_by(LEDGER.c.cause_id)
    .subquery()
)
_DEDUCTIONS = (
    sa.select(_E.id, _E.user_id, _TAKEN.c.amount)
    .join(_TAKEN, _TAKEN.c.cause_id == _E.payment_id)
    .where(sa.func.coalesce(_E.deducted_micro_usd, 0) != _TAKEN.c.amount)
    .order_by(_E.id)
)


def event_row(step: Conversion, touch: Touch, now: datetime) -> dict[str, Any]:
    """One step of a person with its touch, as a row."""
    return {
        "id": make_id("atr", step.key), "external_event_id": step.key, "event_type": step.event_type, "user_id": step.user_id,
        "subscription_id": step.subscription_id, "payment_id": step.payment_id, "product": step.product, "model": MODEL,
        "refunds_payment_id": step.refunds_payment_id, "revenue_micro_usd": step.amount_micro_usd,
        "occurred_at": step.occurred_at, "created_at": now, **touch.columns(),
    }  # fmt: skip


def keep_new(database: Database, connection: sa.Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Write rows that are not there yet; known ones stay as they are."""
    for start in range(0, len(rows), ROWS_AT_ONCE):
        database.put(connection, ATTRIBUTION_EVENTS, list(rows[start : start + ROWS_AT_ONCE]), ["external_event_id"])


def keep_row(database: Database, connection: sa.Connection, row: dict[str, Any]) -> None:
    """Write one step; a row that stood without a person gets one."""
    fresh = [name for name in row if name not in ("id", "external_event_id", "created_at")]
    database.put(connection, ATTRIBUTION_EVENTS, row, ["external_event_id"], fresh)


def credit_person(connection: sa.Connection, user_id: str, touch: Touch) -> None:
    """Everything a person did inherits the touch that brought them."""
    change(connection, ATTRIBUTION_EVENTS, {"user_id": user_id}, touch.columns())


def credit_step(connection: sa.Connection, step_id: str, columns: Mapping[str, Any]) -> None:
    """One step is credited to another touch than it was."""
    change(connection, ATTRIBUTION_EVENTS, {"id": step_id}, columns)


def bind_signup(connection: sa.Connection, step_id: str, visitor_id: str | None) -> None:
    """The device a signup was made on, known by the click it named."""
    change(connection, ATTRIBUTION_EVENTS, {"id": step_id}, {"visitor_id": visitor_id})


def name_contact(connection: sa.Connection, user_id: str, contact_id: str) -> None:
    """Everything a product's user did is that contact's."""
    change(connection, ATTRIBUTION_EVENTS, {"user_id": user_id}, {"crm_contact_id": contact_id})


def keep_deducted(connection: sa.Connection, step_id: str, deducted_micro_usd: int) -> None:
    """Commission, fees and tax (negative) of a sale, as the ledger has them now."""
    change(connection, ATTRIBUTION_EVENTS, {"id": step_id}, {"deducted_micro_usd": deducted_micro_usd})


def drop_clicks(connection: sa.Connection, keys: Sequence[str]) -> None:
    """Take out clicks that turned out to be no person's."""
    for start in range(0, len(keys), ROWS_AT_ONCE):
        some = ATTRIBUTION_EVENTS.c.external_event_id.in_(list(keys[start : start + ROWS_AT_ONCE]))
        connection.execute(ATTRIBUTION_EVENTS.delete().where(some))


def mark_stale(database: Database, connection: sa.Connection, keys: Iterable[str]) -> None:
    """Remember whom to look at again: `user/…`, `contact/…`, `visitor/…`, `step/…`."""
    rows = [{"key": key} for key in sorted(set(keys))]
    for start in range(0, len(rows), ROWS_AT_ONCE):
        database.put(connection, ATTRIBUTION_STALE, rows[start : start + ROWS_AT_ONCE], _STALE_INSERTED)


def clear_stale(connection: sa.Connection, keys: Sequence[str]) -> None:
    """They were looked at."""
    for start in range(0, len(keys), ROWS_AT_ONCE):
        connection.execute(ATTRIBUTION_STALE.delete().where(ATTRIBUTION_STALE.c.key.in_(list(keys[start : start + ROWS_AT_ONCE]))))


def replace_credits(connection: sa.Connection, gone: Sequence[str], rows: Sequence[dict[str, Any]]) -> None:
    """The credits of some steps, anew."""
    for start in range(0, len(gone), ROWS_AT_ONCE):
        some = ATTRIBUTION_CREDITS.c.conversion_id.in_(list(gone[start : start + ROWS_AT_ONCE]))
        connection.execute(ATTRIBUTION_CREDITS.delete().where(some))
    for start in range(0, len(rows), ROWS_AT_ONCE):
        connection.execute(ATTRIBUTION_CREDITS.insert(), list(rows[start : start + ROWS_AT_ONCE]))


def replace_summary(connection: sa.Connection, gone: Sequence[str], rows: Sequence[dict[str, Any]]) -> None:
    """The rows of the summary that changed: those named are taken out, then these put in."""
    for start in range(0, len(gone), ROWS_AT_ONCE):
        some = ATTRIBUTION_SUMMARY.c.id.in_(list(gone[start : start + ROWS_AT_ONCE]))
        connection.execute(ATTRIBUTION_SUMMARY.delete().where(some))
    for start in range(0, len(rows), ROWS_AT_ONCE):
        connection.execute(ATTRIBUTION_SUMMARY.insert(), list(rows[start : start + ROWS_AT_ONCE]))


def keep_mark(database: Database, connection: sa.Connection, name: str, place: int, now: datetime) -> None:
    """Remember how far clicks were read."""
    row = {"name": name, "reached_at": now, "place": place}
    database.put(connection, ATTRIBUTION_MARKS, row, ["name"], ["reached_at", "place"])


def next_forgotten(connection: sa.Connection) -> int:
    """The next number for somebody who is forgotten."""
    held = sa.select(sa.func.count(ATTRIBUTION_EVENTS.c.crm_contact_id.distinct()))
    return 1 + int(connection.execute(held.where(ATTRIBUTION_EVENTS.c.crm_contact_id.like("forgotten-%"))).scalar_one())


def forget(connection: sa.Connection, names: Mapping[str, Mapping[str, str]]) -> int:
    """Give ids other names, by column of the events; keys made of a user's id and persons of credits follow. Rows touched."""
    touched = 0
    for old, new in sorted(names["user_id"].items()):
        change(connection, ATTRIBUTION_EVENTS, {"external_event_id": f"signup/{old}"}, {"external_event_id": f"signup/{new}"})
    for column, renamed in names.items():
        for old, new in sorted(renamed.items()):
            touched += change(connection, ATTRIBUTION_EVENTS, {column: old}, {column: new})
    for old, new in sorted({**names["user_id"], **names["crm_contact_id"]}.items()):
        touched += change(connection, ATTRIBUTION_CREDITS, {"person_id": old}, {"person_id": new})
        stale = ATTRIBUTION_STALE.c.key.in_((f"user/{old}", f"contact/{old}"))
        connection.execute(ATTRIBUTION_STALE.delete().where(stale))
    for old in sorted(names["visitor_id"]):
        connection.execute(ATTRIBUTION_STALE.delete().where(ATTRIBUTION_STALE.c.key == f"visitor/{old}"))
    return touched


def stale_keys(connection: sa.Connection) -> list[str]:
    """Who has to be looked at again."""
    return list(connection.execute(_STALE).scalars())


def all_steps(connection: sa.Connection) -> list[Step]:
    """Every step of everybody."""
    return [_step(row) for row in connection.execute(_STEPS)]


def whole_people(connection: sa.Connection, keys: Iterable[str]) -> list[Step]:
    """All steps of whoever is named, of whoever is the same contact, and of whoever used one of their devices."""
    todo: dict[str, set[str]] = {"user": set(), "contact": set(), "visitor": set(), "step": set()}
    for key in keys:
        kind, _, value = key.partition("/")
        todo[kind].add(value)
    seen: dict[str, set[str]] = {kind: set() for kind in todo}
    found: dict[str, Step] = {}
    queries = {"user": _SOME["user_id"], "contact": _SOME["crm_contact_id"], "visitor": _ON_DEVICES, "step": _SOME["id"]}
    while any(todo.values()):
        for kind, query in queries.items():
            wanted, todo[kind] = todo[kind] - seen[kind], set()
            seen[kind] |= wanted
            for step in _some(connection, query, wanted):
                found[step.id] = step
                for other, value in _named_by(step):
                    if value not in seen[other]:
                        todo[other].add(value)
    return list(found.values())


def signups_naming(connection: sa.Connection, click_ids: Iterable[str]) -> list[Step]:
    """Signups that say they came by one of these clicks."""
    return _some(connection, _SOME["named_click_id"], set(click_ids))


def sale_of(connection: sa.Connection, payment_id: str) -> Step | None:
    """The step of a payment."""
    return next(iter(_some(connection, _SOME["payment_id"], {payment_id})), None)


def known_devices(connection: sa.Connection, visitor_ids: Iterable[str]) -> set[str]:
    """Which of these devices somebody known was seen on."""
    found = set[str]()
    for some in _chunks(visitor_ids):
        query = sa.select(_E.visitor_id).where(
            _E.visitor_id.in_(some), sa.or_(_E.event_type == "signup", _E.crm_contact_id.is_not(None))
        )  # fmt: skip
        found.update(connection.execute(query.distinct()).scalars())
    return found


def changed_deductions(connection: sa.Connection) -> list[tuple[str, str | None, int]]:
    """(step, user, micro-dollars) of the sales whose commission, fees or tax the ledger knows otherwise by now."""
    return [(row[0], row[1], int(row[2])) for row in connection.execute(_DEDUCTIONS)]


def all_credits(connection: sa.Connection) -> dict[str, dict[str, Any]]:
    """Every credit as it stands, by id."""
    return {row["id"]: dict(row) for row in connection.execute(sa.select(ATTRIBUTION_CREDITS)).mappings()}


def _some(connection: sa.Connection, query: sa.Select[Any], values: Iterable[str]) -> list[Step]:
    return [_step(row) for some in _chunks(values) for row in connection.execute(query, {"some": some})]


def _chunks(values: Iterable[str]) -> list[list[str]]:
    wanted = sorted(set(values))
    return [wanted[start : start + KEYS_AT_ONCE] for start in range(0, len(wanted), KEYS_AT_ONCE)]


def _named_by(step: Step) -> list[tuple[str, str]]:
    """Whoever else a step leads to; a sale's device is its signup's, so it leads nowhere of its own."""
    named = [("user", step.user_id), ("contact", step.contact_id)]
    if step.is_click or step.event_type == "signup":
        named.append(("visitor", step.visitor_id))
    return [(kind, value) for kind, value in named if value is not None]


def _step(row: Any) -> Step:
    said = row[7]
    touch = Touch(
        row[13], row[14], post_id=row[15], click_id=row[16], visitor_id=row[6], utm_medium=row[17], utm_campaign=row[18],
        utm_content=row[19], traits=dict(zip(POST_DIMENSIONS, row[20:], strict=True)),
    )  # fmt: skip
    return Step(
        row[0], row[1], row[2], row[3], row[4], row[5], row[6], touch, None if said is None else Said(**said), row[8], row[9],
        row[10], int(row[11]), int(row[12] or 0),
    )  # fmt: skip
