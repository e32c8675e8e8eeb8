"""What the self-test asks of the house's records."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from revenue_machine.engine.tables import (
    APPROVALS,
    AUDIT,
    EVENTS,
    HOOK_INBOX,
    INTENTS,
    LEDGER,
    META,
    TOKENS,
)
from revenue_machine.kit.db import metadata
from revenue_machine.kit.ids import content_hash

SHOWN = 3


def missing_tables(connection: sa.Connection) -> list[str]:
    """Declared product tables the database does not have."""
    stands = set(sa.inspect(connection).get_table_names())
    return sorted(set(metadata.tables) - stands)


def missing_columns(connection: sa.Connection) -> list[str]:
    """Declared columns the database does not have, `table.column`."""
    inspector = sa.inspect(connection)
    stands = set(inspector.get_table_names())
    return sorted(
        f"{name}.{column.name}"
        for name, table in metadata.tables.items()
        if name in stands
        for column in table.columns
        if column.name not in {one["name"] for one in inspector.get_columns(name)}
    )


def stored_mode(connection: sa.Connection) -> str | None:
    """The mode that created this database."""
    return connection.execute(sa.select(META.c.value).where(META.c.name == "mode")).scalar()


def durability_faults(connection: sa.Connection) -> list[str]:
    """Settings under which an acknowledged row could be lost."""
    if connection.dialect.name == "postgresql":
        wanted = {"fsync": "on", "synchronous_commit": "on"}
        stands = {name: str(connection.exec_driver_sql(f"show {name}").scalar()) for name in wanted}
    else:
        wanted = {"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1"}
        stands = {name: str(connection.exec_driver_sql(f"pragma {name}").scalar()) for name in wanted}
    return [f"{name} is {stands[name]}, not {wanted[name]}" for name in wanted if stands[name] != wanted[name]]


def integrity_fault(connection: sa.Connection) -> str | None:
    """What the database finds wrong with its own file; None when nothing, or when its server checks that itself."""
    if connection.dialect.name == "postgresql":
        return None
    said = str(connection.exec_driver_sql("pragma quick_check(1)").scalar())
    return None if said == "ok" else said


def unsealed_since(connection: sa.Connection, before: datetime) -> int:
    """Audit entries older than that which nobody has chained."""
    late = sa.and_(AUDIT.c.sequence.is_(None), AUDIT.c.occurred_at < before)
    return int(connection.execute(sa.select(sa.func.count()).select_from(AUDIT).where(late)).scalar_one())


def unpaid_intents(connection: sa.Connection) -> list[str]:
    """Settled intents with a price that no ledger entry names."""
    query = (
        sa.select(INTENTS.c.id)
        .outerjoin(LEDGER, LEDGER.c.intent_id == INTENTS.c.id)
        .where(INTENTS.c.state == "settled", INTENTS.c.worst_case_micro_usd > 0, LEDGER.c.id.is_(None))
        .order_by(INTENTS.c.id)
    )
    return [row.id for row in connection.execute(query)]


def unhashed_tokens(connection: sa.Connection) -> list[str]:
    """Names of tokens whose stored value is not a SHA-256."""
    rows = connection.execute(sa.select(TOKENS.c.name, TOKENS.c.token_hash).order_by(TOKENS.c.name))
    return [row.name for row in rows if not _is_hash(row.token_hash)]


def unbound_approvals(connection: sa.Connection) -> list[str]:
    """Approvals whose hash is not that of their payload."""
    rows = connection.execute(sa.select(APPROVALS.c.id, APPROVALS.c.payload, APPROVALS.c.payload_hash).order_by(APPROVALS.c.id))
    return [row.id for row in rows if content_hash(row.payload) != row.payload_hash]


def hooks_in(connection: sa.Connection, status: str, before: datetime | None = None) -> int:
    """Webhooks in a state, received before a time when one is given."""
    query = sa.select(sa.func.count()).select_from(HOOK_INBOX).where(HOOK_INBOX.c.status == status)
    if before is not None:
        query = query.where(HOOK_INBOX.c.received_at < before)
    return int(connection.execute(query).scalar_one())


def newest_record(connection: sa.Connection) -> datetime | None:
    """When the newest ledger entry, fact or audit entry was written, by the business clock."""
    columns = (LEDGER.c.created_at, EVENTS.c.created_at, AUDIT.c.occurred_at)
    times = [connection.execute(sa.select(sa.func.max(column))).scalar() for column in columns]
    return max((one for one in times if one is not None), default=None)


def hour_before(now: datetime) -> datetime:
    """An hour earlier: how long anything may wait before the self-test speaks of it."""
    return now - timedelta(hours=1)


def _is_hash(text: str) -> bool:
    return len(text) == 64 and all(char in "0123456789abcdef" for char in text)
