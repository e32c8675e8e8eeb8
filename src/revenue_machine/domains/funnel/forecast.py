"""Pure: when 50, 200 and 500 people will pay at today's pace, drawn many times from what the counts allow; and what would help."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from math import exp, log
from random import Random

from revenue_machine.domains.funnel.judging import BANDS
from revenue_machine.domains.funnel.models import Flow, ForecastReport, Lever, Milestone, StepRate

GOALS = (50, 200, 500)
PATHS, WEEKS, WEEK = 200, 104, 7
EARLY, LIKELY, LATE = 0.10, 0.50, 0.90
_STEPS = ("impression_to_click", "click_to_signup", "signup_to_trial", "trial_to_paid")
HORIZON_DAYS = WEEKS * WEEK


def forecast(today: date, payers: int, flow: Flow, rates: Sequence[StepRate], draws: Random) -> ForecastReport:
    """Deterministic for the same counts and draws."""
    open_goals = [goal for goal in GOALS if goal > payers]
    if flow.is_early:
        reason = f"too early: {flow.joined} new payers in {flow.days} days; from 5 in 7 days on there is a forecast"
        return ForecastReport(
            is_early=True, reason=reason, joined_28d=flow.joined, left_28d=flow.left, milestones=[], levers=[]
        )  # fmt: skip
    weeks = [_weeks_to(open_goals, payers, flow, draws) for _ in range(PATHS)] if open_goals else []
    milestones = [
        Milestone(payers=goal, early=_at(today, reached, EARLY), likely=_at(today, reached, LIKELY), late=_at(today, reached, LATE))
        for goal in open_goals
        for reached in [sorted(path[goal] for path in weeks)]
    ]
    return ForecastReport(
        is_early=False, reason=None, joined_28d=flow.joined, left_28d=flow.left, milestones=milestones,
        levers=levers(payers, open_goals[0], flow, rates) if open_goals else [],
    )  # fmt: skip


def _weeks_to(goals: Sequence[int], payers: int, flow: Flow, draws: Random) -> Mapping[int, int]:
    """One possible future: the pace as the counts allow it, then week by week; WEEKS + 1 for never."""
    per_week = draws.gammavariate(flow.joined + 0.5, 1.0) / flow.days * WEEK
    leaving = _weekly_share(draws.gammavariate(flow.left + 0.5, 1.0) / max(flow.payer_days, 1.0))
    reached = dict.fromkeys(goals, WEEKS + 1)
    count = payers
    for week in range(1, WEEKS + 1):
        count = max(0, count + _poisson(per_week, draws) - min(count, _poisson(count * leaving, draws)))
        for goal in goals:
            if count >= goal and reached[goal] > WEEKS:
                reached[goal] = week
        if reached[goals[-1]] <= WEEKS:
            break
    return reached


def _weekly_share(per_day: float) -> float:
    return 1 - exp(-min(per_day, 1.0) * WEEK)


def _poisson(mean: float, draws: Random) -> int:
    if mean <= 0:
        return 0
    if mean > 30:
        return max(0, round(draws.gauss(mean, mean**0.5)))
    limit, product, count = exp(-mean), draws.random(), 0
    while product > limit:
        product *= draws.random()
        count += 1
    return count


def _at(today: date, weeks: Sequence[int], share: float) -> date | None:
    """The date by which that share of the futures got there."""
    week = weeks[min(len(weeks) - 1, int(share * len(weeks)))]
    return None if week > WEEKS else today + timedelta(days=week * WEEK)


def levers(payers: int, goal: int, flow: Flow, rates: Sequence[StepRate]) -> list[Lever]:
    """Each step lifted to its target, or to the top of its band when it is there already; the most helpful first."""
    per_day, leaving = flow.joined / flow.days, flow.left / max(flow.payer_days, 1.0)
    now = days_until(payers, goal, per_day, leaving)
    found = []
    for one in rates:
        if not one.rate or (one.step == "month1_retention" and one.whole == 0):
            continue
        to_rate = _lifted(one)
        if to_rate is None:
            continue
        if one.step in _STEPS:
            then = days_until(payers, goal, per_day * to_rate / one.rate, leaving)
        else:
            then = days_until(payers, goal, per_day, min(leaving, -log(min(to_rate, 0.999)) / 30))
        saved = None if then is None else (HORIZON_DAYS if now is None else now) - then
        found.append(
            Lever(step=one.step, from_rate=one.rate, to_rate=to_rate, days_to_next=then, days_saved=saved)
        )  # fmt: skip
    return sorted(found, key=lambda one: (-(one.days_saved or 0), one.step))


def _lifted(one: StepRate) -> float | None:
    band = BANDS[one.step]
    rate = one.rate or 0.0
    if rate < band.low:
        return band.low
    return band.high if rate < band.high and one.step in _STEPS else None


def days_until(payers: int, goal: int, per_day: float, leaving: float) -> int | None:
    """Days until so many pay on average, when so many come a day and such a share leaves; None for not within two years."""
    if per_day <= 0:
        return None
    if leaving <= 0:
        days = (goal - payers) / per_day
    else:
        level = per_day / leaving
        if level <= goal:
            return None
        days = -log((level - goal) / (level - payers)) / leaving
    return round(days) if days <= HORIZON_DAYS else None


def month1_forecast(leaving: int, days_at_risk: float) -> float | None:
    """Of those who pay for less than a month: the share that will still pay after it, by how many gave notice per day so far."""
    return None if days_at_risk < 30 else exp(-30 * leaving / days_at_risk)
