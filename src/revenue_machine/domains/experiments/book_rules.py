"""Pure: what of an experiment may still change, which look decides, what the statistics' word becomes, which counts can be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from revenue_machine.domains.experiments.asked import WEEK_DAYS, LookArm, OpenArgs, Status, Word

# Kinds the machine opens and may act on by itself: they share the phase's limit and the error of one family.
LOOPS = ("paywall", "product", "aso")
# What may not change once somebody has seen a count.
REGISTERED = (
    "hypothesis", "metric", "arms", "control", "planned_split", "planned_days", "minimum_days", "planned_looks",
    "value_per_conversion_micro_usd",
)  # fmt: skip
DECIDING = ("ship", "roll_back")
# Endings after which the change stays, and its holdout goes on being looked at.
STAYS = ("shipped", "improved", "neutral")
STALE_DAYS = 3
# The last day's counts come in the evening, or the evening after.
GRACE = timedelta(days=2)
MOVES: Mapping[Status, frozenset[Status]] = {
    "open": frozenset({"decided", "applying"}),
    "decided": frozenset({"open", "applying"}),
    "applying": frozenset({"open", "decided", "measuring"}),
    "measuring": frozenset({"applying"}),
    "closed": frozenset(),
}


@dataclass(frozen=True)
class Plan:
    """Where a look stands in what was registered; `look` None: between the planned ones."""

    days: int
    minimum_days: int
    planned_days: int
    planned_looks: int | None
    look: int | None


@dataclass(frozen=True)
class Ruling:
    """The book's word on a look, why it is not the statistics', and the days until it may be another."""

    verdict: Word
    reason: str
    days_left: int | None


def equal_split(arms: Sequence[str]) -> dict[str, float]:
    """The same share for each."""
    return dict.fromkeys(arms, 1 / len(arms))


def changed_fields(row: Mapping[str, Any], fresh: Mapping[str, Any]) -> list[str]:
    """Registered fields that another opening would change; arms in another order are the same arms."""
    return [name for name in REGISTERED if _plain(row[name]) != _plain(fresh[name])]


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return sorted(value)
    return {name: round(float(share), 9) for name, share in value.items()} if isinstance(value, dict) else value


def planned_look(args: Mapping[str, Any], days: int, used: int) -> int | None:
    """Which planned look this is: the newest due one that no earlier date has taken; None between them, or without a plan."""
    looks = args["planned_looks"]
    if looks is None:
        return None
    due = min(looks, days * looks // args["planned_days"])
    return due if due > used else None


def ruling(said: Word, days_left: int | None, plan: Plan) -> Ruling:
    """What a look of the test phase means: nothing ships or rolls back before its least days or between planned looks."""
    if said == "unhealthy":
        return Ruling("unhealthy", "", None)
    if plan.days < plan.minimum_days:
        early = f"day {plan.days}: nothing is decided before day {plan.minimum_days}"
        return Ruling("keep_going", early, plan.minimum_days - plan.days)
    rest = plan.planned_days - plan.days
    is_between = plan.planned_looks is not None and plan.look is None
    if said in DECIDING and not is_between:
        return Ruling(said, "", None)
    if rest <= 0:
        return Ruling("inconclusive", "the planned end is reached and no arm is shown to be better", None)
    if is_between:
        return Ruling("keep_going", "between two planned looks", _next_look_in(plan))
    reason = "too few people, or too small a difference, to decide yet" if said == "inconclusive" else ""
    return Ruling("keep_going", reason, rest if days_left is None else max(1, min(rest, days_left)))


def _next_look_in(plan: Plan) -> int:
    """Days until the next planned look."""
    looks = plan.planned_looks or 1
    coming = plan.days * looks // plan.planned_days + 1
    return -(-coming * plan.planned_days // looks) - plan.days


def measure_ruling(said: Word, days: int) -> Ruling:
    """What a look at winner against holdout means: a whole week first, then better, worse, or no difference shown."""
    if said == "unhealthy":
        return Ruling("unhealthy", "", None)
    if days < WEEK_DAYS:
        return Ruling("keep_going", f"day {days} of {WEEK_DAYS} of the measure", WEEK_DAYS - days)
    if said in DECIDING:
        return Ruling(said, "", None)
    return Ruling("inconclusive", "no difference shown", None)


def impossible(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None, days: int, arms: Sequence[LookArm]) -> str | None:
    """Why cumulative counts cannot follow those of an earlier date and precede those of a later one; None when they can."""
    for look, sign, word in ((before, 1, "fewer"), (after, -1, "more")):
        if look is None:
            continue
        if sign * (days - look["days"]) < 0:
            return f"days: {days}, but {look['on_date']} had {look['days']}: counts are cumulative, days only grow"
        known = {one["name"]: one["users"] for one in look["counts"]}
        for arm in arms:
            users = known.get(arm.name, 0 if sign > 0 else arm.users)
            if sign * (arm.users - users) < 0:
                told = f"{word} than the {users} of {look['on_date']}"
                return f"arms: {arm.name} has {arm.users} users, {told}: counts are cumulative"
    return None


def too_many_days(started_on: date, on_date: date, days: int) -> str | None:
    """Why a phase cannot have that many days by a date; None when it can."""
    most = (on_date - started_on).days + 1
    return None if days <= max(most, 0) else f"days: {days}, but from {started_on} to {on_date} there are {max(most, 0)}"


def wrong_arms(row: Mapping[str, Any], phase: str, arms: Sequence[LookArm]) -> str | None:
    """Why these are not the arms to look at; the measure compares the control, held out, with what was shipped."""
    names = [arm.name for arm in arms]
    if len(set(names)) != len(names):
        return "arms: each name once"
    strangers = sorted(set(names) - set(row["arms"]))
    if strangers:
        return f"arms: {', '.join(strangers)} was not registered; the arms are {', '.join(row['arms'])}"
    if row["control"] not in names:
        return f"arms: the control {row['control']} is missing"
    missing = sorted(set(row["arms"]) - set(names))
    return f"arms: {', '.join(missing)} is missing" if missing and phase == "test" else None


def wrong_move(row: Mapping[str, Any], to: Status, has_looks: bool) -> str | None:  # noqa: FBT001 - a fact, no switch
    """Why an experiment may not come to stand so; None when it may. A broken split, or no decision, blocks every change."""
    now: Status = row["status"]
    if to == now:
        return None
    if to not in MOVES[now]:
        return f"it is {now}: from there it becomes {', '.join(sorted(MOVES[now])) or 'nothing else'}"
    if has_looks and to == "open" and row["verdict"] in DECIDING:
        return f"it is decided ({row['verdict'].replace('_', ' ')}): close it, or apply it"
    if has_looks and to in ("decided", "applying") and now != "measuring" and row["verdict"] not in DECIDING:
        return f"nothing is changed on the verdict {(row['verdict'] or 'none yet').replace('_', ' ')}"
    return None


def is_held_out(row: Mapping[str, Any]) -> bool:
    """Whether a closed experiment's change stays and somebody still goes without it."""
    return row["status"] == "closed" and row["outcome"] in STAYS and row["shipped_at"] is not None and bool(row["holdout_share"])


def is_stale(row: Mapping[str, Any], last_on: date | None, since: date, today: date) -> int | None:
    """For how many days no count has come, from three on, while counts are awaited; else None."""
    if row["status"] not in ("open", "measuring"):
        return None
    silent = (today - (last_on if last_on is not None and last_on >= since else since)).days
    return silent if silent >= STALE_DAYS else None


def registration(args: OpenArgs, value_micro_usd: int) -> dict[str, Any]:
    """The registered fields as a row keeps them."""
    split = dict(args.planned_split) or equal_split(args.arms)
    return {
        "title": args.title, "hypothesis": args.hypothesis, "metric": args.metric, "control": args.control,
        "arms": list(args.arms), "planned_split": {name: split[name] for name in args.arms}, "planned_days": args.planned_days,
        "minimum_days": args.minimum_days, "planned_looks": args.planned_looks,
        "value_per_conversion_micro_usd": value_micro_usd,
    }  # fmt: skip
