"""Decides the same credits and transitions as the numpy passes, one event at a time, for the compiler of the extra `fast`.

The functions here are ordinary Python: without the extra they run as they are (slowly, as the tests do), with it `compiled`
turns them into machine code that is kept on disk.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

Kernel = Callable[..., None]
Column = NDArray[Any]
Columns = tuple[Column, Column, Column]


def is_installed() -> bool:
    """Whether the extra `fast` is there."""
    return find_spec("numba") is not None


@cache
def compiled(kernel: Kernel) -> Kernel | None:
    """The function as machine code; None without the extra."""
    if not is_installed():
        return None
    made: Kernel = import_module("numba").njit(cache=True, error_model="numpy")(kernel)
    return made


def credit_each(touches: Columns, conversions: Columns, rules: tuple[int, float], summed: Column) -> None:  # noqa: C901  one loop, no calls
    """Add every conversion's credit to `summed` [kind, facet (nobody last), model, measure]; both sorted by user and time.

    `touches` are keys, facets and whether a facet is direct; `conversions` keys, kinds and amounts; `rules` lookback and half-life.
    """
    touch_keys, facets, is_direct = touches
    keys, kinds, amounts = conversions
    lookback_ms, half_life_ms = rules
    nobody, models = summed.shape[1] - 1, summed.shape[2]
    weights, shares = np.empty(64), np.empty(models)
    begin, end, size = 0, 0, len(touch_keys)
    for row in range(len(keys)):
        key, kind, amount = keys[row], kinds[row], float(amounts[row])
        while end < size and touch_keys[end] <= key:
            end += 1
        while begin < end and touch_keys[begin] < key - lookback_ms:
            begin += 1
        count = end - begin
        if count == 0:
            for model in range(models):
                summed[kind, nobody, model, 0] += 1.0
                summed[kind, nobody, model, 1] += amount
            continue
        if count > len(weights):
            weights = np.empty(2 * count)
        newest, whole, named = touch_keys[end - 1], 0.0, end - 1
        for place in range(begin, end):
            weights[place - begin] = np.exp2((touch_keys[place] - newest) / half_life_ms)
            whole += weights[place - begin]
        for place in range(end - 1, begin - 1, -1):
            if not is_direct[facets[place]]:
                named = place
                break
        for place in range(begin, end):
            is_end = place == begin or place == end - 1
            shares[0] = 1.0 if place == begin else 0.0
            shares[1] = 1.0 if place == end - 1 else 0.0
            shares[2] = 1.0 if place == named else 0.0
            shares[3] = 1.0 / count
            shares[4] = 1.0 / count if count <= 2 else 0.4 if is_end else 0.2 / (count - 2)
            shares[5] = weights[place - begin] / whole
            facet = facets[place]
            for model in range(models):
                summed[kind, facet, model, 0] += shares[model]
                summed[kind, facet, model, 1] += shares[model] * amount


def move_each(ends: Column, states: Column, facets: Column, widest: int, moved: Column) -> None:
    """Count the step from each touch that ends no journey to the next one: `moved` [table, state before * widest + state after].

    `states` [facet, table] are the packed states.
    """
    tables = states.shape[1]
    for place in range(len(facets) - 1):
        if ends[place]:
            continue
        before, after = facets[place], facets[place + 1]
        for table in range(tables):
            moved[table, states[before, table] * widest + states[after, table]] += 1
