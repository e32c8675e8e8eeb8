"""Counts the random walk of every dimension and the Shapley value of every value, over millions of user-ordered touches.

A journey is what a user touched up to a conversion, since the one before; what comes after the last one came to nothing. A
conversion without a touch since the last one ends no journey. The walk's counts are exact: `markov.removal` does the rest.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from revenue_machine.domains.attribution.bulk import AT_ONCE, WORTH_COMPILING, Facets, Floats, Ints, Rules, within
from revenue_machine.domains.attribution.bulk_fast import compiled, move_each
from revenue_machine.domains.attribution.markov import Chain
from revenue_machine.engine.columns import TIME_BITS, Events, spans

# Dimensions are counted together as long as the table of their joint moves stays in the processor's cache.
MOST_MOVES = 1 << 17
MOST_BITS = 63


@dataclass(frozen=True)
class _Table:
    """Some dimensions as one: the joint state of each facet, and how many values each dimension has."""

    dimensions: tuple[str, ...]
    widths: tuple[int, ...]
    states: Ints

    @property
    def size(self) -> int:
        return int(np.prod(self.widths))


def chains(touches: Events, goals: Ints, facets: Facets, *, fast: bool | None = None) -> dict[str, Chain]:
    """The order 1 walk of each dimension; `goals` are the sorted keys of the conversions that count."""
    tables = _tables(facets)
    converting = _converting(touches, goals)
    ends = _ends(touches.keys, converting)
    last = np.flatnonzero(ends)
    first = np.concatenate([np.zeros(min(1, len(ends)), np.int64), last[:-1] + 1])
    lost = np.setdiff1d(last, converting, assume_unique=True)
    is_fast = len(touches) >= WORTH_COMPILING if fast is None else fast
    moved = _moved(touches, ends, tables, is_fast=is_fast)
    found: dict[str, Chain] = {}
    for table, moves in zip(tables, moved, strict=True):
        counts = [_tally(touches, places, table) for places in (first, converting, lost)]
        for axis, dimension in enumerate(table.dimensions):
            entered, converted, gone = (_along(one, table.widths, (axis,)) for one in counts)
            both = _along(moves, table.widths * 2, (axis, axis + len(table.widths)))
            found[dimension] = Chain(entered, both, converted, gone, np.arange(table.widths[axis]))
    return {dimension: found[dimension] for dimension in facets.dimensions}


def shapley(touches: Events, conversions: Events, facets: Facets, kinds: int, rules: Rules = Rules()) -> dict[str, Floats]:  # noqa: B008
    """Each dimension's [kind, value, measure] by `facets.codes`: a conversion in even parts for its distinct values."""
    found = {name: np.zeros((kinds, len(names), 2)) for name, (names, _) in facets.codes.items()}
    for at in range(0, len(conversions), AT_ONCE):
        begin, end = within(touches, conversions.keys[at : at + AT_ONCE], rules.lookback_ms)
        kind = conversions.columns["kind"][at : at + AT_ONCE].astype(np.int64)
        amount = conversions.columns["amount"][at : at + AT_ONCE].astype(np.float64)
        # Nobody stands in for the touches of those who have none, so that every conversion is shared.
        count = np.maximum(end - begin, 1)
        facet = np.repeat(np.where(begin < end, -1, len(facets)), count)
        facet[facet < 0] = touches.columns["facet"][spans(begin, end)]
        for name, (names, code) in facets.codes.items():
            owner, value = _distinct(code[facet], count, len(names))
            share = 1 / np.bincount(owner, minlength=len(begin))[owner]
            cells = kind[owner] * len(names) + value
            for measure, weights in enumerate((share, share * amount[owner])):
                found[name][..., measure] += np.bincount(cells, weights, kinds * len(names)).reshape(kinds, len(names))
    return found


def _distinct(codes: Ints, count: Ints, width: int) -> tuple[Ints, Ints]:
    """Each run's distinct codes once, as (number of the run, code); up to 63 values are bits of one number: no sort."""
    if width > MOST_BITS:
        pairs = np.unique(np.repeat(np.arange(len(count)), count) * width + codes)
        return pairs // width, pairs % width
    held = np.bitwise_or.reduceat(np.int64(1) << codes, np.cumsum(count) - count)
    owners = [np.flatnonzero(held & (1 << value)) for value in range(width)]
    return np.concatenate(owners), np.repeat(np.arange(width), [len(one) for one in owners])


def _tables(facets: Facets) -> list[_Table]:
    """The dimensions, packed greedily in their order."""
    packed: list[_Table] = []
    for name in facets.dimensions:
        names, codes = facets.codes[name]
        last = packed[-1] if packed else None
        if last is not None and (last.size * len(names)) ** 2 <= MOST_MOVES:
            packed[-1] = _Table((*last.dimensions, name), (*last.widths, len(names)), last.states * len(names) + codes)
        else:
            packed.append(_Table((name,), (len(names),), codes))
    return packed


def _converting(touches: Events, goals: Ints) -> Ints:
    """The places of the touches after which a journey converted, ascending."""
    place = np.unique(np.searchsorted(touches.keys, goals, "right")) if len(goals) else np.zeros(0, np.int64)
    place = place[place > 0] - 1
    # Of equal places one is kept; it is a journey's end when a goal of the same user follows.
    following = goals[np.minimum(np.searchsorted(goals, touches.keys[place]), len(goals) - 1)] if len(place) else place
    own: Ints = place[(following >> TIME_BITS) == (touches.keys[place] >> TIME_BITS)]
    return own


def _ends(keys: Ints, converting: Ints) -> NDArray[np.bool_]:
    """Whether each touch is its journey's last."""
    ends = np.ones(len(keys), bool)
    for at in range(0, max(len(keys) - 1, 0), AT_ONCE):
        some = keys[at : at + AT_ONCE + 1] >> TIME_BITS
        ends[at : at + len(some) - 1] = some[1:] != some[:-1]
    ends[converting] = True
    return ends


def _moved(touches: Events, ends: NDArray[np.bool_], tables: list[_Table], *, is_fast: bool) -> list[Ints]:
    kernel = compiled(move_each) if is_fast else None
    if kernel is not None:
        widest = max(table.size for table in tables)
        moved = np.zeros((len(tables), widest * widest), np.int64)
        states = np.stack([table.states for table in tables], axis=1).astype(np.int32)
        kernel(ends, states, np.asarray(touches.columns["facet"]), widest, moved)
        return [moved[at].reshape(widest, widest)[: table.size, : table.size].reshape(-1) for at, table in enumerate(tables)]
    # One cell more takes what is no move: from a journey's last touch to the next journey's first.
    moves = [np.zeros(table.size**2 + 1, np.int64) for table in tables]
    facet = touches.columns["facet"]
    for at in range(0, max(len(ends) - 1, 0), AT_ONCE):
        some = facet[at : at + AT_ONCE + 1]
        no_move = np.flatnonzero(ends[at : at + len(some) - 1])
        for table, count in zip(tables, moves, strict=True):
            state = table.states[some]
            move = state[:-1] * table.size + state[1:]
            move[no_move] = table.size**2
            np.add(count, np.bincount(move, minlength=table.size**2 + 1), out=count)
    return [count[:-1] for count in moves]


def _tally(touches: Events, places: Ints, table: _Table) -> Floats:
    return np.bincount(table.states[touches.columns["facet"][places]], minlength=table.size).astype(np.float64)


def _along(counts: NDArray[np.number], widths: tuple[int, ...], axes: tuple[int, ...]) -> Floats:
    """Joint counts summed up over all axes but these."""
    others = tuple(axis for axis in range(len(widths)) if axis not in axes)
    summed: Floats = counts.reshape(widths).sum(axis=others).astype(np.float64)
    return summed
