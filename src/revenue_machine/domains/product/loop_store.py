"""Writes experiments on products: each by its id, from one state to the next only as the table of moves allows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from revenue_machine.domains.product.loop_models import OPEN, Status
from revenue_machine.domains.product.loop_rules import RESTS
from revenue_machine.domains.product.tables import PRODUCT_EXPERIMENTS, PRODUCT_LEAKS
from revenue_machine.engine.database import Database
from revenue_machine.kit.db import change
from revenue_machine.kit.ids import make_id

Row = Mapping[str, Any]
_BEFORE_WORK: frozenset[Status] = frozenset({"failed", "rejected", "expired"})
_NONE: frozenset[Status] = frozenset()
MOVES: Mapping[Status, frozenset[Status]] = {
    "proposed": frozenset({"awaiting_approval", "delegated", "running", "measuring", *_BEFORE_WORK}),
    "awaiting_approval": frozenset({"delegated", "running", "measuring", *_BEFORE_WORK}),
    "delegated": frozenset({"running", "measuring", *_BEFORE_WORK}),
    "running": frozenset({"measuring", *_BEFORE_WORK}),
    "measuring": frozenset({"improved", "neutral", "regressed", "failed"}),
    **dict.fromkeys(RESTS, _NONE),
}
# How a delegation stands is how the experiment stands, until the change is there.
OF_DELEGATION: Mapping[str, Status] = {
    "awaiting_approval": "awaiting_approval", "approved": "delegated", "starting": "running", "running": "running",
    "done": "measuring", "failed": "failed", "timed_out": "failed", "stopped": "failed", "rejected": "rejected",
    "expired": "expired",
}  # fmt: skip
_LATER = (
    "acd_task", "post_conversion", "result", "delegation_id", "flag_words", "measuring_at", "counts", "control_conversion",
    "effect_points", "points_low", "points_high", "effect_relative", "relative_low", "relative_high", "verdict", "memory_id",
    "remembered_at", "closed_at", "follow_up_kind", "follow_up_id", "follow_up_outcome", "ended_at", "finished_at",
)  # fmt: skip


def experiment_id(project: str, opened_for: str) -> str:
    """The id the book gives this experiment; it stands before the book is asked."""
    return make_id("exp", "product", project, opened_for)


def put_new(connection: sa.Connection, database: Database, row: Row, now: datetime) -> bool:
    """Write a proposal down; False when it stands already."""
    full = {
        **dict.fromkeys(_LATER), "status": "proposed", "looks": 0, "in_both_arms": 0, "due_at": now, "created_at": now,
        "updated_at": now, **row,
    }  # fmt: skip
    return database.put(connection, PRODUCT_EXPERIMENTS, full, ["id"]) > 0


def drop(connection: sa.Connection, row: Row) -> None:
    """A proposal the book had no room for never was an experiment."""
    mine = PRODUCT_EXPERIMENTS.c
    connection.execute(PRODUCT_EXPERIMENTS.delete().where(mine.id == row["id"], mine.status == "proposed"))


def note(connection: sa.Connection, row: Row, now: datetime, **changes: Any) -> bool:
    """Write something down about an experiment that stays in its state; False when it stands elsewhere by now."""
    here = {"id": row["id"], "status": row["status"]}
    return change(connection, PRODUCT_EXPERIMENTS, here, {"updated_at": now, **changes}) > 0


def move(connection: sa.Connection, row: Row, after: Status, now: datetime, **changes: Any) -> bool:
    """Move an experiment on; False when the table does not allow it or it stands elsewhere by now."""
    if after not in MOVES[row["status"]]:
        return False
    ended = {} if after in OPEN else {"ended_at": now, "due_at": now}
    here = {"id": row["id"], "status": row["status"]}
    return change(connection, PRODUCT_EXPERIMENTS, here, {"status": after, "updated_at": now, **ended, **changes}) > 0


def follow(connection: sa.Connection, row: Row, delegation: Row, at: datetime) -> bool:
    """Let the experiment stand as its delegation does; `delegation` has id, status and reason."""
    after = OF_DELEGATION[str(delegation["status"])]
    known = {"delegation_id": delegation["id"]}
    if row["status"] == after:
        return note(connection, row, at, **known)
    if after == "measuring":
        return move(connection, row, after, at, **known, measuring_at=at, due_at=at)
    if after in OPEN:
        return move(connection, row, after, at, **known, due_at=None)
    return move(connection, row, after, at, **known, result=ended_words(after, delegation.get("reason")))


def ended_words(status: str, reason: Any) -> str:
    """How a change ended that never came to be measured."""
    said = f": {reason}" if reason else ""
    words = {
        "rejected": "not tried, a person said no", "expired": "not tried, nobody said yes in time",
        "failed": "not tried, the coding harness did not bring it to an end",
    }  # fmt: skip
    return f"{words[status]}{said}"


def keep_search(
    connection: sa.Connection, database: Database, now: datetime, found: tuple[str, str, Sequence[Any]], wait: timedelta
) -> None:
    """What a search for leaks found (outcome, words, leaks), and when the next one is worth its questions."""
    outcome, words, leaks = found
    row = {
        "id": make_id("plk", now.isoformat()), "looked_at": now, "outcome": outcome, "words": words, "leaks": list(leaks),
        "look_again_at": now + wait,
    }  # fmt: skip
    database.put(connection, PRODUCT_LEAKS, row, ["id"], ["outcome", "words", "leaks", "look_again_at"])
