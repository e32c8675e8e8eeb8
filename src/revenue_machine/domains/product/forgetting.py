"""What product keeps of a person, emptied: tasks and logs that quoted them."""

from __future__ import annotations

import sqlalchemy as sa

from revenue_machine.domains.product import delegations_store, reads
from revenue_machine.domains.product.acd_delegation_engine import end_delegation
from revenue_machine.engine.events import Events
from revenue_machine.engine.forgetting import Forgotten, Markers, blank_approvals
from revenue_machine.kit.clock import Clock


def forget(person: Forgotten, connection: sa.Connection, events: Events, clock: Clock) -> int:
    """Empty every delegation that quotes them and the question about it; what still waited is over, how it ended stays."""
    marks = Markers(person.markers)
    if not marks.plain:
        return 0
    named = delegations_store.quoting(connection, marks)
    for delegation_id, _approval in named:
        row = reads.delegation(connection, delegation_id)
        if row is not None:  # only what has not begun may follow into `expired`
            end_delegation(connection, events, row, "expired", clock, reason="somebody it quoted asked to be forgotten")
        delegations_store.blank(connection, delegation_id)
    return len(named) + blank_approvals(connection, [approval for _, approval in named if approval is not None])
