"""Leaks of a product's funnel, experiments on its steps, and how the loop's topics take and answer them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, StringConstraints

from revenue_machine.engine.topic import Args, Result

CONTROL, TREATMENT = "control", "treatment"
Status = Literal[
    "proposed", "awaiting_approval", "delegated", "running", "measuring", "improved", "neutral", "regressed", "failed", "rejected",
    "expired",
]  # fmt: skip
# Until the change is judged; afterwards a row may still wait for its roll-out or its removal.
OPEN: tuple[Status, ...] = ("proposed", "awaiting_approval", "delegated", "running", "measuring")
StepState = Literal["leak", "too_early", "unsure", "on_target", "no_data"]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class LeaksArgs(Args):
    """Whose leaks: one product or all; `date_to` ends the range (now when not said), `days` is its length.

    `price_usd` is what one sale brings, for events that belong to no product of yours.
    """

    product: Name | None = None
    steps: tuple[Name, ...] | None = Field(default=None, min_length=2, max_length=20)
    days: int = Field(default=28, ge=7, le=365)
    date_to: AwareDatetime | None = None
    source: Literal["auto", "posthog", "local"] = "auto"
    price_usd: Annotated[Decimal, Field(ge=0, max_digits=12, decimal_places=6)] | None = None
    with_segments: bool = True


class StepLeak(Result):
    """One step: who came to it, who went on, what a realistic improvement is worth.

    `people` are those old enough to be judged; `target` is the top of the seed's band, or a fifth more where the seed names none;
    `worth` is dollars a week at the target, for as many people as came in the last seven days; `interval` holds the rate with 90 %;
    `lag_days` is how long a person is waited for.
    """

    from_step: str
    to_step: str
    state: StepState
    people: int
    went_on: int
    lost: int
    rate: float | None
    interval: tuple[float, float] | None
    target: float | None
    lag_days: int
    people_per_week: float
    gained_per_week: float | None = None
    worth_micro_usd_per_week: int | None = None
    value_per_person_micro_usd: int | None = None
    words: str = ""


class Segment(Result):
    """How the step goes for the people of one value."""

    value: str
    people: int
    went_on: int
    rate: float | None
    interval: tuple[float, float] | None


class Split(Result):
    """The leaking step by one property; `where` says whether it leaks everywhere or in one value."""

    property: str
    segments: list[Segment]
    where: str


class ProductLeaks(Result):
    """One product's steps in order, `worst` the dearest leak; `net_price_micro_usd` what a first payment leaves after fees."""

    product: str | None
    project: str | None
    price_words: str
    net_price_micro_usd: int | None
    steps: list[StepLeak]
    worst: StepLeak | None
    splits: list[Split] = Field(default_factory=list)
    told_by: str | None = None
    source: str
    notes: list[str] = Field(default_factory=list)


class Ranked(Result):
    """A leak among all products', dearest first."""

    product: str | None
    step: str
    rate: float
    people_lost: int
    worth_micro_usd_per_week: int | None
    words: str


class LeaksReport(Result):
    """Leaks of each product, in the seed's order, and all of them by dollars a week."""

    date_from: AwareDatetime
    date_to: AwareDatetime
    ranked: list[Ranked]
    products: list[ProductLeaks]


class ExperimentsArgs(Args):
    """Which experiments: open ones, those that are over, all, or one by its id."""

    which: Literal["open", "closed", "all"] = "all"
    experiment_id: Name | None = None
    project: Name | None = None
    limit: int = Field(50, ge=1, le=500)


class Arm(Result):
    """People of one arm and how many went on."""

    name: str
    people: int
    went_on: int
    rate: float | None


class ProductExperiment(Result):
    """One change on one step, with its control group; effects are treatment less control, intervals hold them with 95 %."""

    experiment_id: str
    project: str
    step: str
    status: Status
    hypothesis: str
    flag: str
    flag_words: str
    delegation_id: str | None
    baseline_conversion: float | None
    control_conversion: float | None
    post_conversion: float | None
    arms: list[Arm]
    in_both_arms: int
    effect_points: float | None
    interval_points: tuple[float, float] | None
    effect_relative: float | None
    interval_relative: tuple[float, float] | None
    expected_micro_usd_per_week: int | None
    result: str | None
    follow_up: str | None
    created_on: date
    measuring_since: AwareDatetime | None
    next_look_at: AwareDatetime | None
    line: str


class ExperimentsReport(Result):
    """How many there are, and the newest of them."""

    total: int
    experiments: list[ProductExperiment]


class ReviewResult(Result):
    """What the review did; `is_idle` when nothing was due."""

    is_idle: bool
    looked: int
    judged: int
    finished: int
    proposed: str | None
    lines: list[str]
