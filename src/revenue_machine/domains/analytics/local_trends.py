"""Counts events by calendar interval and follows cohorts, over people's events kept here; days are UTC's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from revenue_machine.domains.analytics import rules
from revenue_machine.domains.analytics.models import NO_VALUE, OTHER, Cohort, Point, Series
from revenue_machine.domains.analytics.moments import EPOCH
from revenue_machine.domains.analytics.reads import EventRow, Span

DAY_US = 86_400_000_000
MOST_VALUES = 100


class _Calendar:
    """The interval of an instant; every day is looked up once."""

    def __init__(self, interval: str) -> None:
        self._interval, self._known = interval, dict[int, date]()

    def period(self, at_us: int) -> date:
        """The first day of the interval."""
        day = at_us // DAY_US
        if day not in self._known:
            self._known[day] = rules.period_of(EPOCH.date() + timedelta(days=day), self._interval)
        return self._known[day]


def series_of(rows: Sequence[EventRow], span: Span, interval: str, *, counts_people: bool, has_values: bool) -> list[Series]:
    """A line per value with a point per interval, the largest first; nobody's value last."""
    calendar = _Calendar(interval)
    points = rules.periods(calendar.period(span.from_us), calendar.period(span.to_us), interval)
    labels: dict[str | None, str] = {}
    lines: dict[str | None, dict[date, list[str]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        if has_values and row.value not in labels:
            labels[row.value] = rules.label_of(row.value) or NO_VALUE
        lines[labels[row.value] if has_values else None][calendar.period(row.at_us)].append(row.distinct_id)
    found = []
    for value, line in _most(lines).items() if has_values else [(None, lines[None])]:
        data = [float(len(set(line[day])) if counts_people else len(line[day])) for day in points]
        shown = [Point(at=day.isoformat(), value=count) for day, count in zip(points, data, strict=True)]
        found.append(Series(breakdown=value, total=sum(data), points=shown))
    return sorted(found, key=lambda one: (one.breakdown in (NO_VALUE, OTHER), -one.total, one.breakdown or ""))


def _most(lines: dict[str | None, dict[date, list[str]]]) -> dict[str | None, dict[date, list[str]]]:
    """The commonest values by themselves, the rest together."""
    order = sorted(lines, key=lambda value: (-sum(map(len, lines[value].values())), value or ""))
    found = {value: lines[value] for value in order[:MOST_VALUES]}
    for value in order[MOST_VALUES:]:
        together = found.setdefault(OTHER, defaultdict(list))
        for day, people in lines[value].items():
            together[day] += people
    return found


def cohorts_of(
    rows: Iterable[EventRow], names: tuple[frozenset[str], frozenset[str]], span: Span, how: tuple[str, int], now: datetime
) -> list[Cohort]:
    """People by the interval of their first target event ever, and how many did the returning event n intervals later.

    `names` are the target's and the returning event's; `how` the interval and how many. What lies after the last event of all is
    not shown, what is not over at `now` is None.
    """
    interval, columns = how
    calendar = _Calendar(interval)
    first: dict[str, int] = {}
    back: dict[str, set[date]] = defaultdict(set)
    last = span.from_us
    for row in rows:
        last = max(last, row.at_us)
        if row.event in names[0]:
            first[row.distinct_id] = min(row.at_us, first.get(row.distinct_id, row.at_us))
        if row.event in names[1] and row.at_us >= span.from_us:
            back[row.distinct_id].add(calendar.period(row.at_us))
    edges = rules.periods(calendar.period(span.from_us), calendar.period(last), interval)
    place = {edge: number for number, edge in enumerate(edges)}
    counts = [[0] * min(columns + 1, len(edges) - number) for number in range(len(edges))]
    for person, at_us in first.items():
        if at_us < span.from_us:
            continue
        start = place[calendar.period(at_us)]
        counts[start][0] += 1
        for edge in back.get(person, ()):
            later = place[edge] - start
            if 0 < later < len(counts[start]):
                counts[start][later] += 1
    found = []
    for edge, mine in zip(edges, counts, strict=True):
        if mine[0]:
            returned = rules.mature_counts(edge, mine, interval, now)
            found.append(Cohort(cohort=edge.isoformat(), people=mine[0], kept=rules.kept_shares(returned), returned=returned))
    return found
