"""What analytics keeps of a person, emptied: their events stay as nobody's, so that counts of the past do not move."""

from __future__ import annotations

import sqlalchemy as sa

from revenue_machine.domains.analytics import reads, store
from revenue_machine.domains.crm import reads as crm_reads
from revenue_machine.engine.forgetting import Forgotten
from revenue_machine.kit.ids import make_id


def forget(person: Forgotten, connection: sa.Connection) -> int:
    """Every id of theirs becomes one that leads nowhere, and what the events carry is emptied."""
    named = [name for one in person.ids for name in crm_reads.identity_values(connection, one, ("distinct_id", "subscriber"))]
    marked = list(reads.event_counts(connection, list(person.markers)))
    if not named and not marked:
        return 0
    family = reads.family(connection, [*named, *marked])
    return store.forget_person(connection, family, make_id("gone", person.contact_id))
