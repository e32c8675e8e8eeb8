"""Counts funnels over events kept here: whole columns at once, each person under the breakdown value the mode says."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from revenue_machine.domains.analytics.bulk_funnel import StepEvents, ordered_funnel
from revenue_machine.domains.analytics.models import NO_VALUE, OTHER, Attribution
from revenue_machine.domains.analytics.rules import label_of

Ints = NDArray[np.int64]
MOST_VALUES = 100


@dataclass
class _Lane:
    """The events of one name as columns; `values` are codes, -1 without a value."""

    users: array[int] = field(default_factory=lambda: array("q"))
    times: array[int] = field(default_factory=lambda: array("q"))
    values: array[int] = field(default_factory=lambda: array("q"))


@dataclass(frozen=True)
class _Columns:
    """The same as numpy sees it, with a number for each event."""

    users: Ints
    times: Ints
    values: Ints
    events: Ints

    def only(self, value: int) -> _Columns:
        """The events that carry one value."""
        kept = self.values == value
        return _Columns(self.users[kept], self.times[kept], self.values[kept], self.events[kept])


@dataclass(frozen=True)
class FunnelCounts:
    """People by breakdown value and step, the middle seconds since the step before, and what was not people's."""

    people: dict[str | None, list[int]]
    median_s: dict[str | None, list[float | None]]
    excluded: dict[str, int]
    values_left_out: int
    step_one: int
    step_one_with_value: int


class FunnelTable:
    """Events taken in once, counted in as many ways as asked; `names` are the events each step may be."""

    def __init__(self, names: Sequence[frozenset[str]], person_of: Mapping[str, str], *, has_values: bool) -> None:
        self._names, self._person_of, self._has_values = names, person_of, has_values
        self._lanes: dict[str, _Lane] = {name: _Lane() for name in sorted(frozenset().union(*names))}
        self._codes: dict[str, int] = {}
        self._values: dict[str | None, int] = {None: -1}
        self._labels: list[str] = []
        self._label_codes: dict[str, int] = {}
        self._excluded: Counter[str] = Counter()

    def take(self, rows: Iterable[Sequence[Any]]) -> None:
        """Take events in, each as `EventRow` has them; their order decides between values of one instant."""
        codes, merged, lanes, values = self._codes, self._person_of, self._lanes, self._values
        for event, distinct_id, at_us, traffic, value in rows:
            if traffic != "person":
                self._excluded[traffic] += 1
                continue
            person = merged.get(distinct_id, distinct_id) if merged else distinct_id
            lane = lanes[event]
            lane.users.append(codes.setdefault(person, len(codes)))
            lane.times.append(at_us)
            lane.values.append(values[value] if value in values else self._value(value))

    def count(self, window_us: int, mode: Attribution = "first", step: int | None = None) -> FunnelCounts:
        """People by value and step; one value, None, when no breakdown was asked for."""
        columns = self._columns()
        streams = [self._stream(columns, names) for names in self._names]
        first = np.unique(streams[0].users)
        if not self._has_values:
            table = ordered_funnel(_steps(streams), window_us)
            people: dict[str | None, list[int]] = {None: [int(one) for one in table[:, 0]]}
            medians: dict[str | None, list[float | None]] = {None: _medians(streams, window_us, first)}
            return FunnelCounts(people, medians, self._left_out(), 0, len(first), 0)
        holders = self._person_values(columns, "first" if mode == "any" else mode, step)
        known = int((holders[first] >= 0).sum())
        if mode == "any":
            found, medians_by, dropped = self._each_value(streams, window_us)
            bearers = np.unique(np.concatenate([one.users[one.values >= 0] for one in streams]))
            known = int(np.isin(first, bearers).sum())
        else:
            found, medians_by, dropped = self._one_value(streams, window_us, holders)
        return FunnelCounts(found, medians_by, self._left_out(), dropped, len(first), known)

    def _value(self, text: str | None) -> int:
        """The code of a JSON value; null and the empty text are no value."""
        label = label_of(text)
        code = -1
        if label is not None:
            code = self._label_codes.setdefault(label, len(self._labels))
            if code == len(self._labels):
                self._labels.append(label)
        self._values[text] = code
        return code

    def _columns(self) -> dict[str, _Columns]:
        found, begin = {}, 0
        for name, lane in self._lanes.items():
            size = len(lane.users)
            users, times, values = (np.frombuffer(one, np.int64) if size else np.zeros(0, np.int64) for one in _arrays(lane))
            found[name] = _Columns(users, times, values, np.arange(begin, begin + size, dtype=np.int64))
            begin += size
        return found

    def _stream(self, columns: Mapping[str, _Columns], names: frozenset[str]) -> _Columns:
        """The events of a step by person and time."""
        parts = [columns[name] for name in sorted(names)]
        users, times, values, events = (
            np.concatenate([getattr(one, name) for one in parts]) for name in ("users", "times", "values", "events")
        )
        order = np.lexsort((events, times, users))
        return _Columns(users[order], times[order], values[order], events[order])

    def _person_values(self, columns: Mapping[str, _Columns], mode: Attribution, step: int | None) -> Ints:
        """The value of each person, -1 for none; at one instant the earlier step's comes first."""
        places = {name: place for place, names in reversed(list(enumerate(self._names))) for name in names}
        wanted = self._names[(step or 1) - 1] if mode == "step" else frozenset(self._lanes)
        users, times, values, events, ranks = [], [], [], [], []
        for name in sorted(wanted):
            one = columns[name]
            kept = np.ones(len(one.users), bool) if mode == "step" else one.values >= 0
            users.append(one.users[kept])
            times.append(one.times[kept])
            values.append(one.values[kept])
            events.append(one.events[kept])
            ranks.append(np.full(int(kept.sum()), places[name], np.int64))
        who = np.concatenate(users)
        order = np.lexsort((np.concatenate(events), np.concatenate(ranks), np.concatenate(times), who))
        if mode != "last":
            order = order[::-1]
        held = np.full(len(self._codes), -1, np.int64)
        # Whoever is written last stays: the first in time when the order is turned round.
        held[who[order]] = np.concatenate(values)[order]
        return held

    def _one_value(
        self, streams: Sequence[_Columns], window_us: int, holders: Ints
    ) -> tuple[dict[str | None, list[int]], dict[str | None, list[float | None]], int]:
        """Everybody under one value; those beyond the hundred commonest together."""
        first = np.unique(streams[0].users)
        sizes = np.bincount(holders[first][holders[first] >= 0], minlength=len(self._labels))
        order = sorted(range(len(self._labels)), key=lambda code: (-int(sizes[code]), self._labels[code]))
        shown = [code for code in order[:MOST_VALUES] if sizes[code]]
        labels = [*(self._labels[code] for code in shown), OTHER, NO_VALUE]
        turn = np.full(len(self._labels) + 1, len(shown), np.int64)
        turn[shown] = np.arange(len(shown))
        turn[-1] = len(shown) + 1
        group = turn[holders]
        table = ordered_funnel(_steps(streams), window_us, group[streams[0].users])
        found: dict[str | None, list[int]] = {}
        medians: dict[str | None, list[float | None]] = {}
        for place, label in enumerate(labels):
            if place < table.shape[1] and table[0, place]:
                found[label] = [int(one) for one in table[:, place]]
                medians[label] = _medians(streams, window_us, first[group[first] == place])
        return found, medians, max(0, int((sizes > 0).sum()) - len(shown))

    def _each_value(
        self, streams: Sequence[_Columns], window_us: int
    ) -> tuple[dict[str | None, list[int]], dict[str | None, list[float | None]], int]:
        """A funnel for each value over the events that carry it; people may stand in several."""
        begun = [(len(np.unique(streams[0].only(code).users)), code) for code in range(len(self._labels))]
        order = sorted((one for one in begun if one[0]), key=lambda one: (-one[0], self._labels[one[1]]))
        found: dict[str | None, list[int]] = {}
        medians: dict[str | None, list[float | None]] = {}
        for code in [*(code for _, code in order[:MOST_VALUES]), -1]:
            mine = [one.only(code) for one in streams]
            if len(mine[0].users):
                label = NO_VALUE if code < 0 else self._labels[code]
                found[label] = [int(one) for one in ordered_funnel(_steps(mine), window_us)[:, 0]]
                medians[label] = _medians(mine, window_us, np.unique(mine[0].users))
        return found, medians, max(0, len(order) - MOST_VALUES)

    def _left_out(self) -> dict[str, int]:
        return dict(sorted(self._excluded.items()))


def _arrays(lane: _Lane) -> tuple[array[int], array[int], array[int]]:
    return lane.users, lane.times, lane.values


def _steps(streams: Sequence[_Columns]) -> list[StepEvents]:
    return [StepEvents(one.users, one.times, one.events) for one in streams]


def _medians(streams: Sequence[_Columns], window_us: int, people: Ints) -> list[float | None]:
    """Middle seconds between a step and the one before, over those who came there from their first step 1 on."""
    found: list[float | None] = [None]
    who = people
    place = np.searchsorted(streams[0].users, who)
    begun, now, used = streams[0].times[place], streams[0].times[place], streams[0].events[place]
    for one in streams[1:]:
        # A person's events stand together by time: the first one not before `now`, and the same event never twice.
        at, end = _places(one, who, now), np.searchsorted(one.users, who, "right")
        padded = np.append(one.events, -1)
        at = at + ((at < end) & (padded[at] == used))
        kept = at < end
        kept[kept] = one.times[at[kept]] - begun[kept] <= window_us
        at, who, begun, before = at[kept], who[kept], begun[kept], now[kept]
        now, used = one.times[at], one.events[at]
        found.append(float(np.median(now - before)) / 1_000_000 if len(who) else None)
    return found


def _places(one: _Columns, who: Ints, since: Ints) -> Ints:
    """For each person the place of their first event at or after an instant, among events sorted by person and time."""
    is_event = np.concatenate([np.ones(len(one.users), np.int8), np.zeros(len(who), np.int8)])
    order = np.lexsort((is_event, np.concatenate([one.times, since]), np.concatenate([one.users, who])))
    asked = order >= len(one.users)
    places = np.empty(len(who), np.int64)
    places[order[asked] - len(one.users)] = np.cumsum(~asked)[asked]
    return places
