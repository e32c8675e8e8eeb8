"""Alerts that wait to be told."""

from __future__ import annotations

from revenue_machine.domains.reports.reads import next_alert_at
from revenue_machine.engine.ticker import Due

DUE = (Due("telegram.send", next_alert_at),)
