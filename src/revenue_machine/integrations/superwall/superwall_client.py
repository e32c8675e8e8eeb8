"""Questions to Superwall: which apps, paywalls and experiments there are, and what charts say of each variant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, TypeVar
from urllib.parse import quote

from pydantic import BaseModel

from revenue_machine.integrations.superwall.wire_rest import (
    Application,
    Campaign,
    ChartData,
    ChartDefinitions,
    EventPage,
    ListedEvent,
    Organization,
    Page,
    Paywall,
    Project,
    SubscriptionSummary,
    UserResolution,
)
from revenue_machine.kit.errors import (
    ContractBroken,
    Failure,
    OutsideAuthFailed,
    OutsideRejected,
    OutsideUnavailable,
)
from revenue_machine.kit.service import ServiceClient

PAGE = 100
MAX_PAGES = 1000
Item = TypeVar("Item", bound=BaseModel)
Interval = Literal["day", "week", "month", "totals"]
DateDimension = Literal["purchaseDate", "installDate", "firstPurchaseDate", "tsDate", "mrrDate"]


@dataclass(frozen=True)
class ChartQuestion:
    """What a chart shall show: metrics of an application between two days (both included), per value of a breakdown.

    `dimension` says whose day counts: of the event, of the person's install, of the first purchase. Empty filters are none.
    """

    application_id: str
    metrics: tuple[str, ...]
    first: date
    last: date
    dimension: DateDimension = "tsDate"
    breakdown: str | None = None
    interval: Interval = "totals"
    experiment_ids: tuple[str, ...] = ()
    variant_ids: tuple[str, ...] = ()
    paywall_ids: tuple[str, ...] = ()

    def body(self) -> dict[str, Any]:
        """The question as sent."""
        filters = {"experiment_id": self.experiment_ids, "variant_id": self.variant_ids, "paywall_id": self.paywall_ids}
        return {
            "application_id": self.application_id, "x_axis": self.dimension, "y_axis": self.metrics[0],
            "include": list(self.metrics[1:]), "breakdown": self.breakdown, "date_interval": self.interval,
            "date_filter": {
                "dimension": self.dimension, "preset": "custom",
                "range": {"from": f"{self.first.isoformat()}T00:00:00.000Z", "to": f"{self.last.isoformat()}T23:59:59.999Z"},
            },
            "environment": ["PRODUCTION"], **{name: list(ids) for name, ids in filters.items() if ids},
        }  # fmt: skip


class SuperwallClient(ServiceClient):
    """Reads only: no variant can be changed by this API, that takes a person or a change of the app."""

    service = "superwall"

    def organizations(self) -> list[Organization]:
        """Whose key this is."""
        return self.get("/me/organizations", Page[Organization]).data

    def projects(self) -> list[Project]:
        """Everything the key can see that is not archived, each with its apps."""
        return self._all("/projects", Page[Project], {})

    def applications(self) -> list[Application]:
        """The apps of all projects that are in use."""
        found = [app for project in self.projects() if not project.archived for app in project.applications]
        return [app for app in found if app.archived_at is None]

    def paywalls(self, application_id: str) -> list[Paywall]:
        """The paywalls of an app that are not archived."""
        return self._all("/paywalls", Page[Paywall], {"application_id": application_id})

    def campaigns(self, application_id: str) -> list[Campaign]:
        """The campaigns of an app that are not archived, with the percentages of their variants."""
        return self._all("/campaigns", Page[Campaign], {"application_id": application_id})

    def campaign(self, campaign_id: str) -> Campaign:
        """One campaign."""
        return self.get(f"/campaigns/{_in_path(campaign_id)}", Campaign)

    def chart_definitions(self, application_id: str) -> ChartDefinitions:
        """Which metrics, dimensions and breakdowns charts have."""
        return self.get("/charts/definitions", ChartDefinitions, {"application_id": application_id})

    def chart(self, question: ChartQuestion) -> ChartData:
        """The numbers of a question. Asking changes nothing, so a caller may ask again."""
        return self.post("/charts/data", ChartData, question.body())

    def resolve_user(self, application_id: str, app_user_id: str) -> UserResolution:
        """Whether the app knows a user, and the other names of the same person."""
        return self.get("/users/resolve", UserResolution, {"application_id": application_id, "app_user_id": app_user_id})

    def subscription_summary(self, application_id: str, app_user_id: str) -> SubscriptionSummary | None:
        """One person's subscriptions and where they bought last; None for somebody the app does not know."""
        path = f"/users/{_in_path(app_user_id)}/subscription-summary"
        try:
            return self.get(path, SubscriptionSummary, {"application_id": application_id})
        except OutsideRejected as refused:
            if refused.details.get("vendor_status") == 404:
                return None
            raise

    def events(self, project_id: str, application_id: str, *, most: int = 1000) -> list[ListedEvent]:
        """What happened to subscriptions of an app, newest first, as the webhooks should have told it."""
        found: list[ListedEvent] = []
        path, query = f"/projects/{_in_path(project_id)}/events", {"application_id": application_id, "event_group": "subscription"}
        while len(found) < most:
            page = self.get(path, EventPage[ListedEvent], {**query, "limit": PAGE, "offset": len(found)})
            found.extend(page.data)
            if not page.has_more or not page.data:
                break
        return found[:most]

    def _all(self, path: str, page: type[Page[Item]], query: Mapping[str, Any]) -> list[Item]:
        """Every item of a list, a hundred at a time, each page starting after the last id of the one before."""
        found: list[Item] = []
        after: str | None = None
        for _ in range(MAX_PAGES):
            answer = self.get(path, page, {**query, "limit": PAGE, "starting_after": after})
            found.extend(answer.data)
            if not answer.has_more:
                return found
            following = _last_id(answer.data)
            if following is None or following == after:
                raise ContractBroken(f"Superwall says {path} goes on, but not from where")
            after = following
        raise ContractBroken(f"Superwall's list {path} does not end after {MAX_PAGES} pages")

    def rejection(self, status: int, payload: Any) -> Failure | None:
        """Superwall's error object, or a bare message."""
        words = _words_of(payload)
        if words is None or status == 429:
            return None  # how long to wait stands in a header
        message = f"Superwall: {words}"
        if status in (401, 403):
            return OutsideAuthFailed(message)
        return OutsideUnavailable(message) if status >= 500 else OutsideRejected(message, vendor_status=status)


def _words_of(payload: Any) -> str | None:
    if not isinstance(payload, dict):
        return None
    inner = payload.get("error")
    for said in ((inner.get("message") if isinstance(inner, dict) else inner), payload.get("message")):
        if isinstance(said, str) and said:
            return said[:300]
    return None


def _last_id(items: Sequence[BaseModel]) -> str | None:
    return str(getattr(items[-1], "id", "")) or None if items else None


def _in_path(text: str) -> str:
    return quote(text, safe="")
