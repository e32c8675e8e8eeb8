"""Answers how one source stands: asked at most once an hour, the last known numbers where it is silent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from revenue_machine.domains.owner.models import Business
from revenue_machine.domains.revenue import reads, sources
from revenue_machine.domains.revenue.answers import MrrReport, SourceView
from revenue_machine.domains.revenue.money_desk import MoneyDesk, movement_report
from revenue_machine.engine.clients import Clients
from revenue_machine.engine.database import Database
from revenue_machine.integrations.revenuecat.revenuecat_client import RevenueCatClient
from revenue_machine.integrations.stripe.stripe_client import StripeClient
from revenue_machine.integrations.youtube.youtube_client import YouTubeClient
from revenue_machine.kit.clock import Clock, local_date
from revenue_machine.kit.errors import Failure, NotConfigured
from revenue_machine.kit.money import dollars
from revenue_machine.kit.settings import Settings

FRESH_FOR = timedelta(hours=1)
MONTH = timedelta(days=30)


@dataclass(frozen=True)
class SourceDesk:
    """Reads only; what it asks is kept by the next snapshot, not by it."""

    clients: Clients
    database: Database
    business: Business
    settings: Settings
    clock: Clock
    desk: MoneyDesk

    def view(self, source: str) -> SourceView:
        """RevenueCat (`revcat`), `stripe` or `youtube`: never a failure, always with the reason."""
        now = self.clock.now()
        with self.database.reading() as connection:
            kept = reads.newest_snapshot(connection, source)
        if kept is not None and not kept.is_stale and now - kept.as_of < FRESH_FOR:
            return SourceView(source=source, outcome="ok", reason=None, as_of=kept.as_of, metrics=kept.metrics)
        try:
            metrics = self._asks()[source]()
        except NotConfigured as failure:
            return SourceView(source=source, outcome="skipped", reason=failure.message, as_of=None, metrics={})
        except Failure as failure:
            known = {} if kept is None else kept.metrics
            return SourceView(
                source=source, outcome="missing" if kept is None else "stale", reason=failure.message,
                as_of=None if kept is None else kept.as_of, metrics=known,
            )  # fmt: skip
        return SourceView(source=source, outcome="ok", reason=None, as_of=now, metrics=metrics)

    def mrr(self) -> MrrReport:
        """Monthly money as RevenueCat says it, and how it moved in thirty days by what was told here."""
        seen, now = self.view("revcat"), self.clock.now()
        with self.database.reading() as connection:
            moved = self.desk.movement(connection, now - MONTH, now)
        said = seen.metrics.get("mrr_micro_usd")
        return MrrReport(
            current_mrr=None if said is None else dollars(said), subscriber_count=seen.metrics.get("active_subscriptions"),
            period="month", as_of=seen.as_of, is_stale=seen.outcome != "ok", movement=movement_report(moved),
        )  # fmt: skip

    def _asks(self) -> dict[str, Callable[[], dict[str, Any]]]:
        return {"revcat": self._revcat, "stripe": self._stripe, "youtube": self._youtube}

    def _revcat(self) -> dict[str, Any]:
        return sources.revcat_metrics(self.clients.get(RevenueCatClient))

    def _stripe(self) -> dict[str, Any]:
        client = self.clients.get(StripeClient)
        return sources.stripe_metrics(sources.stripe_subscriptions(client), self.business)

    def _youtube(self) -> dict[str, Any]:
        return sources.youtube_metrics(self.clients.get(YouTubeClient), local_date(self.clock.now(), self.settings.zone))
