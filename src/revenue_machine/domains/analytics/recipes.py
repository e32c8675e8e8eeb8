"""Makes the analytics desk for topics."""

from __future__ import annotations

from revenue_machine.domains.analytics.analytics_desk import AnalyticsDesk
from revenue_machine.engine.container import recipe
from revenue_machine.integrations.posthog.posthog_client import PostHogClient
from revenue_machine.kit.clock import Clock
from revenue_machine.kit.settings import Settings


@recipe
def analytics_desk(posthog: PostHogClient, settings: Settings, clock: Clock) -> AnalyticsDesk:
    """The desk; `not_configured` when PostHog is not set up."""
    return AnalyticsDesk(posthog, settings, clock)
