"""What a change of words or price did: an app against a mixture of others that moved alike before, the interval from placebos."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

WINDOW_DAYS = 14
# Fewer measured days than this in either window, and nothing is said.
LEAST_WINDOW_DAYS = 11
SHORT_FIT_DAYS, LONG_FIT_DAYS = 28, 56
HISTORY_DAYS = 180
# A donor needs nearly every day the app has.
DONOR_COVERAGE = 0.9
MOST_DONORS = 20
# With fewer placebos no interval of 95 % can be read off them.
LEAST_PLACEBOS = 19
CONFIDENCE = 0.95
_FLOOR = 1e-6
Series = Mapping[date, float]


@dataclass(frozen=True)
class Measured:
    """Means a day in the two windows, the expected mean without the change, the relative effect and how sure it is.

    `effect` None: too few days; `low` None: no interval can be given. `plain` is after against before without any control.
    """

    before: float | None
    after: float | None
    plain: float | None
    expected: float | None = None
    effect: float | None = None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    weights: Mapping[str, float] | None = None
    placebos: int = 0
    days_fitted: int = 0
    reason: str | None = None


@dataclass(frozen=True)
class _Panel:
    """Days that all apps have, in order, and one row of values per app, the changed one first."""

    days: Sequence[date]
    names: Sequence[str]
    values: Floats


def measure(app: str, series: Mapping[str, Series], live_on: date, untouched: Sequence[str]) -> Measured:
    """The effect of what went live on a date on one app's daily figure.

    `series` holds a figure per app and measured day (a day that is missing is a gap, not a zero), `untouched` the apps nothing was
    changed in meanwhile. The day itself counts to neither window.
    """
    own = series.get(app, {})
    before = _mean(own, live_on - timedelta(days=WINDOW_DAYS), live_on)
    after = _mean(own, live_on + timedelta(days=1), live_on + timedelta(days=1 + WINDOW_DAYS))
    plain = None if not before or after is None else after / before - 1
    if before is None or after is None:
        lacking = f"of {WINDOW_DAYS} days {'before' if before is None else 'after'} the change are measured"
        return Measured(before, after, None, reason=f"fewer than {LEAST_WINDOW_DAYS} {lacking}")
    panel = _panel(app, series, live_on, untouched)
    split = sum(day < live_on for day in panel.days)
    fit = LONG_FIT_DAYS if split >= 2 * LONG_FIT_DAYS else SHORT_FIT_DAYS
    without = Measured(before, after, plain, effect=plain)
    if len(panel.names) < 2:
        return replace(without, reason="no other app has figures for the same days: nothing tells the change from the season")
    if split < fit:
        words = f"only {split} days before the change are measured; a control needs {SHORT_FIT_DAYS}"
        return replace(without, reason=words)
    return _against_control(panel, split, fit, Measured(before, after, plain))


def _against_control(panel: _Panel, split: int, fit: int, known: Measured) -> Measured:
    found = _gap(panel.values, 0, range(1, len(panel.names)), split, fit)
    if found is None:
        return replace(known, effect=known.plain, reason="an app without figures cannot be compared")
    gap, spread, weights, expected = found
    placebos = _placebos(panel, split, fit)
    effect = math.expm1(gap)
    shares = {name: round(float(weight), 4) for name, weight in zip(panel.names[1:], weights, strict=True) if weight > 5e-5}
    base = replace(
        known, expected=round(expected, 6), effect=round(effect, 6), weights=shares, placebos=len(placebos), days_fitted=fit
    )
    if len(placebos) < LEAST_PLACEBOS:
        words = f"{len(placebos)} placebos from {len(panel.names) - 1} other apps; an interval of 95 % needs {LEAST_PLACEBOS}"
        return replace(base, reason=words)
    reach = sorted(placebos)[min(len(placebos), math.ceil(CONFIDENCE * (len(placebos) + 1))) - 1] * spread
    p_value = (1 + sum(one >= abs(gap) / spread for one in placebos)) / (len(placebos) + 1)
    low, high = round(math.expm1(gap - reach), 6), round(math.expm1(gap + reach), 6)
    return replace(base, low=low, high=high, p_value=round(p_value, 6))


def _placebos(panel: _Panel, split: int, fit: int) -> list[float]:
    """How far apps nothing happened to stray from their own mixtures, in units of their own noise.

    Every app in every earlier window of the same length (windows do not overlap), and every other app in the real one.
    """
    apps = range(len(panel.names))
    found = []
    for end in range(split, fit + WINDOW_DAYS - 1, -WINDOW_DAYS):
        begin = end - WINDOW_DAYS
        for app in apps:
            gap = _gap(panel.values[:, :end], app, [one for one in apps if one != app], begin, fit)
            found += [] if gap is None else [abs(gap[0]) / gap[1]]
    for app in apps[1:]:
        others = [one for one in apps[1:] if one != app]
        gap = _gap(panel.values, app, others, split, fit) if others else None
        found += [] if gap is None else [abs(gap[0]) / gap[1]]
    return found


def _gap(values: Floats, app: int, others: Sequence[int], split: int, fit: int) -> tuple[float, float, Floats, float] | None:
    """(log of after over expected, noise of the fit, weights, expected mean) of one app; None where a mean is zero."""
    import numpy as np

    fitted, later = values[:, split - fit : split], values[:, split:]
    means = fitted.mean(axis=1)
    picked = list(others)
    if means[app] <= 0 or not (means[picked] > 0).all():
        return None
    own, donors = fitted[app] / means[app], (fitted[picked].T / means[picked])
    weights = simplex_weights(donors, own)
    spread = float(np.sqrt(np.mean((own - donors @ weights) ** 2)))
    expected = float((later[picked].T / means[picked] @ weights).mean())
    after = float(later[app].mean() / means[app])
    gap = math.log(max(after, _FLOOR) / max(expected, _FLOOR))
    return gap, max(spread, _FLOOR), weights, expected * float(means[app])


def simplex_weights(donors: Floats, own: Floats) -> Floats:
    """Weights of at least 0 that sum to 1 and bring the donors (days x apps) nearest to the app's own days.

    Non-negative least squares by active sets (Lawson and Hanson 1974); a heavy row of ones holds the sum.
    """
    import numpy as np

    heavy = 1e2 * math.sqrt(len(own))
    matrix = np.vstack([donors, np.full((1, donors.shape[1]), heavy)])
    target = np.append(own, heavy)
    weights = _non_negative(matrix, target)
    total = float(weights.sum())
    return weights / total if total > 0 else np.full(donors.shape[1], 1 / donors.shape[1])


def _non_negative(matrix: Floats, target: Floats) -> Floats:
    import numpy as np

    count = matrix.shape[1]
    found, free = np.zeros(count), np.zeros(count, dtype=bool)
    for _ in range(3 * count):
        pull = matrix.T @ (target - matrix @ found)
        pull[free] = -np.inf
        best = int(pull.argmax())
        if not np.isfinite(pull[best]) or pull[best] <= 1e-12 * abs(matrix.T @ target).max():
            break
        free[best] = True
        while True:
            trial = np.zeros(count)
            trial[free] = np.linalg.lstsq(matrix[:, free], target, rcond=None)[0]
            below = free & (trial <= 0)
            if not below.any():
                break
            step = float(np.min(found[below] / np.maximum(found[below] - trial[below], 1e-300)))
            found = found + step * (trial - found)
            free &= found > 1e-12
            if not free.any():
                break
        found = np.where(free, np.maximum(trial, 0.0), 0.0)
    return found


def _panel(app: str, series: Mapping[str, Series], live_on: date, untouched: Sequence[str]) -> _Panel:
    """The app, the best covered donors, and the days all of them have; what happened on the day itself is left out."""
    import numpy as np

    first, last = live_on - timedelta(days=HISTORY_DAYS), live_on + timedelta(days=WINDOW_DAYS)
    wanted = [day for day in sorted(series.get(app, {})) if first <= day <= last and day != live_on]
    donors = [name for name in sorted(set(untouched)) if name != app and name in series]
    coverage = {name: sum(day in series[name] for day in wanted) for name in donors}
    least = DONOR_COVERAGE * len(wanted)
    enough = [name for name in donors if coverage[name] >= least and any(series[name].get(day) for day in wanted)]
    names = [app, *sorted(enough, key=lambda name: (-coverage[name], name))[:MOST_DONORS]]
    days = [day for day in wanted if all(day in series[name] for name in names)]
    values = np.array([[float(series[name][day]) for day in days] for name in names]).reshape(len(names), len(days))
    return _Panel(days, names, values)


def _mean(own: Series, start: date, end: date) -> float | None:
    """The mean a day over the measured days of [start, end), None with too few of them."""
    values = [own[day] for day in sorted(own) if start <= day < end]
    return round(math.fsum(values) / len(values), 6) if len(values) >= LEAST_WINDOW_DAYS else None
