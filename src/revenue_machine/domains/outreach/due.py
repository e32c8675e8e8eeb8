"""An hour since the last look at the platforms, or somebody waits for an answer."""

from __future__ import annotations

from revenue_machine.domains.outreach.reads import next_due_at
from revenue_machine.engine.ticker import Due

DUE = (Due("dm.sync", next_due_at),)
