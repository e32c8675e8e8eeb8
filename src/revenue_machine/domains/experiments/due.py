"""An experiment whose planned end passed without a decision."""

from __future__ import annotations

from revenue_machine.domains.experiments.reads import next_overdue_at
from revenue_machine.engine.ticker import Due

DUE = (Due("experiments.close_overdue", next_overdue_at),)
