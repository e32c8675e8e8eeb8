"""A paywall test that can go on."""

from __future__ import annotations

from revenue_machine.domains.paywall.reads import next_due_at
from revenue_machine.engine.ticker import Due

DUE = (Due("superwall.ab_test", next_due_at),)
