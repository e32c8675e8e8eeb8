"""What the loop says: hypotheses, statements for memory and lines for people, by fixed templates from numbers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from revenue_machine.domains.product.loop_models import CONTROL, TREATMENT, Arm, ProductExperiment, Status, StepLeak
from revenue_machine.domains.product.loop_rules import ArmCount, Difference
from revenue_machine.kit.money import show

Row = Mapping[str, Any]
WAITING = {
    "proposed": "is being put to you", "awaiting_approval": "waits for your yes", "delegated": "is about to be built",
    "running": "is being built",
}  # fmt: skip


def hypothesis(project: str, leak: StepLeak) -> str:
    """What is registered before anybody counts."""
    money = "" if leak.worth_micro_usd_per_week is None else f", worth {show(leak.worth_micro_usd_per_week)} a week"
    return (
        f"Mending what stops people of {project} between {leak.from_step} and {leak.to_step} lifts their share of "
        f"{leak.rate or 0:.1%}; at {leak.target or 0:.1%} it is {leak.gained_per_week or 0:.1f} people more a week{money}"
    )


def share_words(count: ArmCount) -> str:
    """`34 of 120 (28.3%)`."""
    return f"{count.went_on} of {count.people}" + ("" if count.rate is None else f" ({count.rate:.1%})")


def effect_words(found: Difference) -> str:
    """`+5.3 points (95 %: +0.1 to +10.5), +18 % (95 %: +0 % to +39 %)`."""
    low, high = found.points_interval
    words = f"{100 * found.points:+.1f} points (95 %: {100 * low:+.1f} to {100 * high:+.1f})"
    if found.relative is None or found.relative_interval is None:
        return words
    down, up = found.relative_interval
    return f"{words}, {100 * found.relative:+.0f} % (95 %: {100 * down:+.0f} % to {100 * up:+.0f} %)"


def measured_words(control: ArmCount, treatment: ArmCount, found: Difference, in_both: int) -> str:
    """Both arms and what lies between them."""
    both = f"; {in_both} people saw both sides and count in neither" if in_both else ""
    return f"{share_words(treatment)} with the change against {share_words(control)} without: {effect_words(found)}{both}"


def drift_words(baseline: ArmCount | None, control: ArmCount) -> str:
    """How the control moved by itself since before: that part is not the change's doing."""
    if baseline is None or baseline.rate is None or control.rate is None:
        return "before it nothing comparable was counted"
    moved = 100 * (control.rate - baseline.rate)
    return f"before it {share_words(baseline)}; without the change it moved by {moved:+.1f} points by itself"


def statement(row: Row, span: tuple[datetime, datetime] | None) -> str:
    """What memory keeps: the step, what was seen, when, and under which ids; what did not work is knowledge too."""
    when = "" if span is None else f" From {span[0].date().isoformat()} to {span[1].date().isoformat()}."
    ids = ", ".join(str(one) for one in (row["id"], row["delegation_id"], row["flag"]) if one)
    step, result = f"{row['project']}, {row['from_step']} to {row['to_step']}", row["result"] or "nothing was measured"
    return f"{step}: {row['status']}. {result}.{when} Ids: {ids}."


def line(row: Row, status: str) -> str:
    """One experiment in one line: what, since when, how it stands, what comes next."""
    step = f"{row['project']}: {row['from_step']} to {row['to_step']}"
    since = f"since {row['created_at'].date().isoformat()}"
    if status in WAITING:
        return f"{step}, a change {WAITING[status]} ({since})"
    if status == "measuring":
        left = "" if row["due_at"] is None else f"; next look {row['due_at'].date().isoformat()}"
        counts = row["counts"] or {}
        arms = f"; {counts[TREATMENT][0]} against {counts[CONTROL][0]} people so far" if TREATMENT in counts else ""
        return f"{step}, the change is measured ({since}){arms}{left}"
    return f"{step}, {status}: {row['result'] or 'nothing was measured'}"


def shown(row: Row, status: Status) -> ProductExperiment:
    """A row as topics answer it."""
    counts = row["counts"] or {}
    arms = [
        Arm(name=name, people=counts[name][0], went_on=counts[name][1], rate=ArmCount(*counts[name]).rate)
        for name in (CONTROL, TREATMENT)
        if name in counts
    ]
    follow_up = None
    if row["follow_up_kind"] is not None:
        follow_up = f"{row['follow_up_kind']}: {row['follow_up_outcome'] or 'under way'}"
    return ProductExperiment(
        experiment_id=row["id"], project=row["project"], step=f"{row['from_step']} to {row['to_step']}", status=status,
        hypothesis=row["hypothesis"], flag=row["flag"], flag_words=row["flag_words"] or "not asked yet",
        delegation_id=row["delegation_id"], baseline_conversion=row["baseline_conversion"],
        control_conversion=row["control_conversion"], post_conversion=row["post_conversion"], arms=arms,
        in_both_arms=row["in_both_arms"], effect_points=row["effect_points"],
        interval_points=_pair(row["points_low"], row["points_high"]), effect_relative=row["effect_relative"],
        interval_relative=_pair(row["relative_low"], row["relative_high"]),
        expected_micro_usd_per_week=row["expected_per_week_micro_usd"], result=row["result"], follow_up=follow_up,
        created_on=row["created_at"].date(), measuring_since=row["measuring_at"],
        next_look_at=row["due_at"] if row["finished_at"] is None else None, line=line(row, status),
    )  # fmt: skip


def _pair(low: float | None, high: float | None) -> tuple[float, float] | None:
    return None if low is None or high is None else (low, high)
