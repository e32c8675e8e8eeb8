"""What `experiments.verdict` takes and answers (INTERFACE §7)."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from revenue_machine.domains.credit.models import DollarNumber
from revenue_machine.engine.topic import Args, Result

Verdict = Literal["ship", "roll_back", "keep_going", "inconclusive", "unhealthy"]
Reason = Literal[
    "proven", "too_few", "sample_ratio", "too_early", "not_yet", "end_reached", "out_of_reach", "revenue_falls", "revenue_disagrees"
]
RuleName = Literal["fixed", "group_sequential", "anytime_valid"]

ALPHA = 0.05
# Users in all at which the anytime-valid rule is sharpest, unless told before the start: what gbstats takes as well.
TUNING_USERS = 5000
MOST_USERS = 10**15
MOST_LOOKS = 366

ArmName = Annotated[str, Field(min_length=1, max_length=200)]
Money = Annotated[Decimal, Field(allow_inf_nan=False, ge=-(10**15), le=10**15)]
PositiveShare = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Arm(Args):
    """Everybody assigned to one arm since the start, and how many of them converted, each counted once.

    `revenue_usd` is what they brought in all, less refunds (so it may be negative); `revenue_variance` the variance of one user's
    dollars, estimated when not said.
    """

    name: ArmName
    users: int = Field(ge=0, le=MOST_USERS)
    conversions: int = Field(ge=0, le=MOST_USERS)
    revenue_usd: Money | None = None
    revenue_variance: float | None = Field(None, ge=0, le=1e30, allow_inf_nan=False)


class Plan(Args):
    """Looks planned before the start, and which one this is (1 of 1 is the fixed test).

    `fractions` says how large a share of all planned users had come at each look so far, where looks are uneven.
    """

    looks: int = Field(ge=1, le=MOST_LOOKS)
    look: int = Field(ge=1, le=MOST_LOOKS)
    fractions: tuple[PositiveShare, ...] | None = None


class VerdictArgs(Args):
    """The counts of an experiment as they stand; with a `plan` the group-sequential rule decides, without the anytime-valid one.

    `planned_split` (equal when not said) is the share of people each arm should get. `alpha` is the share of false alarms allowed;
    nothing is shipped before `minimum_days`; `tuning_users` (all arms together, chosen before the start) is where the anytime-valid
    rule is sharpest.
    """

    arms: tuple[Arm, ...] = Field(
        min_length=2, max_length=50,
        examples=[[{"name": "A", "users": 4000, "conversions": 240}, {"name": "B", "users": 4000, "conversions": 360}]],
    )  # fmt: skip
    control: str = Field(examples=["A"])
    days: float = Field(ge=0, le=36_500, allow_inf_nan=False, examples=[14])
    planned_split: dict[str, PositiveShare] | None = None
    plan: Plan | None = None
    alpha: float = Field(ALPHA, ge=1e-6, le=0.2)
    minimum_days: float = Field(0, ge=0, le=365, allow_inf_nan=False)
    tuning_users: int = Field(TUNING_USERS, ge=1, le=MOST_USERS)


class EffectSize(Result):
    """An arm's conversions per user less the control's, and the same as a share of the control's (null where it has none)."""

    absolute: float | None
    relative: float | None


class Revenue(Result):
    """Revenue per assigned user in dollars: the control's, the arm's, and their difference with its interval."""

    control: float
    arm: float
    difference: float
    interval: tuple[float, float]
    z: float


class Comparison(Result):
    """One arm beside the control; `standing` is what is proven of it, all comparisons taken together (Holm)."""

    name: str
    users: int
    conversions: int
    rate: float | None
    effect: EffectSize
    interval: tuple[float, float] | None
    relative_interval: tuple[float, float] | None
    p_value: float | None
    p_always_valid: float | None
    standing: Literal["better", "worse", "open"]
    revenue: Revenue | None


class VerdictResult(Result):
    """What to do, and why: `effect`, `interval` and p's are those of `arm`, the winner or else the leading arm.

    `interval` is that of the absolute effect which the rule in force proves at this look; of several arms it holds for all at once.
    `p_value` is for one look planned beforehand, `p_always_valid` holds however often one looks. `power` is the least chance that
    the rule decides by its end if the effect is as measured; `detectable` the relative effect it finds by then with 80 %.
    `days_left` is how many days the rule still needs, null where nobody can tell.
    """

    verdict: Verdict
    winner: str | None
    effect: EffectSize
    interval: tuple[float, float] | None
    p_value: float | None
    p_always_valid: float | None
    srm_p: float | None
    days_left: int | None
    arm: str
    relative_interval: tuple[float, float] | None
    power: float | None
    detectable: float | None
    chance_to_win: float | None
    rule: RuleName
    reason: Reason
    words: str
    arms: tuple[Comparison, ...]


class SizeArgs(Args):
    """An effect worth finding: `rate` of the control (0.03), `lift` relative to it (0.25 is a quarter more), and who comes.

    `looks` are those planned until the end, `chance` how surely the effect is to be found, `arm_share` the people who get the arm.
    """

    rate: float = Field(gt=0, lt=1, examples=[0.03])
    lift: float = Field(gt=-1, le=100, examples=[0.25])
    users_per_day: float = Field(gt=0, le=1e12, allow_inf_nan=False, examples=[200])
    looks: int = Field(1, ge=1, le=MOST_LOOKS)
    chance: float = Field(0.8, ge=0.3, le=0.99)
    alpha: float = Field(ALPHA, ge=1e-6, le=0.2)
    arm_share: float = Field(0.5, ge=0.01, le=0.99)


class SizeResult(Result):
    """How many users in all, and days, until planned looks find the effect; whether that is within 90 days.

    `anytime_chance` is how likely the anytime-valid rule, looked at daily, finds it within the same days.
    """

    users: int
    days: int
    is_reachable: bool
    anytime_chance: float
    words: str


class CohortRow(Args):
    """People assigned at one time, and the dollars (less refunds) they brought together on each day of age watched in full."""

    users: int = Field(ge=1, le=MOST_USERS)
    revenue_usd_by_day: tuple[Money, ...] = Field(max_length=MOST_LOOKS)
    arm: ArmName | None = None


class MaturityArgs(Args):
    """Cohorts of assigned people, of all arms together: their curve is taken to be the same in every arm."""

    cohorts: tuple[CohortRow, ...] = Field(
        min_length=1, max_length=10_000, examples=[[{"users": 500, "revenue_usd_by_day": [120, 0, 35.5], "arm": "A"}]]
    )
    horizon_days: int = Field(60, ge=1, le=MOST_LOOKS)
    at_day: int = Field(7, ge=1, le=MOST_LOOKS)


class MaturedArm(Result):
    """Revenue per assigned user as it will stand at the end of the curve; `seen` is the share of it that has been seen already."""

    users: int
    revenue_usd_per_user: DollarNumber
    seen: float


class MaturityResult(Result):
    """How ripe revenue is: `share` of the curve's last day that `at_day` shows, per user by day of age, and each arm ripened."""

    days: int
    share: float | None
    revenue_usd_per_user_by_day: tuple[DollarNumber, ...]
    arms: dict[str, MaturedArm]
    words: str
