"""Every write to the credit tables: scopes, holds, spending; each limit is one conditional UPDATE."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.credit.rules import Scope
from revenue_machine.domains.credit.tables import BUDGETS, HOLDS, USAGE
from revenue_machine.engine.database import Database
from revenue_machine.kit.db import change
from revenue_machine.kit.ids import make_id

# Built once: every model call runs them.
_AMOUNT = sa.bindparam("amount", type_=sa.BigInteger)
_ONE_SCOPE = BUDGETS.update().where(BUDGETS.c.scope == sa.bindparam("in_scope"))
_FITS = BUDGETS.c.current_spend_micro_usd + BUDGETS.c.held_micro_usd + _AMOUNT <= sa.bindparam("most", type_=sa.BigInteger)
_TAKE = _ONE_SCOPE.where(_FITS).values(held_micro_usd=BUDGETS.c.held_micro_usd + _AMOUNT)
_GIVE_BACK = _ONE_SCOPE.values(held_micro_usd=BUDGETS.c.held_micro_usd - _AMOUNT)
_SPEND = _ONE_SCOPE.values(current_spend_micro_usd=BUDGETS.c.current_spend_micro_usd + _AMOUNT)
_MINE = HOLDS.c.intent_key == sa.bindparam("mine")
_ATTEMPTS = sa.select(sa.func.count()).select_from(HOLDS).where(_MINE)
_HELD = sa.select(HOLDS.c.id, HOLDS.c.scopes, HOLDS.c.amount_micro_usd).where(_MINE, HOLDS.c.state == "held")
_HOLD = HOLDS.insert()


def open_scope(connection: sa.Connection, database: Database, scope: Scope, threshold_pct: int) -> None:
    """Make sure a scope stands with today's limit; what it has used stays."""
    row = {
        "scope": scope.name, "period": scope.period, "limit_micro_usd": scope.limit_micro_usd, "alert_threshold_pct": threshold_pct,
        "current_spend_micro_usd": 0, "held_micro_usd": 0, "reset_at": scope.reset_at,
    }  # fmt: skip
    database.put(connection, BUDGETS, row, ["scope"], ["limit_micro_usd", "alert_threshold_pct", "reset_at"])


def take(connection: sa.Connection, scope: Scope, amount_micro_usd: int) -> bool:
    """Hold an amount in a scope if it still fits; check and hold are one statement."""
    given = {"in_scope": scope.name, "amount": amount_micro_usd, "most": scope.hard_limit_micro_usd}
    return connection.execute(_TAKE, given).rowcount > 0


def add_hold(connection: sa.Connection, row: dict[str, Any]) -> None:
    """Write down a hold; each attempt of an intent has its own."""
    attempt = int(connection.execute(_ATTEMPTS, {"mine": row["intent_key"]}).scalar_one()) + 1
    ids = {"id": make_id("hld", row["intent_key"], attempt), "intent_id": make_id("int", row["intent_key"])}
    connection.execute(_HOLD, {"attempt": attempt, "state": "held", **ids, **row})


def release_hold(connection: sa.Connection, intent_key: str, now: datetime) -> tuple[str, ...]:
    """Give an intent's open hold back; the scopes it stood in, none when there was no open one."""
    row = connection.execute(_HELD, {"mine": intent_key}).first()
    if row is None:
        return ()
    if change(connection, HOLDS, {"id": row.id, "state": "held"}, {"state": "released", "released_at": now}) == 0:
        return ()
    for scope in row.scopes:
        connection.execute(_GIVE_BACK, {"in_scope": scope, "amount": row.amount_micro_usd})
    return tuple(row.scopes)


def add_spend(connection: sa.Connection, database: Database, scopes: Sequence[str], amount_micro_usd: int) -> None:
    """Add to what scopes have used; a scope nobody has opened yet is opened without a limit."""
    for scope in scopes:
        row = {
            "scope": scope, "period": scope.split(":", 1)[0], "current_spend_micro_usd": 0, "held_micro_usd": 0,
            "alert_threshold_pct": 80,
        }  # fmt: skip
        database.put(connection, BUDGETS, row, ["scope"])
        connection.execute(_SPEND, {"in_scope": scope, "amount": amount_micro_usd})


def write_usage(connection: sa.Connection, database: Database, row: dict[str, Any]) -> None:
    """Write down what one ledger entry was used for."""
    database.put(connection, USAGE, row, ["id"])
