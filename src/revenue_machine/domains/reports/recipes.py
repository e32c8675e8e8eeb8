"""Makes what tells the owner."""

from __future__ import annotations

from revenue_machine.domains.reports.alerts import Alerts
from revenue_machine.domains.reports.daily_report import DailyReport
from revenue_machine.engine.audit import Audit
from revenue_machine.engine.briefing import Briefing
from revenue_machine.engine.clients import Clients
from revenue_machine.engine.container import recipe
from revenue_machine.engine.database import Database
from revenue_machine.kit.clock import Clock


@recipe
def alerts(database: Database, clock: Clock, clients: Clients) -> Alerts:
    """The queue of alerts."""
    return Alerts(database, clock, clients)


@recipe
def daily_report(database: Database, clock: Clock, audit: Audit, briefing: Briefing, clients: Clients) -> DailyReport:
    """The evening report."""
    return DailyReport(database, clock, audit, briefing, clients)
