"""What Upwork's part keeps of a person, emptied: the listing that names them and the proposal that was written to them."""

from __future__ import annotations

import sqlalchemy as sa

from revenue_machine.domains.upwork import store
from revenue_machine.engine.forgetting import Forgotten, Markers, blank_approvals


def forget(person: Forgotten, connection: sa.Connection) -> int:
    """Empty every job that names them, greetings by first name included; score, outcome and money stay."""
    marks = Markers(person.markers)
    if not marks.plain:
        return 0
    approvals, touched = store.forget(connection, marks)
    return touched + blank_approvals(connection, approvals)
