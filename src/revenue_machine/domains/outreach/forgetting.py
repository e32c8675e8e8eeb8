"""What outreach keeps of a person, emptied: messages, profiles and lessons."""

from __future__ import annotations

import sqlalchemy as sa

from revenue_machine.domains.outreach import store
from revenue_machine.engine.forgetting import Forgotten


def forget(person: Forgotten, connection: sa.Connection) -> int:
    """Empty every word to and of them; that something was sent, and when, stays."""
    return store.forget(connection, person.ids)
