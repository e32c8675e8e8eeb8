"""Pure arithmetic of funnels: what share each step keeps and where most people are lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from revenue_machine.domains.analytics.models import DropOff, FunnelRow

Counts = Mapping[str | None, Sequence[int]]


def share(part: int, whole: int) -> float | None:
    """`part` of `whole` as 0..1; None of nobody."""
    return part / whole if whole > 0 else None


def funnel_rows(steps: Sequence[str], counts: Counts) -> list[FunnelRow]:
    """A row per step and breakdown value; values with most people at the last step first, then by name."""
    order = sorted(counts, key=lambda name: (-counts[name][-1], name or ""))
    return [row for name in order for row in _rows(steps, counts[name], name)]


def _rows(steps: Sequence[str], people: Sequence[int], name: str | None) -> list[FunnelRow]:
    return [
        FunnelRow(
            step=step, people=people[place], kept=share(people[place], people[place - 1]) if place else None,
            kept_from_start=share(people[place], people[0]), breakdown=name,
        )
        for place, step in enumerate(steps)
    ]  # fmt: skip


def biggest_drop_off(rows: Sequence[FunnelRow]) -> DropOff | None:
    """The step that loses the largest share of those before it; the earlier one when two lose the same."""
    worst: DropOff | None = None
    for before, after in pairwise(rows):
        if after.kept is None or before.breakdown != after.breakdown:
            continue
        lost = 1 - after.kept
        if worst is None or lost > worst.lost:
            worst = DropOff(from_step=before.step, to_step=after.step, lost=lost, breakdown=after.breakdown)
    return worst


def kept_shares(counts: Sequence[int]) -> list[float | None]:
    """A retention cohort's counts as shares of its size."""
    return [share(count, counts[0]) for count in counts] if counts else []
