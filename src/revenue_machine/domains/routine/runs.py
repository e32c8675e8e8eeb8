"""When the routine's blocks are due and what runs them."""

from __future__ import annotations

from revenue_machine.domains.routine.daily_routine import BLOCKS, run_block
from revenue_machine.engine.schedule import Entry, Missed
from revenue_machine.engine.ticker import Scheduled

BODIES = {"routine.block": run_block}
# A late block is always caught up; within it, what is too late to be useful is skipped call by call.
SCHEDULE = tuple(
    Scheduled("routine.block", Entry(block.run_name, block.at, Missed.CATCH_UP, day_offset=block.day_offset)) for block in BLOCKS
)
