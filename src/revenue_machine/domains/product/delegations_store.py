"""Writes delegations: each row once per decision, and from one state to another only as the transition table allows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.product import delegations_rules as rules
from revenue_machine.domains.product import reads
from revenue_machine.domains.product.tables import DELEGATIONS
from revenue_machine.engine.database import Database
from revenue_machine.engine.forgetting import GONE, Markers
from revenue_machine.kit.db import change
from revenue_machine.kit.ids import make_id

_EMPTY = dict.fromkeys(
    (
        "end_state", "previous_state", "experiment_id", "reverts_id", "approval_id", "harness_project_id", "run_id", "stats",
        "log_tail", "log_tail_hash", "price_micro_usd", "cost_micro_usd", "check_after", "reason", "started_at", "poll_at",
        "ended_at",
    )
)  # fmt: skip


def delegation_id(decision_key: str) -> str:
    """The id of the one delegation of a decision."""
    return make_id("dlg", decision_key)


def put_new(connection: sa.Connection, database: Database, row: Mapping[str, Any], now: datetime) -> bool:
    """Write a delegation down; False when its decision has one already, which stays as it is."""
    full = {**_EMPTY, "polls": 0, "created_at": now, "updated_at": now, **row, "id": delegation_id(row["decision_key"])}
    return database.put(connection, DELEGATIONS, full, ["decision_key"]) > 0


def move(connection: sa.Connection, row: Mapping[str, Any], after: str, now: datetime, **changes: Any) -> bool:
    """Move a delegation on; False when the table does not allow it or it stands elsewhere by now."""
    if not rules.may_follow(row["status"], after):
        return False
    here = {"id": row["id"], "status": row["status"]}
    return change(connection, DELEGATIONS, here, {"status": after, "updated_at": now, **changes}) > 0


def note(connection: sa.Connection, row: Mapping[str, Any], now: datetime, **changes: Any) -> bool:
    """Write something down about a delegation that stays in its state; False when it stands elsewhere by now."""
    here = {"id": row["id"], "status": row["status"]}
    return change(connection, DELEGATIONS, here, {"updated_at": now, **changes}) > 0


def quoting(connection: sa.Connection, marks: Markers) -> list[tuple[str, str | None]]:
    """(delegation, its question) of whatever quotes this person."""
    return [(name, approval_id) for name, approval_id, words in reads.delegation_words(connection) if marks.found_in(words)]


def blank(connection: sa.Connection, delegation_id: str) -> None:
    """Empty the words of a delegation; state, times and figures stay."""
    words = {"task": GONE, "title": GONE, "log_tail": None, "log_tail_hash": None, "reason": None}
    change(connection, DELEGATIONS, {"id": delegation_id}, words)
