"""Every choice between options is written down with the chance it had, so that claims can be checked later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from revenue_machine.engine.database import Database
from revenue_machine.engine.tables import CHOICES
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.ids import make_id


@dataclass(frozen=True)
class Choice:
    """One decision: what for, about what, what was taken, and its probability 0..1 at that moment."""

    purpose: str
    subject: str
    chosen: str
    propensity: float
    options: Mapping[str, Any] | Sequence[str] | None = None


def log_choices(connection: sa.Connection, database: Database, clock: Clock, choices: Sequence[Choice]) -> None:
    """Write choices down; the same decision about the same subject is one row."""
    rows = [
        {
            "id": make_id("cho", one.purpose, one.subject), "purpose": one.purpose, "subject": one.subject, "chosen": one.chosen,
            "propensity": one.propensity, "options": one.options, "created_at": clock.now(),
        }
        for one in choices
    ]  # fmt: skip
    if rows:
        database.put(connection, CHOICES, rows, ["id"])
