"""Pure arithmetic of funnels and cohorts: shares with their error, the biggest drop-off and its price, what is over."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from revenue_machine.domains.analytics.models import NO_VALUE, Coverage, DropOff, FunnelRow
from revenue_machine.kit.intervals import Z90, wilson

Counts = Mapping[str | None, Sequence[int]]
Medians = Mapping[str | None, Sequence[float | None]]
# A share is worth acting on when its interval reaches at most a quarter of it to each side.
WANTED_WIDTH = 0.25
COVERAGE_FLOOR = 0.8


def share(part: int, whole: int) -> float | None:
    """`part` of `whole` as 0..1; None of nobody."""
    return part / whole if whole > 0 else None


def needs_more(part: int, whole: int) -> int:
    """How many more people the step before needs until the interval is narrow enough; 0 when it is.

    The share is taken as the interval's middle, so that 0 of 10 does not ask for endlessly many.
    """
    square = Z90 * Z90
    middle = (part + square / 2) / (whole + square)
    wanted = math.ceil(square * (1 - middle) / (middle * WANTED_WIDTH * WANTED_WIDTH))
    return max(0, wanted - whole)


def funnel_rows(steps: Sequence[str], counts: Counts, medians: Medians | None = None) -> list[FunnelRow]:
    """A row per step and breakdown value; values with most people at the last step first, then by name."""
    order = sorted(counts, key=lambda name: (name == NO_VALUE, -counts[name][-1], name or ""))
    return [row for name in order for row in _rows(steps, counts[name], name, (medians or {}).get(name))]


def _rows(steps: Sequence[str], people: Sequence[int], name: str | None, medians: Sequence[float | None] | None) -> list[FunnelRow]:
    rows = []
    for place, step in enumerate(steps):
        before = people[place - 1] if place else 0
        rows.append(
            FunnelRow(
                step=step, people=people[place], kept=share(people[place], before) if place else None,
                kept_from_start=share(people[place], people[0]), breakdown=name,
                interval=wilson(people[place], before) if place else None,
                needs_more=needs_more(people[place], before) if place and before else None,
                median_s=medians[place] if medians else None,
            )
        )  # fmt: skip
    return rows


def total_counts(steps: Sequence[str], counts: Counts) -> list[int]:
    """People by step over all breakdown values."""
    return [sum(one[place] for one in counts.values()) for place in range(len(steps))]


def biggest_drop_off(rows: Sequence[FunnelRow], net_micro_usd: int | None = None) -> DropOff | None:
    """The step that loses the largest share of those before it; the earlier one when two lose the same.

    `net_micro_usd` is what the people of the last step brought: the lost are priced as if they had gone on like the others.
    """
    worst: DropOff | None = None
    for before, after in pairwise(rows):
        if after.kept is None or before.breakdown != after.breakdown:
            continue
        lost, gone = 1 - after.kept, before.people - after.people
        if worst is None or lost > worst.lost:
            value = None
            if net_micro_usd is not None and after.people > 0:
                # Those who stayed are worth net / stayed each on average, whoever of them came to the end.
                value = gone * net_micro_usd // after.people
            worst = DropOff(
                from_step=before.step, to_step=after.step, lost=lost, breakdown=after.breakdown, people_lost=gone,
                value_at_stake_micro_usd=value,
            )  # fmt: skip
    return worst


def coverage_of(name: str, first_step: Mapping[str | None, int]) -> Coverage:
    """Whose value is known among the people of step 1, by breakdown value."""
    people = sum(first_step.values())
    known = people - sum(count for value, count in first_step.items() if value in (None, NO_VALUE))
    return coverage(name, people, known)


def coverage(name: str, people: int, known: int) -> Coverage:
    """The share who carry the property, with a note that names it when too few do."""
    part = share(known, people)
    note = None
    if part is not None and part < COVERAGE_FLOOR:
        note = (
            f"only {part:.0%} of the people at the first step carry '{name}': the order of the rows is not to be trusted until the "
            f"first event is sent with {name}"
        )
    return Coverage(property=name, people=people, with_value=known, share=part, note=note)


def label_of(text: str | None) -> str | None:
    """A JSON value as a breakdown shows it; None for null and the empty text."""
    if text is None:
        return None
    value = json.loads(text)
    if isinstance(value, str):
        return value.strip() or None
    if value is None:
        return None
    return text if isinstance(value, dict | list) else json.dumps(value)


def kept_shares(counts: Sequence[int | None]) -> list[float | None]:
    """A retention cohort's counts as shares of its size; None stays None."""
    size = counts[0] if counts else None
    return [None if count is None or size is None else share(count, size) for count in counts]


def mature_counts(start: date, counts: Sequence[int], interval: str, now: datetime) -> list[int | None]:
    """Counts of the intervals from a cohort's start on, None for those that are not over at `now`; its own size always stands."""
    found: list[int | None] = []
    edge = start
    for place, count in enumerate(counts):
        edge = next_period(edge, interval)
        over = datetime(edge.year, edge.month, edge.day, tzinfo=UTC) <= now
        found.append(count if place == 0 or over else None)
    return found


def period_of(day: date, interval: str) -> date:
    """The first day of a day's interval; weeks begin on Sunday, as PostHog's do."""
    if interval == "month":
        return day.replace(day=1)
    return day - timedelta(days=(day.weekday() + 1) % 7) if interval == "week" else day


def next_period(start: date, interval: str) -> date:
    """The first day of the interval after."""
    if interval == "month":
        return (start.replace(day=1) + timedelta(days=32)).replace(day=1)
    return start + timedelta(days=7 if interval == "week" else 1)


def periods(first: date, last: date, interval: str) -> list[date]:
    """The first days of all intervals from one to another, both included."""
    found = [period_of(first, interval)]
    while (following := next_period(found[-1], interval)) <= last:
        found.append(following)
    return found
