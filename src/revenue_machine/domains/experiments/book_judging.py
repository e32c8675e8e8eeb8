"""What the statistics say of an experiment's counts, in the book's own terms; the only place where the book meets them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from revenue_machine.domains.experiments.asked import WEEK_DAYS, LookArm, Word
from revenue_machine.domains.experiments.lasting import lasting as lasting_of
from revenue_machine.domains.experiments.models import TUNING_USERS, Arm, Plan, VerdictArgs, VerdictResult
from revenue_machine.domains.experiments.multiplicity import FAMILY, alpha_for
from revenue_machine.domains.experiments.proportions import Counts, Difference
from revenue_machine.domains.experiments.shrinkage import Z95, check
from revenue_machine.domains.experiments.verdict import FEWEST_CONVERSIONS, FEWEST_USERS
from revenue_machine.domains.experiments.verdict import judge as judge_counts
from revenue_machine.domains.experiments.waiting import dollars_per_week


@dataclass(frozen=True)
class Judged:
    """A look's statistics as its row keeps them; money is micro-dollars a week, None while it is too early."""

    said: Word
    words: str
    winner: str | None
    arm: str
    effect_absolute: float | None
    effect_relative: float | None
    interval_low: float | None
    interval_high: float | None
    p_value: float | None
    p_always_valid: float | None
    srm_p: float | None
    power: float | None
    chance_to_win: float | None
    days_left: int | None
    rule: str
    ship_now_micro_usd: int | None
    ship_risk_micro_usd: int | None
    waiting_micro_usd: int | None


def judge(row: Mapping[str, Any], arms: Sequence[LookArm], days: int, look: int | None, phase: str) -> Judged:
    """What counts prove: by the plan at its own looks, by the anytime-valid rule at all others.

    The measure's first whole week is a single look planned beforehand; the weeks after it are free looks.
    """
    looks = row["planned_looks"] if phase == "test" else 1
    plan = None if looks is None or look is None else Plan(looks=looks, look=look)
    said = judge_counts(
        VerdictArgs(
            arms=tuple(_arm(one) for one in arms), control=row["control"], days=days, planned_split=_split(row, arms, phase),
            plan=plan, alpha=row["alpha"] if phase == "test" else FAMILY, minimum_days=0, tuning_users=TUNING_USERS,
        )
    )  # fmt: skip
    low, high = said.interval or (None, None)
    now, risk, wait = _money(row, arms, days, said)
    return Judged(
        said=said.verdict, words=said.words, winner=said.winner, arm=said.arm, effect_absolute=said.effect.absolute,
        effect_relative=said.effect.relative, interval_low=low, interval_high=high, p_value=said.p_value,
        p_always_valid=said.p_always_valid, srm_p=said.srm_p, power=said.power, chance_to_win=said.chance_to_win,
        days_left=said.days_left, rule=said.rule, ship_now_micro_usd=now, ship_risk_micro_usd=risk, waiting_micro_usd=wait,
    )  # fmt: skip


def _arm(one: LookArm) -> Arm:
    return Arm(
        name=one.name, users=one.users, conversions=one.conversions, revenue_usd=one.revenue_usd,
        revenue_variance=one.revenue_variance,
    )  # fmt: skip


def _split(row: Mapping[str, Any], arms: Sequence[LookArm], phase: str) -> dict[str, float] | None:
    """Who should be where: as registered, or by the holdout; where nobody said how much is held out, as it is."""
    if phase == "test":
        return dict(row["planned_split"])
    names, users = [one.name for one in arms], sum(one.users for one in arms)
    share = row["holdout_share"]
    if share and share < 1 and len(names) == 2:
        return {name: share if name == row["control"] else 1 - share for name in names}
    return {one.name: (one.users + 1) / (users + len(arms)) for one in arms}


def _money(
    row: Mapping[str, Any], arms: Sequence[LookArm], days: int, said: VerdictResult
) -> tuple[int, int, int] | tuple[None, None, None]:
    """(shipping now, its risk, waiting): None while counts are too few, or not to be trusted."""
    by_name = {one.name: one for one in arms}
    control, best = by_name[row["control"]], by_name[said.arm]
    few = min(control.users, best.users) < FEWEST_USERS or min(control.conversions, best.conversions) < FEWEST_CONVERSIONS
    if few or days < 1 or said.verdict == "unhealthy" or row["value_per_conversion_micro_usd"] == 0:
        return None, None, None
    users = sum(one.users for one in arms)
    found = dollars_per_week(
        _counts(control), _counts(best), weekly_users=users * WEEK_DAYS / days,
        value_micro_usd=row["value_per_conversion_micro_usd"], share=best.users / users,
    )  # fmt: skip
    return found.ship_now_micro_usd, found.risk_micro_usd, found.wait_micro_usd


def _counts(one: LookArm) -> Counts:
    return Counts(one.users, one.conversions)


def family_alpha(open_alphas: Sequence[float], most_open: int | None) -> float:
    """The share of false alarms an experiment opened now may have; 0 where those open hold it all. None: a family of its own."""
    return FAMILY if most_open is None else alpha_for(open_alphas, most_open)


@dataclass(frozen=True)
class Window:
    """Winner and holdout in the days between two looks at the measure."""

    look: Mapping[str, Any]
    days: int
    control: Counts
    winner: Counts

    @property
    def difference(self) -> Difference | None:
        """None while somebody is nobody."""
        return Difference(self.control, self.winner) if self.control.users and self.winner.users else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """95 %, of these days alone."""
        found = self.difference
        return None if found is None else found.interval(Z95)


def windows(row: Mapping[str, Any], measure: Sequence[Mapping[str, Any]]) -> list[Window]:
    """What each look at the measure added to the one before, the first whole week as one."""
    found, before = list[Window](), (0, Counts(0, 0), Counts(0, 0))
    for look in measure:
        if look["days"] < WEEK_DAYS:
            continue
        control, winner = pair(row, look)
        days = look["days"] - before[0]
        if days > 0:
            found.append(Window(look, days, _less(control, before[1]), _less(winner, before[2])))
            before = (look["days"], control, winner)
    return found


def _less(now: Counts, before: Counts) -> Counts:
    users = now.users - before.users
    return Counts(users, min(users, max(0, now.conversions - before.conversions)))


def pair(row: Mapping[str, Any], look: Mapping[str, Any]) -> tuple[Counts, Counts]:
    """(control, best arm) of a look: the shipped one, where one is known."""
    arms = {one["name"]: Counts(one["users"], one["conversions"]) for one in look["counts"]}
    is_shipped = row["winner"] in arms and row["winner"] != row["control"]
    return arms[row["control"]], arms[row["winner"] if is_shipped else look["arm"]]


def measure_check(row: Mapping[str, Any], test: Mapping[str, Any] | None, measure: Sequence[Mapping[str, Any]]) -> str | None:
    """Whether the measure's first whole week bears the test out, once a winner's luck is taken off; None before there is one."""
    weeks = [look for look in measure if look["days"] >= WEEK_DAYS]
    if test is None or not weeks:
        return None
    one, other = pair(row, test), pair(row, weeks[0])
    return None if not all(side.users for side in (*one, *other)) else check(one, other).words


def lasting(found: Sequence[Window]) -> str | None:
    """Whether the effect lasts, week by week, in a line; None before there are weeks enough to say."""
    weeks = [(one.control, one.winner) for one in found if one.control.users and one.winner.users]
    seen = lasting_of(weeks)
    return None if seen.finding == "too_few" else seen.words
