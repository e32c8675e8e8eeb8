"""Pure decisions of the product loop: what a leak is worth, how long to measure, what counts as better."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import ceil, exp, log, sqrt
from types import MappingProxyType
from typing import Literal

from revenue_machine.domains.product.loop_models import CONTROL, TREATMENT, Status, StepLeak, StepState
from revenue_machine.kit.intervals import Z90, Z95, wilson
from revenue_machine.kit.money import show

# Seed §4.11, as the funnel's own page judges them; a test holds both tables together.
BANDS: Mapping[tuple[str, str], tuple[float, float]] = MappingProxyType(
    {("pageview", "signup"): (0.10, 0.20), ("signup", "trial"): (0.30, 0.50), ("trial", "purchase"): (0.10, 0.20)}
)
# Where the seed names no band, a fifth more is what one good change is asked for, never a figure of our own.
LIFT = 0.2
# Two arms of a hundred in the longest measure of four weeks; fewer people say nothing.
FEWEST_PER_ARM = 100
FEWEST = 2 * FEWEST_PER_ARM
RANGE_DAYS = 28
LEAST_DAYS, MOST_DAYS = 7, 28
# How long a person may take for a step until they count as lost; a sale needs its trial to end first (`lag_days`).
LAGS: Mapping[str, int] = MappingProxyType({"signup": 1, "trial": 2, "purchase": 1})
USUAL_LAG_DAYS = 1
# So long the same leak is left alone after a change there ended so; silence of a busy owner rests a week.
_FOUR_WEEKS = timedelta(days=28)
RESTS: Mapping[Status, timedelta] = MappingProxyType({
    "improved": _FOUR_WEEKS, "neutral": _FOUR_WEEKS, "regressed": _FOUR_WEEKS, "failed": _FOUR_WEEKS, "rejected": _FOUR_WEEKS,
    "expired": timedelta(days=7),
})  # fmt: skip
PRIORITY = ("everreach_pro", "kindletters", "clientportal")
CONTROL_SHARE, ROLL_OUT_SHARE = 0.5, 0.9
# Nobody of a few is not nobody ever: what stands before such a step is worth as if half a person had gone on.
_NOBODY_YET = 0.5
_Z_POWER_80 = 0.8416212335729143
_SMALL = re.compile(r"[^a-z0-9]+")


def lag_days(to_step: str, trial_days: int) -> int:
    """Days after which somebody who has not gone on has not: a purchase waits for the trial and a day more."""
    return LAGS.get(to_step, USUAL_LAG_DAYS) + (trial_days if to_step == "purchase" else 0)


@dataclass(frozen=True)
class StepCount:
    """People who came to a step and were watched long enough, how many went on, and how many come a week by now."""

    from_step: str
    to_step: str
    people: int
    went_on: int
    per_week: float
    lag_days: int

    @property
    def rate(self) -> float | None:
        return self.went_on / self.people if self.people else None


def target_of(from_step: str, to_step: str, rate: float) -> float:
    """Where a realistic improvement leads: to the top of the seed's band, a fifth more without one."""
    band = BANDS.get((from_step, to_step))
    return band[1] if band is not None else min(1.0, rate * (1 + LIFT))


def state_of(count: StepCount) -> StepState:
    """Whether a step leaks for sure: enough people, and even the interval's upper end below the target."""
    rate, held = count.rate, wilson(count.went_on, count.people)
    if rate is None or held is None:
        return "no_data"
    if count.people < FEWEST:
        return "too_early"
    target = target_of(count.from_step, count.to_step, rate)
    if rate >= target:
        return "on_target"
    return "leak" if held[1] < target or (count.from_step, count.to_step) not in BANDS else "unsure"


def step_leaks(counts: Sequence[StepCount], net_price_micro_usd: int | None) -> list[StepLeak]:
    """Every step with its worth: people gained a week x how many of them go on x what a first payment leaves."""
    found: list[StepLeak] = []
    value = None if net_price_micro_usd is None else float(net_price_micro_usd)
    for count in reversed(counts):
        found.append(_step_leak(count, value))
        value = None if value is None or count.rate is None else value * (count.rate or _NOBODY_YET / (count.people + 1))
    return found[::-1]


def _step_leak(count: StepCount, value: float | None) -> StepLeak:
    rate, state = count.rate, state_of(count)
    target = None if rate is None else target_of(count.from_step, count.to_step, rate)
    gained = None
    if rate is not None and target is not None and state in ("leak", "unsure"):
        gained = count.per_week * (target - rate)
    worth = None if gained is None or value is None else round(gained * value)
    leak = StepLeak(
        from_step=count.from_step, to_step=count.to_step, state=state, people=count.people, went_on=count.went_on,
        lost=count.people - count.went_on, rate=rate, interval=wilson(count.went_on, count.people), target=target,
        lag_days=count.lag_days, people_per_week=count.per_week, gained_per_week=gained, worth_micro_usd_per_week=worth,
        value_per_person_micro_usd=None if value is None else round(value),
    )  # fmt: skip
    return leak.model_copy(update={"words": leak_words(leak)})


def leak_words(leak: StepLeak) -> str:
    """One line about a step, from its numbers."""
    step = f"{leak.from_step} to {leak.to_step}"
    if leak.rate is None or leak.interval is None or leak.target is None:
        return f"{step}: nobody came to it"
    low, high = leak.interval
    counted = f"{step}: {leak.went_on} of {leak.people} ({leak.rate:.1%}, 90 %: {low:.1%} to {high:.1%})"
    if leak.state == "too_early":
        return f"{counted}; too early, {FEWEST - leak.people} more people are needed"
    if leak.state == "on_target":
        return f"{counted}; at or above the target of {leak.target:.1%}"
    unsure = "; not surely below it" if leak.state == "unsure" else ""
    money = "" if leak.worth_micro_usd_per_week is None else f", worth {show(leak.worth_micro_usd_per_week)} a week"
    gained = f"{leak.target:.1%} would be {leak.gained_per_week or 0:.1f} people more a week{money}"
    return f"{counted}; {leak.lost} lost; {gained}{unsure}"


def worst_of(leaks: Sequence[StepLeak]) -> StepLeak | None:
    """The dearest sure leak; without a price the one that loses most people, the earlier of two alike."""
    sure = [one for one in leaks if one.state == "leak"]
    return max(sure, key=lambda one: (one.worth_micro_usd_per_week or 0, one.gained_per_week or 0), default=None)


def project_order(project: str, worth_micro_usd: int) -> tuple[int, int, str]:
    """The seed's order first, then by dollars a week."""
    place = PRIORITY.index(project) if project in PRIORITY else len(PRIORITY)
    return (place, 0 if place < len(PRIORITY) else -worth_micro_usd, project)


def planned_days(rate: float, people_per_day: float) -> int:
    """Whole weeks until a fifth more would be seen with 80 % by a test at 5 %: one week at least, four at most."""
    better = min(0.999, rate * (1 + LIFT))
    if people_per_day <= 0 or not 0 < rate < better:
        return MOST_DAYS
    spread = rate * (1 - rate) + better * (1 - better)
    per_arm = max(FEWEST_PER_ARM, (Z95 + _Z_POWER_80) ** 2 * spread / (better - rate) ** 2)
    weeks = ceil(2 * per_arm / people_per_day / 7)
    return max(LEAST_DAYS, min(MOST_DAYS, 7 * weeks))


def flag_name(event: str, experiment_id: str) -> str:
    """A name no other change has; it stands in code, so it is plain."""
    return f"fix_{_SMALL.sub('_', event.lower()).strip('_')[:40]}_{experiment_id[-6:]}"


@dataclass(frozen=True)
class ArmCount:
    """People of one arm who were watched long enough, and how many went on."""

    people: int
    went_on: int

    @property
    def rate(self) -> float | None:
        return self.went_on / self.people if self.people else None


@dataclass(frozen=True)
class Difference:
    """Treatment less control in shares (`points`) and as a part of the control (`relative`), each with its 95 % interval."""

    points: float
    points_interval: tuple[float, float]
    relative: float | None
    relative_interval: tuple[float, float] | None


def difference(control: ArmCount, treatment: ArmCount) -> Difference | None:
    """How far two arms lie apart (Newcombe's interval from two Wilson ones; Katz's for the ratio); None of nobody."""
    low, high = wilson(control.went_on, control.people, Z95), wilson(treatment.went_on, treatment.people, Z95)
    before, after = control.rate, treatment.rate
    if low is None or high is None or before is None or after is None:
        return None
    points = after - before
    down = points - sqrt((after - high[0]) ** 2 + (low[1] - before) ** 2)
    up = points + sqrt((high[1] - after) ** 2 + (before - low[0]) ** 2)
    relative = None if before == 0 else after / before - 1
    return Difference(points, (down, up), relative, _ratio_interval(control, treatment))


def _ratio_interval(control: ArmCount, treatment: ArmCount) -> tuple[float, float] | None:
    """Katz's 95 % interval of the ratio less one, half a person added where an arm has none."""
    add = 0.5 if 0 in (control.went_on, treatment.went_on) else 0.0
    x0, n0, x1, n1 = (one + add for one in (control.went_on, control.people, treatment.went_on, treatment.people))
    if min(x0, x1) <= 0:
        return None
    spread = Z95 * sqrt(max(0.0, 1 / x1 - 1 / n1 + 1 / x0 - 1 / n0))
    middle = log(x1 / n1) - log(x0 / n0)
    return exp(middle - spread) - 1, exp(middle + spread) - 1


def status_after(verdict: str, winner: str | None) -> Status:
    """What the book's word on the two arms means for the change; `measuring` while it goes on."""
    if verdict == "ship":
        return "improved" if winner == TREATMENT else "regressed" if winner == CONTROL else "neutral"
    known: Mapping[str, Status] = {
        "roll_back": "regressed", "keep_going": "measuring", "inconclusive": "neutral", "unhealthy": "failed",
    }  # fmt: skip
    return known[verdict]


Likely = Literal["likely_better", "likely_worse", "unclear"]


def before_after(before: ArmCount, after: ArmCount, older: ArmCount | None) -> Likely:
    """What two windows say without a control: never more than likely.

    The step was chosen because it looked bad, so part of any rise is the way back to its mean: a rise has to stand against the
    older window too, which chose nothing. Without an older one nothing is said.
    """
    now = difference(before, after)
    past = None if older is None else difference(older, after)
    if now is None or past is None:
        return "unclear"
    if now.points_interval[0] > 0 and past.points_interval[0] > 0:
        return "likely_better"
    return "likely_worse" if now.points_interval[1] < 0 and past.points_interval[1] < 0 else "unclear"


def where_it_leaks(rates: Sequence[tuple[str, int, int]]) -> str:
    """Whether the rest of the world does clearly better than one value (value, people, went on): a leak in one place."""
    people, went_on = sum(one[1] for one in rates), sum(one[2] for one in rates)
    judged = [one for one in rates if one[1] >= FEWEST_PER_ARM]
    if len(judged) < 2:
        return "too few people to tell the values apart"
    worse = []
    for value, some, kept in judged:
        held, rest = wilson(kept, some, Z90), wilson(went_on - kept, people - some, Z90)
        if held is not None and rest is not None and held[1] < rest[0]:
            worse.append(value)
    return f"worse for {', '.join(worse)} than for the rest" if worse else "everywhere alike, as far as can be told"
