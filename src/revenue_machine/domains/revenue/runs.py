"""When the money is looked at and told (definitions §1.10); the snapshots themselves are steps of the routine."""

from __future__ import annotations

from datetime import time

from revenue_machine.engine.schedule import Missed
from revenue_machine.engine.ticker import daily

SCHEDULE = (
    daily("revenue.reconcile_webhooks", time(3, 30)),
    daily("revenue.telegram_summary", time(8, 5), Missed.SKIP),
    daily("revcat.check_subscribers", time(8, 10)),
    daily("stripe.check_payments", time(8, 15)),
    daily("revenue.tell_trend", time(18, 0), Missed.SKIP),
)
