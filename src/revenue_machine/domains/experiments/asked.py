"""What the topics of the book take and answer; an experiment as others see it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, StringConstraints, model_validator

from revenue_machine.domains.credit.models import DollarNumber
from revenue_machine.engine.topic import Args, Result

Kind = Literal["paywall", "product", "aso", "own"]
Phase = Literal["test", "measure"]
Status = Literal["open", "decided", "applying", "measuring", "closed"]
Word = Literal["ship", "roll_back", "keep_going", "inconclusive", "unhealthy"]
Outcome = Literal[
    "shipped", "improved", "neutral", "regressed", "rolled_back", "inconclusive", "unhealthy", "failed", "rejected", "expired"
]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]
Paragraph = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]
Dollars = Annotated[Decimal, Field(allow_inf_nan=False, max_digits=16, decimal_places=6)]
Share = Annotated[float, Field(ge=0, le=1)]

WEEK_DAYS = 7
MOST_ARMS = 8


class OpenArgs(Args):
    """What is registered before anybody has counted; `planned_looks` null means looks are free and the anytime-valid rule decides.

    `opened_for` tells experiments about one subject apart, `planned_split` is the share of people each arm should get (equal when
    not said), `value_per_conversion_usd` what one more conversion is worth.
    """

    kind: Kind = Field("own", description="paywall, product, aso: opened by a loop; own: yours")
    subject: Name = Field(examples=["everreach_pro"])
    opened_for: Name = Field(examples=["annual-first"])
    title: Line = Field(examples=["Annual plan first"])
    hypothesis: Paragraph = Field(examples=["Showing the annual plan first brings more trials."])
    metric: Name = Field(examples=["signup to trial"])
    arms: tuple[Name, ...] = Field(min_length=2, max_length=MOST_ARMS, examples=[["A", "B"]])
    control: Name = Field(examples=["A"])
    planned_split: dict[Name, float] = Field(default_factory=dict)
    planned_days: int = Field(ge=1, le=90, examples=[14])
    minimum_days: int = Field(7, ge=1, le=90)
    planned_looks: int | None = Field(None, ge=1, le=90)
    value_per_conversion_usd: Dollars = Field(ge=0, examples=["12.50"])
    started_at: AwareDatetime | None = None

    @model_validator(mode="after")
    def fits_together(self) -> OpenArgs:
        """Arms are distinct, the control is one of them, the split covers exactly them and sums to 1."""
        if len(set(self.arms)) != len(self.arms):
            raise ValueError("arms: each name once")
        if self.control not in self.arms:
            raise ValueError(f"control: {self.control} is none of the arms")
        if self.planned_split and set(self.planned_split) != set(self.arms):
            raise ValueError("planned_split: name exactly the arms")
        if self.planned_split and (min(self.planned_split.values()) <= 0 or abs(sum(self.planned_split.values()) - 1) > 1e-6):
            raise ValueError("planned_split: shares above 0 that sum to 1")
        if self.minimum_days > self.planned_days:
            raise ValueError("minimum_days: not more than planned_days")
        if self.kind != "own" and self.minimum_days < WEEK_DAYS:
            raise ValueError("minimum_days: a loop's experiment runs 7 days at least, so that every weekday counts")
        if self.planned_looks is not None and self.planned_looks > self.planned_days:
            raise ValueError("planned_looks: at most one a day")
        return self


class OpenResult(Result):
    """The experiment; `is_new` false when it stood already, `reason` then says how it stands."""

    experiment_id: str
    is_new: bool
    status: Status
    reason: str
    alpha: float


class LookArm(Args):
    """Cumulative counts of one arm since its phase began; `revenue_variance` is that of one user's dollars."""

    name: Name
    users: int = Field(ge=0)
    conversions: int = Field(ge=0)
    revenue_usd: Dollars | None = None
    revenue_variance: float | None = Field(None, ge=0, allow_inf_nan=False)

    @model_validator(mode="after")
    def counts_are_possible(self) -> LookArm:
        """Nobody converts who was not there."""
        if self.conversions > self.users:
            raise ValueError(f"{self.name}: {self.conversions} conversions of {self.users} users")
        return self


class LookArgs(Args):
    """The counts as they stood at the end of a local date; `days` is how many days of the phase they cover."""

    experiment_id: Name = Field(examples=["exp_aaaaaaaaaaaaaaaa"])
    on_date: date = Field(examples=["2026-11-09"])
    phase: Phase = "test"
    arms: tuple[LookArm, ...] = Field(
        min_length=2, max_length=MOST_ARMS,
        examples=[[{"name": "A", "users": 500, "conversions": 20}, {"name": "B", "users": 500, "conversions": 31}]],
    )  # fmt: skip
    days: int = Field(ge=0, le=3650, examples=[7])


class Effect(Result):
    """An arm less the control, in conversions per user; `relative` null where the control has none."""

    absolute: float | None
    relative: float | None


class LookResult(Result):
    """What the counts prove: `verdict` is the book's, `said` the statistics' alone, `reason` says why.

    `arm` is the one that does best; effect and interval are its. Money is dollars a week: `ship_now_usd_per_week` what giving
    everybody that arm today is expected to bring over the control, `ship_risk_usd_per_week` what it is expected to lose
    in the cases where it is worse, `waiting_cost_usd_per_week` what every further week of the test costs; null: too early.
    """

    experiment_id: str
    on_date: date
    phase: Phase
    status: Status
    days: int
    verdict: Word
    said: Word
    reason: str
    winner: str | None
    arm: str
    effect: Effect
    interval: list[float] | None
    p_value: float | None
    p_always_valid: float | None
    srm_p: float | None
    power: float | None
    chance_to_win: float | None
    rule: str | None
    days_left: int | None
    ship_now_usd_per_week: DollarNumber | None
    ship_risk_usd_per_week: DollarNumber | None
    waiting_cost_usd_per_week: DollarNumber | None
    next: str


class NoteArgs(Args):
    """What a loop, or you, did about an experiment; only what is named changes. `next` says in words what comes now."""

    experiment_id: Name = Field(examples=["exp_aaaaaaaaaaaaaaaa"])
    status: Literal["open", "decided", "applying", "measuring"] | None = None
    delegation_id: Name | None = None
    shipped_at: AwareDatetime | None = None
    started_at: AwareDatetime | None = None
    holdout_share: Share | None = None
    next: Line | None = None


class CloseArgs(Args):
    """How it ended; `effect` and `interval` are those that count: of the measure, where there was one."""

    experiment_id: Name = Field(examples=["exp_aaaaaaaaaaaaaaaa"])
    outcome: Outcome = Field(examples=["inconclusive"])
    words: Paragraph = Field(examples=["No arm was better."])
    effect: float | dict[Literal["absolute", "relative"], float | None] | None = None
    interval: tuple[float, float] | None = None


class Changed(Result):
    """How the experiment stands now; `is_new` false when it stood so already."""

    experiment_id: str
    status: Status
    outcome: Outcome | None
    is_new: bool


class ListArgs(Args):
    """Which: those not closed, those closed, all, or the shipped ones whose holdout wants a look."""

    which: Literal["open", "closed", "all", "measure_due"] = "open"
    kind: Kind | None = None
    subject: Name | None = None
    limit: int = Field(50, ge=1, le=500)


class ShowArgs(Args):
    """Which experiment."""

    experiment_id: Name = Field(examples=["exp_aaaaaaaaaaaaaaaa"])


class Experiment(Result):
    """One row of the book, with its newest look in a line."""

    experiment_id: str
    kind: Kind
    subject: str
    opened_for: str
    title: str
    metric: str
    status: Status
    verdict: Word | None
    winner: str | None
    outcome: Outcome | None
    delegation_id: str | None
    holdout_share: float | None
    planned_days: int
    planned_end_on: date
    started_at: AwareDatetime
    shipped_at: AwareDatetime | None
    closed_at: AwareDatetime | None
    last_look_on: date | None
    measure_due_on: date | None
    waiting_cost_usd_per_week: DollarNumber | None
    words: str
    next: str


class ListResult(Result):
    """How many fit, and the newest of them."""

    total: int
    experiments: list[Experiment]


class Look(Result):
    """One look at the counts."""

    on_date: date
    phase: Phase
    days: int
    counts: list[dict[str, str | int | float | None]]
    verdict: Word
    reason: str
    arm: str
    effect: Effect
    interval: list[float] | None
    p_value: float | None
    p_always_valid: float | None
    ship_now_usd_per_week: DollarNumber | None
    waiting_cost_usd_per_week: DollarNumber | None


class HoldoutWeek(Result):
    """Winner against holdout between two looks at the measure, not cumulative."""

    until: date
    days: int
    users: int
    effect: Effect
    interval: list[float] | None


class ShowResult(Result):
    """The registration, every look in order, what the measure says of the test's effect, and how the effect lasts."""

    experiment: Experiment
    hypothesis: str
    arms: list[str]
    control: str
    planned_split: dict[str, float]
    minimum_days: int
    planned_looks: int | None
    value_per_conversion_usd: DollarNumber
    alpha: float
    outcome_words: str | None
    effect: Effect
    interval: list[float] | None
    looks: list[Look]
    measure_check: str | None
    holdout_weeks: list[HoldoutWeek]
    lasting: str | None


class SweepResult(Result):
    """Which experiments were closed because their planned end passed without a decision."""

    closed: int
    experiment_ids: list[str]
