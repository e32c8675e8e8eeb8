"""Credits millions of conversions by the six rule models in one pass over user-ordered columns.

A touch carries one code, its facet: the combination of its values in all dimensions. Credit is summed up per facet, so the
number of dimensions costs nothing while touches are walked; `Facets.by_dimension` folds the few thousand facets afterwards.
Who has no touch within the lookback is credited to nobody: the last place of the facet axis.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from revenue_machine.domains.attribution.bulk_fast import Kernel, compiled, credit_each
from revenue_machine.domains.attribution.models import UNKNOWN
from revenue_machine.domains.attribution.weights import RULE_MODELS
from revenue_machine.engine.columns import Events, spans

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
DAY_MS = 86_400_000
MEASURES = ("conversions", "amount")
AT_ONCE = 1 << 18
# Below so many touches the compiler takes longer to load than numpy to finish.
WORTH_COMPILING = 3_000_000
FIRST, LAST, LAST_NON_DIRECT, LINEAR, POSITION, TIME_DECAY = range(len(RULE_MODELS))


@dataclass(frozen=True)
class Rules:
    """How far back a touch counts (inclusive), and in which time its weight halves under time decay."""

    lookback_ms: int = 30 * DAY_MS
    half_life_ms: int = 7 * DAY_MS


@dataclass(frozen=True)
class Facets:
    """What each facet means: its value in every dimension, and whether it is direct."""

    dimensions: tuple[str, ...]
    values: Sequence[Sequence[str]]
    is_direct: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.values)

    @cached_property
    def codes(self) -> Mapping[str, tuple[list[str], Ints]]:
        """For each dimension its values in order and every facet's code; nobody's code is that of `unknown`."""
        found = {}
        for place, name in enumerate(self.dimensions):
            column = [*(values[place] for values in self.values), UNKNOWN]
            names = sorted(set(column))
            code = {value: number for number, value in enumerate(names)}
            found[name] = (names, np.array([code[value] for value in column], np.int64))
        return found

    def by_dimension(self, summed: Floats, dimension: str) -> dict[str, Floats]:
        """Sums per facet (its axis second, nobody last) as sums per value of a dimension: value -> [kind, model, measure]."""
        names, codes = self.codes[dimension]
        order = np.argsort(codes, kind="stable")
        begin = np.searchsorted(codes[order], np.arange(len(names)))
        folded = np.add.reduceat(summed[:, order], begin, axis=1)
        return {name: folded[:, place] for place, name in enumerate(names)}


def credit(
    touches: Events, conversions: Events, facets: Facets, kinds: int, rules: Rules = Rules(), *, fast: bool | None = None
) -> Floats:
    """Credited conversions and amounts: [kind, facet (nobody last), model, measure].

    `touches` have a column `facet`, `conversions` the columns `kind` and `amount`; a refund is a negative amount. Without a word
    about `fast` the compiled pass is taken when it is installed and the touches are many; both give the same.
    """
    is_fast = len(touches) >= WORTH_COMPILING if fast is None else fast
    kernel = compiled(credit_each) if is_fast else None
    if kernel is not None:
        return _credit_compiled(kernel, touches, conversions, facets, kinds=kinds, rules=rules)
    width = len(facets) + 1
    summed = np.zeros((len(RULE_MODELS), len(MEASURES), kinds * width))
    for begin in range(0, len(conversions), AT_ONCE):
        some = slice(begin, begin + AT_ONCE)
        columns = {name: column[some] for name, column in conversions.columns.items()}
        _add_portion(summed, touches, Events(conversions.keys[some], columns), facets, rules)
    return np.ascontiguousarray(summed.reshape(len(RULE_MODELS), len(MEASURES), kinds, width).transpose(2, 3, 0, 1))


def touched(touches: Events, facets: Facets) -> Ints:
    """How many touches each facet has."""
    found = np.zeros(len(facets), np.int64)
    for begin in range(0, len(touches), AT_ONCE):
        found += np.bincount(touches.columns["facet"][begin : begin + AT_ONCE], minlength=len(facets))
    return found


def within(touches: Events, keys: Ints, lookback_ms: int) -> tuple[Ints, Ints]:
    """The touches [begin, end) of each conversion: the same user's, up to its instant, no older than the lookback."""
    return np.searchsorted(touches.keys, keys - lookback_ms, "left"), np.searchsorted(touches.keys, keys, "right")


def _add_portion(summed: Floats, touches: Events, conversions: Events, facets: Facets, rules: Rules) -> None:
    """Add what some conversions credit to `summed` [model, measure, kind and facet]."""
    begin, end = within(touches, conversions.keys, rules.lookback_ms)
    amounts = conversions.columns["amount"].astype(np.float64)
    base = conversions.columns["kind"].astype(np.int64) * (len(facets) + 1)
    known = end > begin
    _add(summed, slice(None), (base + len(facets))[~known], None, amounts[~known])
    begin, end, amounts, base = begin[known], end[known], amounts[known], base[known]
    if not len(begin):
        return
    facet, count = touches.columns["facet"], end - begin
    first, last = base + facet[begin], base + facet[end - 1]
    _add(summed, FIRST, first, None, amounts)
    _add(summed, LAST, last, None, amounts)
    ends = np.where(count > 2, 0.4, 1 / count)
    between = np.where(count > 2, 0.2 / np.maximum(count - 2, 1), 1 / count)
    for cells in (first, last):
        _add(summed, POSITION, cells, np.where(count > 2, ends - between, 0.0), amounts)
    place, start = spans(begin, end), np.cumsum(count) - count
    codes = facet[place]
    cells, money = np.repeat(base, count) + codes, np.repeat(amounts, count)
    _add(summed, LINEAR, cells, np.repeat(1 / count, count), money)
    _add(summed, POSITION, cells, np.repeat(between, count), money)
    newest = touches.keys[end - 1]
    weight = np.exp2((touches.keys[place] - np.repeat(newest, count)) / rules.half_life_ms)
    weight /= np.repeat(np.add.reduceat(weight, start), count)
    _add(summed, TIME_DECAY, cells, weight, money)
    named = np.where(facets.is_direct[codes], -1, np.arange(len(codes)))
    chosen = np.maximum.reduceat(named, start)
    _add(summed, LAST_NON_DIRECT, cells[np.where(chosen < 0, start + count - 1, chosen)], None, amounts)


def _add(summed: Floats, model: int | slice, cells: Ints, shares: Floats | None, amounts: Floats) -> None:
    size = summed.shape[2]
    summed[model, 0] += np.bincount(cells, weights=shares, minlength=size)
    summed[model, 1] += np.bincount(cells, weights=amounts if shares is None else shares * amounts, minlength=size)


def _credit_compiled(kernel: Kernel, touches: Events, conversions: Events, facets: Facets, *, kinds: int, rules: Rules) -> Floats:
    summed = np.zeros((kinds, len(facets) + 1, len(RULE_MODELS), len(MEASURES)))
    came = (np.asarray(touches.keys), np.asarray(touches.columns["facet"]), facets.is_direct)
    made = tuple(np.asarray(one) for one in (conversions.keys, conversions.columns["kind"], conversions.columns["amount"]))
    kernel(came, made, (rules.lookback_ms, float(rules.half_life_ms)), summed)
    return summed
