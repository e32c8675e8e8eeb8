"""Decides what the counts of an experiment prove: ship, roll back, keep going, inconclusive, or unhealthy.

In this order: fewer than 20 users or 5 conversions in an arm say nothing; a split that was not kept makes every number suspect;
then the rule of the looks decides, each arm against the control, all together at one level (Holm); an arm that earns less per
assigned user than the control is not shipped whatever it converts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from revenue_machine.domains.experiments import confidence_sequence, sample_ratio, shrinkage
from revenue_machine.domains.experiments.looks import Reach, Rule, detectable_at_end, power_at_end, rule_for
from revenue_machine.domains.experiments.models import (
    Arm,
    Comparison,
    EffectSize,
    Reason,
    Revenue,
    Verdict,
    VerdictArgs,
    VerdictResult,
)
from revenue_machine.domains.experiments.multiplicity import holm
from revenue_machine.domains.experiments.proportions import Counts, Difference
from revenue_machine.domains.experiments.refusing import refuse_nonsense
from revenue_machine.domains.experiments.revenue_per_user import MoneyDifference, Takings, variance_of

FEWEST_USERS, FEWEST_CONVERSIONS = 20, 5
NOTHING = EffectSize(absolute=None, relative=None)


@dataclass(frozen=True)
class Side:
    """One arm beside the control as the rule sees it; `standing` is filled in once all arms are compared."""

    arm: Arm
    step: Difference
    z: float
    critical: float
    money: MoneyDifference | None
    standing: str = "open"

    @property
    def users(self) -> int:
        """Of both arms."""
        return self.step.control.users + self.step.arm.users


@dataclass(frozen=True)
class Decision:
    """The word, why, about which side, and in how many days there is more to say."""

    verdict: Verdict
    reason: Reason
    side: Side | None
    days_left: int | None
    words: str


def judge(args: VerdictArgs) -> VerdictResult:
    """What the counts prove. Raises: bad_input naming the field for counts, names, splits and plans that cannot be."""
    refuse_nonsense(args)
    rule = rule_for(args)
    shares = [(args.planned_split or {}).get(arm.name, 1.0) for arm in args.arms]
    users = [arm.users for arm in args.arms]
    srm_p = sample_ratio.split_p(users, shares) if sum(users) else None
    sides = _sides(args, rule)
    decision = _too_few(args) or _broken(args, shares, srm_p) or _decided(args, rule, sides)
    return _answer(args, rule, decision, sides, srm_p)


def _counts(arm: Arm) -> Counts:
    return Counts(arm.users, arm.conversions)


def _sides(args: VerdictArgs, rule: Rule) -> list[Side]:
    """Every arm beside the control, none where an arm is empty."""
    control = next(arm for arm in args.arms if arm.name == args.control)
    others = [arm for arm in args.arms if arm.name != args.control]
    if not all(arm.users for arm in args.arms):
        return []
    steps = [Difference(_counts(control), _counts(arm)) for arm in others]
    level = args.alpha / len(others)
    sides = [
        Side(arm, step, rule.z(step), rule.critical(step.control.users + step.arm.users, level), _money(control, arm))
        for arm, step in zip(others, steps, strict=True)
    ]
    proven = holm([abs(one.z) for one in sides], lambda place, part: rule.critical(sides[place].users, part), args.alpha)
    return [
        Side(one.arm, one.step, one.z, one.critical, one.money, ("better" if one.z > 0 else "worse") if is_proven else "open")
        for one, is_proven in zip(sides, proven, strict=True)
    ]


def _money(control: Arm, arm: Arm) -> MoneyDifference | None:
    if control.revenue_usd is None or arm.revenue_usd is None:
        return None
    return MoneyDifference(_takings(control), _takings(arm))


def _takings(arm: Arm) -> Takings:
    dollars = float(arm.revenue_usd or 0)
    variance = arm.revenue_variance
    return Takings(arm.users, dollars, variance_of(arm.users, arm.conversions, dollars) if variance is None else variance)


def _too_few(args: VerdictArgs) -> Decision | None:
    for arm in args.arms:
        if arm.users < FEWEST_USERS or arm.conversions < FEWEST_CONVERSIONS:
            words = (
                f"Inconclusive: {arm.name} has {arm.users} users and {arm.conversions} conversions; "
                f"below {FEWEST_USERS} and {FEWEST_CONVERSIONS} nothing can be said."
            )
            return Decision("inconclusive", "too_few", None, None, words)
    return None


def _broken(args: VerdictArgs, shares: list[float], srm_p: float | None) -> Decision | None:
    if srm_p is None or srm_p >= sample_ratio.BROKEN:
        return None
    cause = sample_ratio.likely_cause([arm.name for arm in args.arms], [_counts(arm) for arm in args.arms], shares)
    said = f"Unhealthy: people were not split as planned (p {max(srm_p, 1e-300):.1g}), so no number here can be trusted."
    words = f"{said} First suspicion: {cause}."
    return Decision("unhealthy", "sample_ratio", None, None, words)


def _decided(args: VerdictArgs, rule: Rule, sides: list[Side]) -> Decision:
    level = args.alpha / len(sides)
    better = [one for one in sides if one.standing == "better"]
    if better:
        return _best(args, rule, better, level)
    if all(one.standing == "worse" for one in sides):
        leader = _leader(sides)
        richer = [one for one in sides if one.money and one.money.z >= one.critical]
        if richer:
            one = _leader(richer)
            told = f"{one.arm.name} converts less and earns more per user than {args.control}"
            words = f"Inconclusive: {told}; decide by hand what counts."
            return Decision("inconclusive", "revenue_disagrees", one, None, words)
        return Decision("roll_back", "proven", leader, 0, f"Roll back to {args.control}: {_told(args, leader)}.")
    leader = _leader([one for one in sides if one.standing == "open"])
    return _open(args, leader, rule.reach(leader.z, leader.users, level))


def _best(args: VerdictArgs, rule: Rule, better: list[Side], level: float) -> Decision:
    """Some arm is proven to convert better: it is shipped unless it earns less, or it is too early for any arm to be."""
    earning = [one for one in better if not (one.money and one.money.falls)]
    if not earning:
        return _earns_less(args, rule, _leader(better), level)
    leader = _leader(earning)
    if args.days < args.minimum_days:
        left = math.ceil(args.minimum_days - args.days)
        words = f"Keep going {left} more days: {_told(args, leader)}, but not before day {args.minimum_days:g}."
        return Decision("keep_going", "too_early", leader, left, words)
    return Decision("ship", "proven", leader, 0, f"Ship {leader.arm.name}: {_told(args, leader)}.")


def _earns_less(args: VerdictArgs, rule: Rule, side: Side, level: float) -> Decision:
    """It converts better and brings less per user: proven, it goes; not proven, it waits; at the end nothing is decided."""
    money = side.money
    if money is None:
        raise ValueError("an arm without revenue cannot earn less")
    told = f"{side.arm.name} converts better than {args.control} but earns ${-money.absolute:.4g} less per user"
    if money.z <= -side.critical:
        return Decision("roll_back", "revenue_falls", side, 0, f"Roll back to {args.control}: {told}, and that is proven.")
    reach = rule.reach(money.z, side.users, level)
    if reach.is_reachable and not reach.has_ended:
        return Decision("keep_going", "revenue_falls", side, reach.days_left, f"Keep going: {told}, which may be chance.")
    return Decision("inconclusive", "revenue_falls", side, reach.days_left, f"Inconclusive: {told}, so it is not shipped.")


def _open(args: VerdictArgs, side: Side, reach: Reach) -> Decision:
    told = _told(args, side)
    if reach.has_ended:
        return Decision("inconclusive", "end_reached", side, 0, f"Inconclusive at the planned end: {told}.")
    if reach.is_reachable:
        days = "day" if reach.days_left == 1 else "days"
        return Decision("keep_going", "not_yet", side, reach.days_left, f"Keep going {reach.days_left} more {days}: {told}.")
    when = "in no time anybody can name" if reach.days_left is None else f"in {reach.days_left} days"
    return Decision("inconclusive", "out_of_reach", side, reach.days_left, f"Inconclusive: {told}; at this traffic decided {when}.")


def _leader(sides: list[Side]) -> Side:
    """The arm that converts best, the first named of equals."""
    return max(sides, key=lambda one: one.step.absolute)


def _told(args: VerdictArgs, side: Side) -> str:
    low, high = side.step.interval(side.critical)
    relative = f", {side.step.relative:+.1%}" if side.step.relative is not None else ""
    return (
        f"{side.arm.name} converts {side.step.arm.rate:.2%}, {args.control} {side.step.control.rate:.2%} "
        f"({100 * side.step.absolute:+.2f} points{relative}; between {100 * low:+.2f} and {100 * high:+.2f})"
    )


def _answer(args: VerdictArgs, rule: Rule, decision: Decision, sides: list[Side], srm_p: float | None) -> VerdictResult:
    side = decision.side or (_leader(sides) if sides else None)
    level = args.alpha / max(1, len(sides))
    first = next(arm.name for arm in args.arms if arm.name != args.control)
    shown = [_comparison(args, one) for one in sides]
    own = next((one for one in shown if side and one.name == side.arm.name), None)
    winner = {"ship": own.name if own else None, "roll_back": args.control}.get(decision.verdict)
    return VerdictResult(
        verdict=decision.verdict,
        winner=winner,
        effect=own.effect if own else NOTHING,
        interval=own.interval if own else None,
        p_value=own.p_value if own else None,
        p_always_valid=own.p_always_valid if own else None,
        srm_p=srm_p,
        days_left=decision.days_left,
        arm=own.name if own else first,
        relative_interval=own.relative_interval if own else None,
        power=power_at_end(rule, side.z, side.users, level) if side else None,
        detectable=detectable_at_end(rule, side.step, level) if side else None,
        chance_to_win=shrinkage.believed(side.step.control, side.step.arm).chance_to_win if side else None,
        rule=rule.name,
        reason=decision.reason,
        words=decision.words,
        arms=tuple(shown),
    )


def _comparison(args: VerdictArgs, side: Side) -> Comparison:
    step = side.step
    precision = confidence_sequence.tuning(args.alpha, args.tuning_users)
    return Comparison(
        name=side.arm.name,
        users=step.arm.users,
        conversions=step.arm.conversions,
        rate=step.arm.rate,
        effect=EffectSize(absolute=step.absolute, relative=step.relative),
        interval=step.interval(side.critical),
        relative_interval=step.relative_interval(side.critical),
        p_value=step.p_value,
        p_always_valid=confidence_sequence.always_valid_p(step.z_apart, side.users, precision),
        standing="better" if side.standing == "better" else "worse" if side.standing == "worse" else "open",
        revenue=_revenue(side),
    )


def _revenue(side: Side) -> Revenue | None:
    if side.money is None:
        return None
    return Revenue(
        control=side.money.control.mean,
        arm=side.money.arm.mean,
        difference=side.money.absolute,
        interval=side.money.interval(side.critical),
        z=max(-1e9, min(1e9, side.money.z)),
    )
