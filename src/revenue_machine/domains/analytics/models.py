"""Questions about what visitors did, who they are and what they were worth, and their answers, in the seed's step names."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from revenue_machine.engine.topic import Args, Result

# The seed's four steps and how the web products call them; `REVENUE_POSTHOG__EVENT_<STEP>` names another event.
STEP_EVENTS = {"pageview": "$pageview", "signup": "signup", "trial": "trial_started", "purchase": "purchase_completed"}
DEFAULT_STEPS = tuple(STEP_EVENTS)
# The row of the people whose events lack the property, and of the values beyond the hundred commonest.
NO_VALUE = "no value"
OTHER = "other"

Attribution = Literal["first", "last", "step", "any"]
Source = Literal["posthog", "local"]
_MODES = {
    "first_touch": "first", "last_touch": "last", "all": "any", "all_events": "any", "any_step": "any", "specific_step": "step",
}  # fmt: skip


class Ranged(Args):
    """Which events: the last `days` days, or from `date_from` to `date_to`; of the events kept here all when not said."""

    days: int | None = Field(None, ge=1, le=20_000)
    date_from: datetime | None = None
    date_to: datetime | None = None
    source: Literal["auto", "posthog", "local"] = "auto"

    @model_validator(mode="after")
    def _one_range(self) -> Ranged:
        if self.days is not None and self.date_from is not None:
            raise ValueError("say days or date_from, not both")
        return self


class FunnelArgs(Ranged):
    """Steps by name, at least two, a repeated one needs its event again; `window_days` from the first step to the last.

    `attribution` says which of a person's values counts in a breakdown: the `first` or `last` they carried on any step, that of
    one `step` (`attribution_step`, 1 is the first), or `any`: a funnel of its own for each value, over the events that carry it.
    """

    steps: tuple[str, ...] = Field(DEFAULT_STEPS, min_length=2, max_length=20)
    breakdown: str | None = Field(None, min_length=1, max_length=200)
    window_days: int = Field(14, ge=1, le=3650)
    attribution: Attribution = "first"
    attribution_step: int | None = Field(None, ge=1, le=20)

    @field_validator("attribution", mode="before")
    @classmethod
    def _usual_names(cls, given: Any) -> Any:
        return _MODES.get(given, given) if isinstance(given, str) else given

    @model_validator(mode="after")
    def _step_is_named(self) -> FunnelArgs:
        if self.attribution == "step" and self.attribution_step is None:
            raise ValueError("attribution step needs attribution_step, 1 for the first")
        if self.attribution_step is not None and self.attribution_step > len(self.steps):
            raise ValueError("attribution_step is none of the steps")
        return self


class FunnelRow(Result):
    """People who reached a step; `kept` is the share of the step before (None on the first or of nobody), 0..1.

    `interval` holds the true share with 90 % (Wilson); `needs_more` people at the step before make it as narrow as a quarter of
    the share to each side. `median_s` is the middle time since the step before, in seconds.
    """

    step: str
    people: int
    kept: float | None
    kept_from_start: float | None
    breakdown: str | None = None
    interval: tuple[float, float] | None = None
    needs_more: int | None = None
    median_s: float | None = None


class DropOff(Result):
    """Between which two steps the largest share is lost; `lost` is 0..1.

    `value_at_stake_micro_usd` is what the lost would have brought after refunds, had they gone on like those who stayed; None
    where the last step is no sale or nothing was earned.
    """

    from_step: str
    to_step: str
    lost: float
    breakdown: str | None = None
    people_lost: int = 0
    value_at_stake_micro_usd: int | None = None


class Coverage(Result):
    """How many people of step 1 carry the property of a breakdown; `note` names the tag that is missing below 80 %."""

    property: str
    people: int
    with_value: int
    share: float | None
    note: str | None = None


class Answer(Result):
    """What every answer says: which store it is from, what was left out of it, and what to know about it."""

    source: Source = "posthog"
    excluded: dict[str, int] = Field(default_factory=dict)
    notes: list[str] = Field(default_factory=list)


class FunnelReport(Answer):
    """The funnel by breakdown value, most people at the last step first, steps in order; `excluded` events by kind of traffic."""

    rows: list[FunnelRow]
    biggest_drop_off: DropOff | None
    window_days: int
    date_from: datetime
    date_to: datetime
    breakdown: str | None = None
    attribution: Attribution | None = None
    attribution_step: int | None = None
    coverage: Coverage | None = None


class InsightsArgs(Ranged):
    """`trends` counts an event per interval; `retention` follows cohorts of `event` doing `returning` for `intervals` intervals."""

    kind: Literal["trends", "retention"] = "trends"
    event: str = Field("signup", min_length=1, max_length=200)
    returning: str | None = Field(None, min_length=1, max_length=200)
    interval: Literal["day", "week", "month"] = "day"
    intervals: int | None = Field(None, ge=1, le=400)
    math: Literal["total", "dau"] = "total"
    breakdown: str | None = Field(None, min_length=1, max_length=200)


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
    """People who first did the event in an interval, how many came back n intervals later, and their share, `kept[0]` being 1.

    An interval that is not over says None, never a share that would still grow.
    """

    cohort: str
    people: int
    kept: list[float | None]
    returned: list[int | None] = Field(default_factory=list)


class InsightsReport(Answer):
    """Series for trends, cohorts for retention; `people` are different persons of all cohorts or of the local trend."""

    kind: str
    event: str
    interval: str = "day"
    people: int | None = None
    series: tuple[Series, ...] = ()
    cohorts: tuple[Cohort, ...] = ()


class EventsArgs(Args):
    """Events of one kind from `after` up to before `before` (now when not said), with the properties named."""

    event: str = Field(min_length=1, max_length=200, examples=["signup"])
    after: datetime = Field(examples=["2026-11-20T00:00:00+00:00"])
    before: datetime | None = None
    properties: tuple[str, ...] = ()
    source: Literal["auto", "posthog", "local"] = "auto"


class PersonEvent(Result):
    """One event; `properties` holds only those that were asked for and set."""

    id: str
    user_id: str
    occurred_at: datetime
    properties: dict[str, Any]


class EventsReport(Answer):
    """Events by time and id."""

    event: str
    events: list[PersonEvent]
    after: datetime
    before: datetime


class FlagsArgs(Args):
    """Which flags: all, or those that are on."""

    active_only: bool = False
    source: Literal["auto", "posthog", "local"] = "auto"


class FlagRow(Result):
    """A flag with its variants' planned percentages; `people` per variant where events tell, else empty."""

    key: str
    name: str | None = None
    active: bool | None = None
    rollout_percentage: float | None = None
    variants: dict[str, float] = Field(default_factory=dict)
    people: dict[str, int] = Field(default_factory=dict)


class ExperimentRow(Result):
    """An experiment over a flag; `status` by its dates: draft, running, ended, archived."""

    id: int
    name: str
    flag_key: str
    status: Literal["draft", "running", "ended", "archived"]
    started_at: str | None = None
    ended_at: str | None = None
    variants: dict[str, float] = Field(default_factory=dict)
    conclusion: str | None = None


class FlagsReport(Answer):
    """Flags and experiments by key."""

    flags: list[FlagRow]
    experiments: list[ExperimentRow]


class BySourceArgs(FunnelArgs):
    """A funnel by where people came from, with the money each source brought."""

    breakdown: str | None = Field("utm_source", min_length=1, max_length=200)


class SourceRow(Result):
    """One source: its people by step, and the ledger's money after refunds, in micro-dollars; `net` is also after fees and tax."""

    value: str
    steps: list[FunnelRow]
    revenue_micro_usd: int = 0
    refund_micro_usd: int = 0
    net_micro_usd: int = 0
    net_per_person_micro_usd: int | None = None
    is_tracked: bool = True


class BySourceReport(Answer):
    """Sources by net money; the rows' revenue and refunds add up to the ledger's of the same time."""

    rows: list[SourceRow]
    breakdown: str
    attribution: Attribution
    revenue_micro_usd: int
    refund_micro_usd: int
    net_micro_usd: int
    ledger_micro_usd: int
    coverage: Coverage | None
    biggest_drop_off: DropOff | None
    window_days: int
    date_from: datetime
    date_to: datetime


class IdentityArgs(Args):
    """Any id of a person: a product's distinct id, a subscriber id, a contact id or a mail address."""

    id: str = Field(min_length=1, max_length=1000, examples=["user-1"])


class ContactLink(Result):
    """Whose contact an id is, and where that is known from."""

    contact_id: str
    kind: str
    value: str
    source: str
    evidence: str | None
    confidence: float
    since: str


class MergeRow(Result):
    """Two ids a product said are one person, and what became of it."""

    id: str
    from_id: str
    into_id: str
    kind: str
    evidence: str
    outcome: Literal["merged", "conflict"]
    reason: str | None
    occurred_at: str
    undone: bool
    undone_why: str | None


class IdentityReport(Result):
    """Everything an id stands for; `contact_id` only when the ids belong to no more than one, `conflicts` says what contradicts."""

    person_id: str
    distinct_ids: list[str]
    events: int
    contact_id: str | None
    contacts: list[ContactLink]
    subscribers: list[str]
    merges: list[MergeRow]
    conflicts: list[str]


class UnmergeArgs(Args):
    """Which merge to take back, as `posthog.identity` names it, and why."""

    merge_id: str = Field(min_length=1, max_length=100, examples=["idm_abcdefghijklmnop"])
    reason: str = Field("the owner says so", min_length=1, max_length=500)


class IdentityUndone(Result):
    """The merge; `undone` is false when it was taken back before."""

    merge_id: str
    from_id: str
    into_id: str
    undone: bool


class RecutResult(Result):
    """How many events the present traffic rule judges otherwise than the one before, and the counts now."""

    rule: int
    changed: int
    traffic: dict[str, int]
