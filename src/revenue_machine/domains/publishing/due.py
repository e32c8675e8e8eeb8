"""A post whose hour has come."""

from __future__ import annotations

from revenue_machine.domains.publishing.reads import next_due_at
from revenue_machine.engine.ticker import Due

DUE = (Due("publish.auto", next_due_at),)
