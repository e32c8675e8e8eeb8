"""A mail, an answer or a note to analytics whose time has come."""

from __future__ import annotations

from revenue_machine.domains.email.reads import next_due_at
from revenue_machine.engine.ticker import Due

DUE = (Due("email.send", next_due_at),)
