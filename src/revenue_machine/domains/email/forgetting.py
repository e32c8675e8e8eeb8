"""What mail keeps of a person, emptied: subjects, addresses, texts written for them alone, answers and notes to analytics."""

from __future__ import annotations

import sqlalchemy as sa

from revenue_machine.domains.email import store
from revenue_machine.engine.forgetting import Forgotten, blank_approvals
from revenue_machine.kit.clock import Clock


def forget(person: Forgotten, connection: sa.Connection, clock: Clock) -> int:
    """Empty every word to and of them and end their sequences; that a mail went out, when, and what it brought, stays."""
    approvals, touched = store.forget(connection, person.ids, clock.now())
    return touched + blank_approvals(connection, approvals)
