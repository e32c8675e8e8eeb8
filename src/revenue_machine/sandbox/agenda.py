"""What people mean to do later: plans with a due time, taken off one by one."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from revenue_machine.kit.clock import iso, parse_instant
from revenue_machine.sandbox.store import WorldStore


@dataclass(frozen=True)
class Due:
    """Something somebody meant to do at an instant; one plan per kind and key."""

    due_at: datetime
    kind: str
    key: str
    document: dict[str, Any] = field(default_factory=dict)


def plan(store: WorldStore, due: Due) -> None:
    """Put a plan on the agenda; the first plan of a kind and key stands."""
    store.run(
        "insert into agenda (due_at, kind, key, document) values (?, ?, ?, ?) on conflict (kind, key) do nothing",
        iso(due.due_at), due.kind, due.key, json.dumps(due.document, separators=(",", ":")),
    )  # fmt: skip


def take(store: WorldStore, before: datetime) -> Due | None:
    """The earliest plan due before an instant, taken off the agenda; None when nothing is due."""
    rows = store.run(
        "select place, due_at, kind, key, document from agenda where due_at < ? order by due_at, kind, key limit 1", iso(before)
    )
    if not rows:
        return None
    place, due_at, kind, key, document = rows[0]
    store.run("delete from agenda where place = ?", place)
    return Due(parse_instant(due_at), kind, key, json.loads(document))
