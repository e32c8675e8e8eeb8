"""When the products are looked at: after the evening's snapshot and its figures; and when a bad night is asked about."""

from __future__ import annotations

from datetime import time

from revenue_machine.engine.ticker import daily

# A repair is asked about when somebody is awake: at three in the morning silence would say no to it.
SCHEDULE = (daily("product.review", time(19, 40)), daily("aso.review", time(19, 50)), daily("system.self_heal", time(8, 0)))
