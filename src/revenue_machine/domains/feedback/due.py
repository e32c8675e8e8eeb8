"""A post that has to be looked at."""

from __future__ import annotations

from revenue_machine.domains.feedback.reads import next_due_at
from revenue_machine.engine.ticker import Due

DUE = (Due("feedback.checkbacks", next_due_at),)
