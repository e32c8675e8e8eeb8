"""Answers what to ask before a test is opened, how long it will take, and before its revenue is judged, how ripe that is."""

from __future__ import annotations

import math
from collections import defaultdict
from decimal import Decimal

from revenue_machine.domains.experiments.looks import MOST_DAYS
from revenue_machine.domains.experiments.maturing import Cohort, curve_of, matured
from revenue_machine.domains.experiments.models import MaturedArm, MaturityArgs, MaturityResult, SizeArgs, SizeResult
from revenue_machine.domains.experiments.power import anytime_power, expected_z, users_needed
from revenue_machine.kit.errors import BadInput
from revenue_machine.kit.money import dollars, micro


def size(args: SizeArgs) -> SizeResult:
    """How many users and days an effect takes. Raises: bad_input for no effect, or one that would convert more than everybody."""
    if args.lift == 0 or not 0 < args.rate * (1 + args.lift) < 1:
        raise BadInput("lift: not 0, and the arm's rate has to lie between 0 and 1", field="lift")
    if args.alpha >= args.chance:
        raise BadInput("chance: above alpha, or nothing need be tested", field="chance")
    users = users_needed(args.rate, args.lift, chance=args.chance, looks=args.looks, level=args.alpha, arm_share=args.arm_share)
    days = max(1, math.ceil(users / args.users_per_day))
    come = max(2, round(days * args.users_per_day))
    drift = expected_z(args.rate, args.lift, come, args.arm_share)
    free = anytime_power(drift, come, min(days, MOST_DAYS), args.alpha)
    kind = "one look at the end" if args.looks == 1 else f"{args.looks} planned looks"
    found = f"{users:,} users in {days} days find {args.lift:+.0%} with {args.chance:.0%}"
    words = f"{found} by {kind}; looked at daily without a plan {free:.0%}."
    return SizeResult(users=users, days=days, is_reachable=days <= MOST_DAYS, anytime_chance=free, words=words)


def maturity(args: MaturityArgs) -> MaturityResult:
    """The maturity curve of all cohorts together, and each arm's revenue per assigned user at its end."""
    by_arm: dict[str, list[Cohort]] = defaultdict(list)
    cohorts: list[Cohort] = []
    for row in args.cohorts:
        cohorts.append(Cohort(row.users, tuple(micro(one) for one in row.revenue_usd_by_day)))
        if row.arm is not None:
            by_arm[row.arm].append(cohorts[-1])
    curve = curve_of(cohorts, args.horizon_days)
    arms: dict[str, MaturedArm] = {}
    for name in sorted(by_arm):
        found = matured(by_arm[name], curve)
        if found is not None:
            arms[name] = MaturedArm(users=found.users, revenue_usd_per_user=_usd(found.per_user), seen=found.seen)
    return MaturityResult(
        days=curve.days,
        share=curve.share(args.at_day),
        revenue_usd_per_user_by_day=tuple(_usd(one) for one in curve.by_age),
        arms=arms,
        words=curve.words(args.at_day),
    )


def _usd(micro_dollars: float) -> Decimal:
    return dollars(round(micro_dollars))
