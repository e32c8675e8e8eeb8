"""The funnel as a topic."""

from __future__ import annotations

from revenue_machine.domains.funnel.desk import FunnelDesk
from revenue_machine.domains.funnel.models import FunnelStatus
from revenue_machine.engine.topic import Effect, topic


@topic("funnel.status", effect=Effect.READS, section="own: the funnel of §4.11 as data")
def status(desk: FunnelDesk) -> FunnelStatus:
    """Show the phase, the five rates with their intervals against the targets, the day's volumes and the forecast.

    Returns: `verdict` too_early with `needs_more` people where nobody can judge yet; `month1_retention` is of nobody until a
    cohort is a month old, its `forecast` stands beside it; `is_stale` when RevenueCat did not say.
    """
    return desk.status()
