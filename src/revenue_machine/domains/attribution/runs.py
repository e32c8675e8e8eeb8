"""The nightly judge: everybody traced from scratch, before the morning's numbers are read."""

from __future__ import annotations

from datetime import time

from revenue_machine.engine.schedule import Missed
from revenue_machine.engine.ticker import daily

SCHEDULE = (daily("attribution.rebuild", time(3, 20), Missed.SKIP),)
