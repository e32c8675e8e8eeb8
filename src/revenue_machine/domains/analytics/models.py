"""Questions to product analytics and their answers, in the seed's step names."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from revenue_machine.engine.topic import Args, Result

# The seed's four steps and how the web products call them; `REVENUE_POSTHOG__EVENT_<STEP>` names another event.
STEP_EVENTS = {"pageview": "$pageview", "signup": "signup", "trial": "trial_started", "purchase": "purchase_completed"}
DEFAULT_STEPS = tuple(STEP_EVENTS)


class FunnelArgs(Args):
    """Steps by name, at least two; `window_days` from the first step to the last, over the last `days` days."""

    steps: tuple[str, ...] = Field(DEFAULT_STEPS, min_length=2, max_length=20)
    breakdown: str | None = Field(None, min_length=1, max_length=200)
    window_days: int = Field(14, ge=1, le=365)
    days: int = Field(30, ge=1, le=365)
    source: Literal["posthog", "local"] = "posthog"


class FunnelRow(Result):
    """People who reached a step; `kept` is the share of the step before (None on the first or of nobody), 0..1."""

    step: str
    people: int
    kept: float | None
    kept_from_start: float | None
    breakdown: str | None = None


class DropOff(Result):
    """Between which two steps the largest share is lost; `lost` is 0..1."""

    from_step: str
    to_step: str
    lost: float
    breakdown: str | None = None


class FunnelReport(Result):
    """The funnel by breakdown value, most people at the last step first, steps in order."""

    rows: list[FunnelRow]
    biggest_drop_off: DropOff | None
    window_days: int
    date_from: datetime
    date_to: datetime


class InsightsArgs(Args):
    """`trends` counts an event per interval; `retention` follows cohorts of `event` doing `returning`."""

    kind: Literal["trends", "retention"] = "trends"
    event: str = Field("signup", min_length=1, max_length=200)
    returning: str | None = Field(None, min_length=1, max_length=200)
    interval: Literal["day", "week", "month"] = "day"
    math: Literal["total", "dau"] = "total"
    breakdown: str | None = Field(None, min_length=1, max_length=200)
    days: int = Field(30, ge=1, le=365)


class Point(Result):
    """One interval of a series."""

    at: str
    value: float


class Series(Result):
    """One line of a trend, per breakdown value."""

    breakdown: str | None
    total: float
    points: list[Point]


class Cohort(Result):
    """People who first did the event in an interval and the share seen again n intervals later, `kept[0]` being 1."""

    cohort: str
    people: int
    kept: list[float | None]


class InsightsReport(Result):
    """Series for trends, cohorts for retention."""

    kind: str
    event: str
    series: tuple[Series, ...] = ()
    cohorts: tuple[Cohort, ...] = ()


class EventsArgs(Args):
    """Events of one kind from `after` up to before `before` (now when not said), with the properties named."""

    event: str = Field(min_length=1, max_length=200, examples=["signup"])
    after: datetime = Field(examples=["2026-11-20T00:00:00+00:00"])
    before: datetime | None = None
    properties: tuple[str, ...] = ()


class PersonEvent(Result):
    """One event; `properties` holds only those that were asked for and set."""

    id: str
    user_id: str
    occurred_at: datetime
    properties: dict[str, Any]


class EventsReport(Result):
    """Events by time and id."""

    event: str
    events: list[PersonEvent]
    after: datetime
    before: datetime
