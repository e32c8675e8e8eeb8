"""What product refuses at the door of everything that spends: more runs of the harness on one day than anybody could read."""

from __future__ import annotations

import sqlalchemy as sa

from revenue_machine.domains.product import delegations_rules as rules
from revenue_machine.domains.product import reads
from revenue_machine.engine.gates import Asked
from revenue_machine.kit.clock import day_bounds, local_date
from revenue_machine.kit.errors import CapReached


def delegations_within_the_day(connection: sa.Connection, asked: Asked) -> None:
    """Refuse the start that would be one too many today; it guards against a loop, whatever asked for it."""
    if asked.spend is None or not asked.spend.task_type.startswith("acd_"):
        return
    start, end = day_bounds(local_date(asked.now, asked.zone), asked.zone)
    # The start that knocks has taken its place already: its row counts.
    if reads.delegations_started_since(connection, start) > rules.STARTS_A_DAY:
        wait_s = (end - asked.now).total_seconds()
        raise CapReached(f"{rules.STARTS_A_DAY} delegations a day and no more", retry_after_s=wait_s)


PERMITS = (delegations_within_the_day,)
