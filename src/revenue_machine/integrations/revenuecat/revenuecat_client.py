"""Questions to RevenueCat: the overview, and who subscribes to what."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, TypeVar
from urllib.parse import parse_qsl, quote, urlsplit

from pydantic import BaseModel

from revenue_machine.integrations.revenuecat.wire import (
    Customer,
    Overview,
    OverviewMetrics,
    Page,
    Purchase,
    Subscription,
    SubscriptionTransaction,
)
from revenue_machine.kit.errors import (
    ContractBroken,
    Failure,
    OutsideAuthFailed,
    OutsideRateLimited,
    OutsideRejected,
    OutsideUnavailable,
)
from revenue_machine.kit.money import micro
from revenue_machine.kit.service import ServiceClient
from revenue_machine.kit.settings import SANDBOX_KEY

SANDBOX_PROJECT = "proj_sandbox"
MAX_PAGES = 10_000
Item = TypeVar("Item", bound=BaseModel)


class RevenueCatClient(ServiceClient):
    """Reads only; metric questions are limited to 5 a minute, so callers keep the answer."""

    service = "revenuecat"

    @property
    def project(self) -> str:
        """Path of the owner's project. Raises: not_configured."""
        given = self.link.settings.option("project_id")
        if given is None and self.link.api_key.startswith(SANDBOX_KEY):
            given = SANDBOX_PROJECT
        return f"/projects/{_in_path(given or self.link.need('project_id'))}"

    def overview(self) -> Overview:
        """Active subscriptions and trials, MRR and the last 28 days, in dollars."""
        metrics = self.get(f"{self.project}/metrics/overview", OverviewMetrics, {"currency": "USD"}).metrics
        values = {metric.id: metric.value for metric in metrics}
        return Overview(
            active_subscriptions=_whole(values, "active_subscriptions"),
            active_trials=_whole(values, "active_trials"),
            mrr_micro_usd=_money(values, "mrr"),
            revenue_28d_micro_usd=_money(values, "revenue"),
            new_customers_28d=_whole(values, "new_customers"),
            active_users_28d=_whole(values, "active_users"),
        )

    def customer(self, app_user_id: str) -> Customer | None:
        """One person with attributes; None when RevenueCat does not know them."""
        path = f"{self.project}/customers/{_in_path(app_user_id)}"
        try:
            return self.get(path, Customer, {"expand": "attributes"})
        except OutsideRejected as refusal:
            if refusal.details.get("vendor_code") == "resource_missing":
                return None
            raise

    def customers(self) -> list[Customer]:
        """Everybody, page by page."""
        return self._all("/customers", Page[Customer], {})

    def subscriptions(self, app_user_id: str, environment: str | None = None) -> list[Subscription]:
        """The subscriptions of one person; `environment` is production or sandbox."""
        path = f"/customers/{_in_path(app_user_id)}/subscriptions"
        return self._all(path, Page[Subscription], {"environment": environment})

    def purchases(self, app_user_id: str, environment: str | None = None) -> list[Purchase]:
        """The one-off purchases of one person."""
        return self._all(f"/customers/{_in_path(app_user_id)}/purchases", Page[Purchase], {"environment": environment})

    def every_subscription(self, environment: str | None = None) -> list[Subscription]:
        """All subscriptions of all people: how a product without webhooks polls, and how any reconciles.

        One request per person, at most 480 a minute; the vendor has no event list.
        """
        return [found for person in self.customers() for found in self.subscriptions(person.id, environment)]

    def subscription(self, subscription_id: str) -> Subscription:
        """One subscription by RevenueCat's id."""
        return self.get(f"{self.project}/subscriptions/{_in_path(subscription_id)}", Subscription)

    def subscriptions_of_store(self, store_identifier: str) -> list[Subscription]:
        """Subscriptions by the store's own transaction id: joins a webhook to its subscription."""
        return self._all("/subscriptions", Page[Subscription], {"store_subscription_identifier": store_identifier})

    def transactions(self, subscription_id: str) -> list[SubscriptionTransaction]:
        """Every charge of one subscription, oldest first."""
        path = f"/subscriptions/{_in_path(subscription_id)}/transactions"
        found = self._all(path, Page[SubscriptionTransaction], {})
        return sorted(found, key=lambda one: (one.purchased_at, one.id))

    def _all(self, path: str, page: type[Page[Item]], query: dict[str, Any]) -> list[Item]:
        """Follow `next_page` to the end; only its query is used, never its host or path."""
        found: list[Item] = []
        for _ in range(MAX_PAGES):
            answer = self.get(self.project + path, page, query)
            found.extend(answer.items)
            if not answer.next_page:
                return found
            following = {**query, **dict(parse_qsl(urlsplit(answer.next_page).query))}
            if following == query:
                raise ContractBroken("RevenueCat names the same page as its next one")
            query = following
        raise ContractBroken(f"RevenueCat's list {path} does not end after {MAX_PAGES} pages")

    def rejection(self, status: int, payload: Any) -> Failure | None:
        """RevenueCat's error object: {type, message, retryable, backoff_ms, param}."""
        if not isinstance(payload, dict) or not isinstance(payload.get("type"), str):
            return None
        kind, message = payload["type"], f"RevenueCat: {payload.get('message', '')}"
        backoff_ms = payload.get("backoff_ms")
        wait_s = backoff_ms / 1000 if isinstance(backoff_ms, int) else None
        if status in (401, 403):
            return OutsideAuthFailed(message)
        if kind == "rate_limit_error" or status == 429:
            return OutsideRateLimited(message, retry_after_s=wait_s)
        if kind == "resource_locked_error" or status >= 500:
            return OutsideUnavailable(message, retry_after_s=wait_s)
        return OutsideRejected(message, field=payload.get("param"), vendor_code=kind)


def _in_path(text: str) -> str:
    return quote(text, safe="")


def _whole(values: dict[str, Decimal], name: str) -> int | None:
    return int(values[name]) if name in values else None


def _money(values: dict[str, Decimal], name: str) -> int | None:
    return micro(values[name]) if name in values else None
