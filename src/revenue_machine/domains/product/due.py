"""A delegation that wants to be looked at, a minute after the last look; an experiment whose next step has come."""

from __future__ import annotations

from revenue_machine.domains.product import loop_reads
from revenue_machine.domains.product.reads import next_poll_at
from revenue_machine.engine.ticker import Due

DUE = (Due("acd.poll", next_poll_at), Due("product.review", loop_reads.next_due_at))
