"""The first look of the day, and the afternoon's follow-ups; further looks follow hour by hour (due.py)."""

from __future__ import annotations

from datetime import time

from revenue_machine.engine.schedule import Missed
from revenue_machine.engine.ticker import daily

SCHEDULE = (
    daily("dm.sync", time(7, 45), Missed.SKIP),
    daily("linkedin.follow_up", time(13, 30), Missed.SKIP),
)
