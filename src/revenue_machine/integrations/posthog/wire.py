"""PostHog's payloads as sent: captured events, query answers, feature flags."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import AliasChoices, Field

from revenue_machine.kit.service import Wire

# What PostHog calls the group of events that lack the property.
NULL_BREAKDOWNS = ("", "$$_posthog_breakdown_null_$$")


class CaptureEvent(Wire):
    """One event to record; `natural_key` makes its uuid, so a repeat is the same event."""

    event: str = Field(min_length=1, max_length=200)
    distinct_id: str = Field(min_length=1, max_length=200)
    at: datetime
    natural_key: str = Field(min_length=1)
    properties: dict[str, Any] = Field(default_factory=dict)


class CaptureAnswer(Wire):
    """200 even when nothing was kept: `quota_limited` names what was dropped."""

    status: str | int = "Ok"
    quota_limited: list[str] = Field(default_factory=list)


class QueryStatus(Wire):
    """A query still running, or what became of it."""

    id: str
    complete: bool = False
    error: bool = False
    error_message: str | None = None
    results: Any = None


class QueryAnswer(Wire):
    """Any answer of the query endpoint; `query_status` instead of `results` while it is still running."""

    results: Any = Field(None, validation_alias=AliasChoices("results", "result"))
    columns: list[str] | None = None
    has_more: bool | None = Field(None, alias="hasMore")
    error: str | None = None
    query_status: QueryStatus | None = None


class FunnelStep(Wire):
    """One step as sent; `count` is cumulative, `average_conversion_time` seconds, null on step 0."""

    name: str | None = None
    custom_name: str | None = None
    action_id: str | int | None = None
    order: int
    count: int
    average_conversion_time: float | None = None
    median_conversion_time: float | None = None
    breakdown_value: list[str | int | float | bool | None] | str | int | float | bool | None = None

    @property
    def group(self) -> str | None:
        """The breakdown value as one text, None for people without the property (and without a breakdown)."""
        held = self.breakdown_value if isinstance(self.breakdown_value, list) else [self.breakdown_value]
        texts = [str(part) for part in held if part is not None and str(part) not in NULL_BREAKDOWNS]
        return ", ".join(texts) or None


class FunnelRow(Wire):
    """People who reached a step, per breakdown value."""

    step: str
    order: int
    count: int
    breakdown: str | None = None
    average_conversion_s: float | None = None
    median_conversion_s: float | None = None


class TrendSeries(Wire):
    """One line of a trend: `data[i]` belongs to `days[i]`; `count` is their sum."""

    label: str | None = None
    count: float
    data: list[float]
    days: list[str] = Field(default_factory=list)
    breakdown_value: list[str | int | float | None] | str | int | float | None = None

    @property
    def group(self) -> str | None:
        held = self.breakdown_value if isinstance(self.breakdown_value, list) else [self.breakdown_value]
        texts = [str(part) for part in held if part is not None and str(part) not in NULL_BREAKDOWNS]
        return ", ".join(texts) or None


class RetentionValue(Wire):
    """People of a cohort seen in one period."""

    count: int


class RetentionRow(Wire):
    """One cohort; `values[n]` are the people seen again n periods later, `values[0]` the cohort itself."""

    label: str
    date: str
    values: list[RetentionValue]


class HogqlTable(Wire):
    """The answer to a HogQL query."""

    columns: list[str]
    rows: list[list[Any]]
    has_more: bool = False


class StoredEvent(Wire):
    """An event as PostHog gives it back."""

    uuid: str
    event: str
    distinct_id: str
    timestamp: datetime
    properties: dict[str, Any] = Field(default_factory=dict)

    @property
    def occurred_at(self) -> datetime:
        return self.timestamp.astimezone(UTC) if self.timestamp.tzinfo else self.timestamp.replace(tzinfo=UTC)


class FeatureFlag(Wire):
    """A flag with its release conditions; `filters` as PostHog keeps them."""

    id: int
    key: str
    name: str | None = None
    active: bool
    deleted: bool = False
    filters: dict[str, Any] = Field(default_factory=dict)
    created_at: str | None = None
    rollout_percentage: float | None = None

    @property
    def variants(self) -> dict[str, float]:
        """Variant key to planned percentage; empty for an on/off flag."""
        held = (self.filters.get("multivariate") or {}).get("variants") or []
        return {str(one["key"]): float(one.get("rollout_percentage") or 0) for one in held if "key" in one}

    @property
    def released_percentage(self) -> float | None:
        """To how many of everybody the flag is released: the widest group without conditions; None when all have conditions."""
        groups = [one for one in self.filters.get("groups") or [] if isinstance(one, dict) and not one.get("properties")]
        shares = [100.0 if one.get("rollout_percentage") is None else float(one["rollout_percentage"]) for one in groups]
        return max(shares) if shares else self.rollout_percentage


class Experiment(Wire):
    """An experiment over a flag; a draft has no start, a running one no end."""

    id: int
    name: str
    feature_flag_key: str
    feature_flag: FeatureFlag | None = None
    start_date: str | None = None
    end_date: str | None = None
    archived: bool = False
    deleted: bool | None = None
    conclusion: str | None = None

    @property
    def status(self) -> Literal["draft", "running", "ended", "archived"]:
        if self.archived:
            return "archived"
        if self.start_date is None:
            return "draft"
        return "running" if self.end_date is None else "ended"

    @property
    def variants(self) -> dict[str, float]:
        """The variants of its flag with their planned percentages."""
        return self.feature_flag.variants if self.feature_flag is not None else {}


class ExperimentPage(Wire):
    """One page of experiments; `next` is a URL or null."""

    results: list[Experiment]
    next: str | None = None


class FlagPage(Wire):
    """One page of flags; `next` is a URL or null."""

    results: list[FeatureFlag]
    next: str | None = None
