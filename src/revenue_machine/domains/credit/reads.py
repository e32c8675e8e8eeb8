"""What was spent on models and what is left, for any domain, page or report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa

from revenue_machine.domains.credit.prices import model_for, price_row
from revenue_machine.domains.credit.rules import AI_KINDS, ROUTES
from revenue_machine.domains.credit.tables import BUDGETS, HOLDS, USAGE
from revenue_machine.engine.tables import LEDGER
from revenue_machine.kit.errors import NotConfigured, NotFound

# Built once: every model call asks them.
_STATES = sa.select(BUDGETS).order_by(BUDGETS.c.scope)
_STATES_OF = _STATES.where(BUDGETS.c.scope.in_(sa.bindparam("scopes", expanding=True)))
_HELD_SCOPES = sa.select(HOLDS.c.scopes).where(HOLDS.c.intent_id == sa.bindparam("of_intent"), HOLDS.c.state == "held")


@dataclass(frozen=True)
class BudgetState:
    """One scope as it stands; `limit_micro_usd` is None where nobody has reserved yet."""

    scope: str
    period: str
    limit_micro_usd: int | None
    spent_micro_usd: int
    held_micro_usd: int
    alert_threshold_pct: int
    reset_at: datetime | None


def budget_states(connection: sa.Connection, scopes: Sequence[str] | None = None) -> list[BudgetState]:
    """Every scope, or the named ones, by name."""
    rows = connection.execute(_STATES) if scopes is None else connection.execute(_STATES_OF, {"scopes": list(scopes)})
    return [
        BudgetState(
            row["scope"],
            row["period"],
            row["limit_micro_usd"],
            row["current_spend_micro_usd"],
            row["held_micro_usd"],
            row["alert_threshold_pct"],
            row["reset_at"],
        )
        for row in rows.mappings()
    ]


def spent_on(connection: sa.Connection, day: date) -> int:
    """Micro-dollars of the AI budget used on a local date."""
    found = connection.execute(
        sa.select(BUDGETS.c.current_spend_micro_usd).where(BUDGETS.c.scope == f"day:{day.isoformat()}")
    ).scalar()
    return int(found or 0)


def held_scopes(connection: sa.Connection, intent_id: str) -> tuple[str, ...]:
    """The scopes of the open hold of an intent (by its id), none when it has no open one."""
    found = connection.execute(_HELD_SCOPES, {"of_intent": intent_id}).scalar()
    return tuple(found or ())


@dataclass(frozen=True)
class OpenHold:
    """What an intent holds."""

    amount_micro_usd: int
    kind: str
    task_type: str


def open_hold(connection: sa.Connection, intent_key: str) -> OpenHold | None:
    """The open hold of an intent, or None."""
    query = sa.select(HOLDS.c.amount_micro_usd, HOLDS.c.kind, HOLDS.c.task_type)
    row = connection.execute(query.where(HOLDS.c.intent_key == intent_key, HOLDS.c.state == "held")).first()
    return None if row is None else OpenHold(row.amount_micro_usd, row.kind, row.task_type)


def unpriced_routes(day: date) -> list[str]:
    """Task types whose model has no price or is retired on a date; nothing can be asked of those."""
    return sorted(task for task, alias in ROUTES.items() if not _is_priced(alias, day))


def _is_priced(alias: str, day: date) -> bool:
    try:
        price_row(model_for(alias, day), day)
    except (NotConfigured, NotFound):
        return False
    return True


def ledger_date(connection: sa.Connection, entry_id: str) -> date:
    """The owner's calendar date of a ledger entry."""
    found: date = connection.execute(sa.select(LEDGER.c.local_date).where(LEDGER.c.id == entry_id)).scalar_one()
    return found


def open_holds(connection: sa.Connection, before: datetime | None = None) -> list[str]:
    """Intent keys of open holds, oldest first; only those made before a time when one is given."""
    query = sa.select(HOLDS.c.intent_key).where(HOLDS.c.state == "held").order_by(HOLDS.c.created_at, HOLDS.c.id)
    if before is not None:
        query = query.where(HOLDS.c.created_at < before)
    return [row.intent_key for row in connection.execute(query)]


def unbooked_entries(connection: sa.Connection) -> list[str]:
    """Ids of AI ledger entries whose usage row is missing or says another amount."""
    same = sa.and_(USAGE.c.ledger_entry_id == LEDGER.c.id, USAGE.c.cost_micro_usd == -LEDGER.c.amount_micro_usd)
    query = sa.select(LEDGER.c.id).outerjoin(USAGE, same).where(LEDGER.c.kind == "ai", USAGE.c.id.is_(None)).order_by(LEDGER.c.id)
    return [row.id for row in connection.execute(query)]


def misbooked_scopes(connection: sa.Connection) -> list[str]:
    """Scopes whose spending is not the sum of their ledger entries, or whose holds are not the sum of the open ones."""
    spent: dict[str, int] = {}
    entries = (
        sa.select(LEDGER.c.id, LEDGER.c.amount_micro_usd, USAGE.c.scopes)
        .outerjoin(USAGE, USAGE.c.ledger_entry_id == LEDGER.c.id)
        .where(LEDGER.c.kind.in_(sorted(AI_KINDS)))
    )
    for row in connection.execute(entries):
        for scope in row.scopes or ():
            spent[scope] = spent.get(scope, 0) - row.amount_micro_usd
    held: dict[str, int] = {}
    for hold in connection.execute(sa.select(HOLDS.c.scopes, HOLDS.c.amount_micro_usd).where(HOLDS.c.state == "held")):
        for scope in hold.scopes:
            held[scope] = held.get(scope, 0) + hold.amount_micro_usd
    return [
        state.scope
        for state in budget_states(connection)
        if state.spent_micro_usd != spent.get(state.scope, 0) or state.held_micro_usd != held.get(state.scope, 0)
    ]
