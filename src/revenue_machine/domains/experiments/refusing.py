"""Refuses counts, names, splits and plans that cannot be, each by the name of its field."""

from __future__ import annotations

import difflib
import math

from revenue_machine.domains.experiments.group_sequential import CLOSEST
from revenue_machine.domains.experiments.models import Plan, VerdictArgs
from revenue_machine.kit.errors import BadInput

# Shares rounded for people (0.33, 0.33, 0.34) still sum to 1.
ROUNDING = 1e-3


def refuse_nonsense(args: VerdictArgs) -> None:
    """Raises: bad_input with the field that cannot be; types and ranges were checked before."""
    _arms(args)
    names = [arm.name for arm in args.arms]
    if args.control not in names:
        near = difflib.get_close_matches(args.control, names, 1)
        hint = f"; did you mean {near[0]}?" if near else f"; the arms are {', '.join(names[:5])}"
        raise BadInput(f"control: no arm is called {args.control!r}{hint}", field="control")
    if args.planned_split is not None:
        _split(args.planned_split, names)
    if args.plan:
        _plan(args.plan)


def _arms(args: VerdictArgs) -> None:
    seen: set[str] = set()
    has_money = any(arm.revenue_usd is not None for arm in args.arms)
    for place, arm in enumerate(args.arms):
        at = f"arms.{place}"
        if arm.name in seen:
            raise BadInput(f"{at}.name: there are two arms called {arm.name!r}", field=f"{at}.name")
        seen.add(arm.name)
        if arm.conversions > arm.users:
            mistake = f"{at}.conversions: {arm.conversions} conversions of {arm.users} users; count each person once"
            raise BadInput(mistake, field=f"{at}.conversions")
        if has_money and arm.revenue_usd is None:
            mistake = f"{at}.revenue_usd: give the revenue of every arm or of none, or {arm.name!r} cannot be compared"
            raise BadInput(mistake, field=f"{at}.revenue_usd")
        if arm.revenue_variance is not None and arm.revenue_usd is None:
            raise BadInput(f"{at}.revenue_variance: a variance needs its revenue_usd", field=f"{at}.revenue_variance")


def _split(split: dict[str, float], names: list[str]) -> None:
    for name in names:
        if name not in split:
            raise BadInput(f"planned_split: {name!r} has no share", field="planned_split")
    for name in split:
        if name not in names:
            raise BadInput(f"planned_split: no arm is called {name!r}", field=f"planned_split.{name}")
    total = math.fsum(split.values())
    if abs(total - 1) > ROUNDING:
        raise BadInput(f"planned_split: the shares sum to {total:g}, not to 1", field="planned_split")


def _plan(plan: Plan) -> None:
    if plan.look > plan.looks:
        raise BadInput(f"plan.look: look {plan.look} of {plan.looks} was not planned", field="plan.look")
    if plan.fractions is None:
        return
    if len(plan.fractions) != plan.look:
        raise BadInput(f"plan.fractions: one for each of the {plan.look} looks so far", field="plan.fractions")
    before = 0.0
    for fraction in plan.fractions:
        if fraction - before < CLOSEST:
            raise BadInput(f"plan.fractions: each at least {CLOSEST:g} more than the one before", field="plan.fractions")
        before = fraction
    if before > 10:
        raise BadInput("plan.fractions: ten times as many users as planned is another plan", field="plan.fractions")
