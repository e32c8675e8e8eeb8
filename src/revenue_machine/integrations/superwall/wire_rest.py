"""Superwall's REST API v2 as sent: pages of a cursor, applications, paywalls, campaigns, charts and users."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Generic, TypeVar

from pydantic import AwareDatetime, Field

from revenue_machine.kit.service import Wire

Item = TypeVar("Item")
# Far above any count or sum of an app; keeps hostile exponents out of exact arithmetic.
Figure = Annotated[Decimal, Field(ge=-(10**12), le=10**12, allow_inf_nan=False)]
Percent = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]


class Page(Wire, Generic[Item]):
    """One page of a list; the next one starts after the last id."""

    data: list[Item]
    has_more: bool = False


class EventPage(Page[Item], Generic[Item]):
    """One page of events, which go by offset."""

    total_count: int = 0


class Organization(Wire):
    """Whose key it is."""

    id: str
    name: str
    role: str


class Application(Wire):
    """One app on one platform; `slug` is its name in addresses."""

    id: str
    name: str
    slug: str
    platform: str
    bundle_id: str | None = None
    archived_at: AwareDatetime | None = None


class Project(Wire):
    """What holds the apps of one product."""

    id: str
    name: str
    archived: bool
    applications: list[Application] = Field(default_factory=list)


class PaywallProduct(Wire):
    """What a paywall sells."""

    identifier: str
    reference_name: str
    store: str


class Paywall(Wire):
    """One design; `identifier` is how code names it, `status` draft, active or archived."""

    id: str
    application_id: str
    identifier: str
    name: str
    status: str
    archived: bool = False
    version: int | float = 0
    created_at: AwareDatetime
    products: list[PaywallProduct] = Field(default_factory=list)


class Variant(Wire):
    """One arm of an audience's experiment; a holdout shows no paywall. `percentage` is 0..100 of the audience."""

    id: str
    paywall: str | None = None
    percentage: Percent
    type: str

    @property
    def is_holdout(self) -> bool:
        return self.type == "holdout"


class Audience(Wire):
    """Who is in an experiment; with `variant_optimization` the vendor moves the percentages by itself."""

    id: str
    enabled: bool
    rank: str
    variant_optimization: str = "none"
    variants: list[Variant] = Field(default_factory=list)

    @property
    def is_bandit(self) -> bool:
        return self.variant_optimization != "none"


class Placement(Wire):
    """A place in the app that may show a paywall."""

    id: str
    enabled: bool
    event_name: str


class Campaign(Wire):
    """Placements, and audiences in the order of their rank; each audience runs one experiment."""

    id: str
    application_id: str
    archived: bool
    description: str
    audiences: list[Audience] = Field(default_factory=list)
    placements: list[Placement] = Field(default_factory=list)


class Definition(Wire):
    """One thing a chart can show, by its key."""

    key: str
    name: str
    description: str = ""


class ChartDefinitions(Wire):
    """What charts can show for an application: metrics, dimensions, breakdowns."""

    y_axis: list[Definition]
    x_axis: list[Definition]
    breakdowns: list[Definition]
    filters: list[Definition] = Field(default_factory=list)


class ChartValues(Wire):
    """The asked metric and the further ones, by their keys; a currency is dollars."""

    y: Figure
    extra: dict[str, Figure] = Field(default_factory=dict)


class ChartPoint(Wire):
    """One place on the x-axis; `incomplete` while its period is not over."""

    x: str
    incomplete: bool
    values: dict[str, ChartValues] = Field(default_factory=dict)


class ChartSeries(Wire):
    """One line of a chart; `key` is a value of its breakdown."""

    breakdown: str
    key: str | None = None


class ChartData(Wire):
    """The numbers of a question."""

    data: list[ChartPoint]
    series: list[ChartSeries] = Field(default_factory=list)
    enriched_data: dict[str, str] = Field(default_factory=dict)


class UserAlias(Wire):
    """Another name of one person in an app."""

    app_user_id: str
    created_at: str


class UserResolution(Wire):
    """Whether an app's user is known, and by which names."""

    application_user_found: bool
    application_user_aliases: list[UserAlias] = Field(default_factory=list)


class LastConversion(Wire):
    """Where somebody bought last."""

    experiment_id: str | None = None
    variant_id: str | None = None
    paywall_id: str | None = None
    paywall_name: str | None = None
    placement: str | None = None


class SubscriptionSummary(Wire):
    """One person's subscriptions in a word each; money is dollars."""

    subscription_status: str
    has_active_subscription: bool
    net_revenue: Figure
    total_refunds: Figure
    last_paywall_conversion: LastConversion | None = None


class ListedEvent(Wire):
    """One event as the list of events shows it; `properties` are those of the webhook where there was one."""

    id: str
    name: str
    source: str
    timestamp: str
    properties: dict[str, Any] = Field(default_factory=dict)
