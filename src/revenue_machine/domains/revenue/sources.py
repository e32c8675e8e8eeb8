"""Asks each money source how it stands; a source that is not set up is skipped, one that is down is an outage."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from revenue_machine.domains.owner.models import Business
from revenue_machine.domains.revenue import rules
from revenue_machine.domains.revenue.models import OverviewReport
from revenue_machine.integrations.revenuecat.revenuecat_client import RevenueCatClient
from revenue_machine.integrations.stripe.stripe_client import StripeClient
from revenue_machine.integrations.stripe.wire import Subscription, reference_id
from revenue_machine.integrations.youtube.youtube_client import YouTubeClient
from revenue_machine.kit.errors import NotConfigured

SOURCES = ("revcat", "stripe", "youtube", "meta")
# Sources of definitions §1.10 that have no client yet, and the issue that brings it.
UNBUILT = {"meta": 6}
YOUTUBE_LAG, YOUTUBE_SPAN = timedelta(days=3), timedelta(days=28)
_PAYING = frozenset({"active", "past_due"})


def revcat_metrics(client: RevenueCatClient) -> dict[str, Any]:
    """RevenueCat's overview by name, money in micro-dollars."""
    return client.overview().model_dump(mode="json")


def overview_report(metrics: dict[str, Any], as_of: datetime, *, is_cached: bool) -> OverviewReport:
    """The overview as a topic answers it."""
    return OverviewReport(
        active_subscriptions=metrics.get("active_subscriptions"), active_trials=metrics.get("active_trials"),
        mrr_micro_usd=metrics.get("mrr_micro_usd"), revenue_28d_micro_usd=metrics.get("revenue_28d_micro_usd"),
        new_customers_28d=metrics.get("new_customers_28d"), active_users_28d=metrics.get("active_users_28d"),
        as_of=as_of, is_cached=is_cached,
    )  # fmt: skip


def stripe_metrics(held: Sequence[Subscription], business: Business) -> dict[str, Any]:
    """Stripe's own payers and what they bring a month.

    `mrr_micro_usd` counts only products whose money source is Stripe and is None when a price is not in dollars.
    """
    live = [one for one in held if one.livemode]
    paying = [one for one in live if one.status in _PAYING]
    own = [one for one in paying if _is_own(one, business)]
    monthly = [one.monthly_micro_usd for one in own]
    return {
        "active_subscriptions": len(paying),
        "active_trials": sum(one.status == "trialing" for one in live),
        "own_paying": len(own),
        "mrr_micro_usd": None if None in monthly else sum(amount or 0 for amount in monthly),
    }


def _is_own(held: Subscription, business: Business) -> bool:
    names = [name for item in held.items.data for name in (item.price.id, reference_id(item.price.product)) if name]
    said = [value for value in ((held.metadata or {}).get(key) for key in ("product", "offer", "store_product_id")) if value]
    product = rules.product_of(business, "stripe", (*said, *names))
    return product is not None and product.money_source == "stripe"


def youtube_metrics(client: YouTubeClient, today: date) -> dict[str, Any]:
    """The channel's totals; with an access token also what 28 days brought, and the ten most seen videos.

    The span ends three days back: later days are not complete.
    """
    totals = client.channel().model_dump(mode="json")
    end = today - YOUTUBE_LAG
    start = end - YOUTUBE_SPAN + timedelta(days=1)
    try:
        span = client.earnings(start, end).model_dump(mode="json")
    except NotConfigured as failure:
        return {**totals, "earnings": None, "reason": failure.message}
    return {**totals, "earnings": span, "top_videos": [one.model_dump(mode="json") for one in client.top_videos(start, end)]}


def stripe_subscriptions(client: StripeClient) -> list[Subscription]:
    """Every subscription Stripe knows, ended ones included."""
    return client.subscriptions("all")
