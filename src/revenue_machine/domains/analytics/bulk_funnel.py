"""Decides how far each person came through an ordered funnel: numpy over whole columns, PostHog's reading of ties and repeats.

Of every chain of steps only the LATEST start that reached a step is carried: a chain that began later stays inside the window
longer, so nothing is lost and the work is one pass over the events. What counts, as PostHog's own function decides it:

- A step is reached when its event comes at most `window` after the start of the chain; exactly `window` still counts.
- Two events at one instant count in the order that helps, whatever order they were stored in.
- One event is one step: in `page > page` a single page view converts nobody, two at one instant do. Among events of different
  kinds at one instant each step looks only at the newest chain; when that chain used the event already, nothing is reached.
- A breakdown is the value of the person's first event of step 1; everybody counts under one value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from revenue_machine.kit.errors import BadInput

Ints = NDArray[np.int64]
KEY_BITS = 62


class StepEvents(NamedTuple):
    """The events of one step, by user and time; numbers of the events where one event may match several steps."""

    users: Ints
    times: Ints
    events: Ints | None = None


def ordered_funnel(
    steps: Sequence[StepEvents | tuple[Ints, Ints]], window: int, breakdown_codes: NDArray[np.integer] | None = None
) -> Ints:
    """Persons per [step, value]; times and window in one unit, a code (0 …) per event of step 1, one column without codes.

    Steps that share their arrays share their events. Raises: bad_input for no step, a negative window, or columns that differ.
    """
    given = [StepEvents(*step) for step in steps]
    if not given or window < 0:
        raise BadInput("a funnel has at least one step and a window of 0 or more", field="window" if given else "steps")
    if breakdown_codes is not None and len(breakdown_codes) != len(given[0].users):
        raise BadInput("a breakdown has one code for each event of step 1", field="breakdown_codes")
    streams = [_sorted(one) for one in _numbered(given)]
    first, people = _starts(streams[0].users)
    width = _width(breakdown_codes)
    if not len(people):
        return np.zeros((len(streams), width), np.int64)
    reached = (_reach_with_repeats if _share_events(streams) else _reach)(streams, people, window)
    return _count(reached, None if breakdown_codes is None else np.asarray(breakdown_codes)[_order(given[0])][first], width)


def funnel_over_keys(
    keys: Sequence[Ints], time_bits: int, window: int, code_at: Callable[[Ints], NDArray[np.integer]] | None = None, values: int = 1
) -> Ints:
    """The same over sorted keys `user << time_bits | time` of different events; `code_at` gives the codes at places of step 1.

    The keys of two users must lie more than `window` apart, as those of the column store do.
    """
    first, people = _starts(keys[0] >> time_bits)
    reached = [people, *_later_steps(keys, time_bits, window, "right")]
    if code_at is None:
        return np.array([[len(users)] for users in reached], np.int64)
    return _count([np.searchsorted(people, users) for users in reached], code_at(first), values)


def _later_steps(keys: Sequence[Ints], time_bits: int, window: int, side: str) -> Iterator[Ints]:
    """The users who reach each step after the first; the starts grow with the keys, so no maximum has to be kept."""
    known, starts = keys[0], keys[0]
    for mine in keys[1:]:
        place = np.searchsorted(known, mine, side="right" if side == "right" else "left") - 1
        after = place >= 0
        later, start = mine[after], starts[place[after]]
        fits = later - start <= window
        known, starts = later[fits], start[fits]
        yield _starts(known >> time_bits)[1]


def _reach(streams: Sequence[StepEvents], people: Ints, window: int, side: str = "right") -> list[Ints]:
    """Ranks of the people at each step; people are taken in such portions that (rank, time) fits into one number."""
    low = min(int(one.times.min()) for one in streams if len(one.times))
    high = max(int(one.times.max()) for one in streams if len(one.times))
    time_bits = (high - low + window + 1).bit_length()
    portion = 1 << max(KEY_BITS - time_bits, 0)
    if time_bits > KEY_BITS:
        raise BadInput("the times of a funnel lie too far apart for one key", field="window")
    found: list[list[Ints]] = [[] for _ in streams]
    for begin in range(0, len(people), portion):
        some = people[begin : begin + portion]
        keys = [_keys(one, some, low, time_bits) for one in streams]
        for kept, users in zip(
            found, [_starts(keys[0] >> time_bits)[1], *_later_steps(keys, time_bits, window, side)], strict=True
        ):
            kept.append(users + begin)
    return [np.concatenate(kept) for kept in found]


def _keys(one: StepEvents, people: Ints, low: int, time_bits: int) -> Ints:
    """Sorted (rank, time) keys of those events whose user is among the people."""
    begin, end = np.searchsorted(one.users, people[0], "left"), np.searchsorted(one.users, people[-1], "right")
    users, times = one.users[begin:end], one.times[begin:end]
    rank = np.searchsorted(people, users)
    known = people[rank] == users
    keys: Ints = (rank[known] << time_bits) + (times[known] - low)
    return keys


def _reach_with_repeats(streams: Sequence[StepEvents], people: Ints, window: int) -> list[Ints]:
    """Users without two events at one instant by columns, looking strictly back; the few others one by one."""
    tied = _users_with_ties(streams)
    tied = tied[np.isin(tied, people)]
    plain = [_without(one, tied) for one in streams]
    reached = _reach(plain, people, window, "left") if len(plain[0].users) else [np.zeros(0, np.int64) for _ in streams]
    extra: list[list[int]] = [[] for _ in streams]
    for user in tied.tolist():
        for step in range(_furthest(_history(streams, user), len(streams), window)):
            extra[step].append(int(np.searchsorted(people, user)))
    return [np.concatenate([users, np.array(more, np.int64)]) for users, more in zip(reached, extra, strict=True)]


def _users_with_ties(streams: Sequence[StepEvents]) -> Ints:
    """Users with two different events at one instant."""
    users, times, events = (np.concatenate([_column(one, name) for one in streams]) for name in StepEvents._fields)
    order = np.lexsort((events, times, users))
    users, times, events = users[order], times[order], events[order]
    same = (users[1:] == users[:-1]) & (times[1:] == times[:-1]) & (events[1:] != events[:-1])
    return np.unique(users[1:][same])


def _column(one: StepEvents, name: str) -> Ints:
    column: Ints = getattr(one, name)
    return column


def _without(one: StepEvents, users: Ints) -> StepEvents:
    kept = ~np.isin(one.users, users)
    return StepEvents(one.users[kept], one.times[kept])


def _history(streams: Sequence[StepEvents], user: int) -> list[tuple[int, int, tuple[int, ...]]]:
    """One user's events by time: (time, number, the steps from 1 that it matches)."""
    found: dict[tuple[int, int], list[int]] = {}
    for step, one in enumerate(streams, 1):
        mine = slice(np.searchsorted(one.users, user, "left"), np.searchsorted(one.users, user, "right"))
        for time, event in zip(one.times[mine].tolist(), _column(one, "events")[mine].tolist(), strict=True):
            found.setdefault((time, event), []).append(step)
    return sorted((time, event, tuple(matched)) for (time, event), matched in found.items())


def _furthest(history: Sequence[tuple[int, int, tuple[int, ...]]], steps: int, window: int) -> int:
    """How many steps one user reaches; a chain is its start and the events it used."""
    chains: list[tuple[int, frozenset[int]] | None] = [None] * (steps + 1)
    for time, group in groupby(history, key=itemgetter(0)):
        chains[0] = (time, frozenset())
        events = list(group)
        if len({matched for _, _, matched in events}) == 1:
            turns = [(step, event) for _, event, matched in events for step in reversed(matched)]
        else:
            turns = sorted(((step, event) for _, event, matched in events for step in matched), key=itemgetter(0))
        for step, event in turns:
            before, newest = chains[step - 1], chains[step]
            if before is None or time - before[0] > window or event in before[1]:
                continue
            if newest is None or newest[0] != before[0]:
                chains[step] = (before[0], before[1] | {event})
    return max((step for step in range(1, steps + 1) if chains[step] is not None), default=0)


def _numbered(given: Sequence[StepEvents]) -> list[StepEvents]:
    """The steps with numbers of their events where any two share events, so that one event is known wherever it stands."""
    twins = [
        next((at for at in range(place) if given[at].users is one.users and given[at].times is one.times), place)
        for place, one in enumerate(given)
    ]
    if all(one.events is None for one in given) and twins == list(range(len(given))):
        return list(given)
    begin = 1 + max((int(one.events.max()) for one in given if one.events is not None and len(one.events)), default=0)
    numbered: list[StepEvents] = []
    for place, one in enumerate(given):
        events = one.events
        if events is None:
            events = np.arange(begin, begin + len(one.users)) if twins[place] == place else numbered[twins[place]].events
            begin += len(one.users)
        numbered.append(StepEvents(one.users, one.times, events))
    return numbered


def _share_events(streams: Sequence[StepEvents]) -> bool:
    """Whether one event stands in two steps."""
    numbers = [one.events for one in streams if one.events is not None]
    together = np.concatenate(numbers) if numbers else np.zeros(0, np.int64)
    return len(np.unique(together)) < len(together)


def _sorted(one: StepEvents) -> StepEvents:
    """The step by user and time."""
    if len(one.users) != len(one.times) or (one.events is not None and len(one.events) != len(one.users)):
        raise BadInput("the columns of a step are equally long", field="steps")
    order = _order(one)
    return StepEvents(one.users[order], one.times[order], None if one.events is None else one.events[order])


def _order(one: StepEvents) -> Ints | slice:
    users, times = one.users, one.times
    if bool(((users[1:] > users[:-1]) | ((users[1:] == users[:-1]) & (times[1:] >= times[:-1]))).all()):
        return slice(None)
    return np.lexsort((times, users))


def _starts(users: Ints) -> tuple[Ints, Ints]:
    """Where each user of a sorted column begins, and who it is."""
    if not len(users):
        return np.zeros(0, np.int64), users
    first: Ints = np.concatenate([[0], np.flatnonzero(users[1:] != users[:-1]) + 1])
    return first, users[first]


def _width(codes: NDArray[np.integer] | None) -> int:
    return 1 if codes is None else int(codes.max()) + 1 if len(codes) else 0


def _count(reached: Sequence[Ints], value_of: NDArray[np.integer] | None, width: int) -> Ints:
    if value_of is None:
        return np.array([[len(users)] for users in reached], np.int64)
    return np.stack([np.bincount(value_of[users], minlength=width) for users in reached]).astype(np.int64)
