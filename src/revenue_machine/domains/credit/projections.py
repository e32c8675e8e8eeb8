"""What follows from a ledger entry about AI: its usage row and what its scopes have used, in the same transaction."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.credit.reads import held_scopes, ledger_date
from revenue_machine.domains.credit.rules import AI_KINDS, scope_names
from revenue_machine.domains.credit.store import add_spend, write_usage
from revenue_machine.engine.database import Database
from revenue_machine.engine.ledger import Entry
from revenue_machine.kit.ids import make_id

_TOKENS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens")


def book_ai_spend(connection: sa.Connection, database: Database, entry_id: str, entry: Entry) -> None:
    """Book an entry on the scopes it was admitted under, or, without a hold, on those of its own date and run."""
    if entry.kind not in AI_KINDS:
        return
    scopes = held_scopes(connection, entry.intent_id) if entry.intent_id else ()
    scopes = scopes or scope_names(ledger_date(connection, entry_id), entry.run_id)
    add_spend(connection, database, scopes, -entry.amount_micro_usd)
    write_usage(connection, database, _usage_row(entry_id, entry, scopes))


def _usage_row(entry_id: str, entry: Entry, scopes: tuple[str, ...]) -> dict[str, Any]:
    units = dict(entry.units or {})
    return {
        "id": make_id("use", entry_id), "task_type": entry.task_type, "model": entry.model,
        **{name: int(units.get(name, 0)) for name in _TOKENS},
        "units": units or None, "cost_micro_usd": -entry.amount_micro_usd, "price_version": entry.price_version,
        "state": entry.state, "run_id": entry.run_id, "post_id": entry.item_id, "ledger_entry_id": entry_id, "scopes": list(scopes),
        "created_at": entry.occurred_at,
    }  # fmt: skip


PROJECTIONS = (book_ai_spend,)
