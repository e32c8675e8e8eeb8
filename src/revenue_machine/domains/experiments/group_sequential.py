"""Decides an experiment at looks planned beforehand: O'Brien and Fleming's boundary, and alpha spending where looks are uneven.

The boundary is the true one: the chance to cross it is integrated look by look (Armitage, McPherson and Rowe 1969) by
Gauss-Legendre quadrature, to more digits than anybody needs. Evenly spaced looks take O'Brien and Fleming (1979): z at look k of K
is C sqrt(K/k). Uneven ones spend alpha like it, 4 - 4 Phi(z / sqrt t) by the time the share t of all information has come, where z
leaves a quarter of alpha above it (Lan and DeMets 1983).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from revenue_machine.domains.experiments.proportions import below, two_sided_z

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

# Beyond this many standard deviations there is nothing to integrate; a boundary there is never crossed.
FAR = 9.0
# Looks closer together than this share of all information are one look.
CLOSEST = 1e-3


def boundary(looks: int, look: int, level: float, fractions: Sequence[float] | None = None) -> float:
    """The z that a look asks for; `fractions` of the planned users at each look so far, where looks are uneven.

    1 of 1 is the fixed test. At the last look all that is left of the level is spent, however many users came.
    """
    if fractions is None:
        return obrien_fleming(looks, level) * math.sqrt(looks / look)
    return spending_boundary(tuple(fractions), level, is_last=look == looks)[-1]


@lru_cache(maxsize=512)
def obrien_fleming(looks: int, level: float) -> float:
    """C, the z at the last of evenly spaced looks: 2.040 for five looks at 0.05."""
    fixed = two_sided_z(level)
    if looks == 1:
        return fixed
    return _root(lambda z: _even_crossing(z, looks) - level, fixed, two_sided_z(level / looks))


@lru_cache(maxsize=512)
def spending_boundary(fractions: tuple[float, ...], level: float, *, is_last: bool) -> tuple[float, ...]:
    """The z of each look so far, each spending what has come due; `FAR` where nothing has."""
    found: list[float] = []
    spent = 0.0
    state = None
    for place, fraction in enumerate(fractions):
        due = level if is_last and place == len(fractions) - 1 else spending(min(fraction, 1.0), level)
        step = fraction - (fractions[place - 1] if place else 0.0)
        if due - spent < 1e-15:
            found.append(FAR)
        else:
            # Crossing here is at least as likely as being beyond z here, and crossing here for the first time at most so.
            found.append(_root(_surplus(state, (fraction, step), due), two_sided_z(due), two_sided_z(due - spent)))
            spent = due
        state = _stage(state, (fraction, step), found[-1])
    return tuple(found)


def spending(fraction: float, level: float) -> float:
    """How much of the level may be spent by the time this share of all information has come, both sides together."""
    return 4 - 4 * below(two_sided_z(level / 2) / math.sqrt(fraction)) if fraction < 1 else level


def crossing(bounds: Sequence[float], fractions: Sequence[float], drift: float = 0.0) -> list[float]:
    """The chance to have crossed on either side by each look; `drift` is the expected z when all information is in."""
    state, before, found = None, 0.0, []
    for bound, fraction in zip(bounds, fractions, strict=True):
        state = _stage(state, (fraction, fraction - before), bound, drift)
        before = fraction
        found.append(1 - float(state[1].sum()))
    return found


State = tuple["Floats", "Floats"] | None


def _surplus(state: State, at: tuple[float, float], due: float) -> Callable[[float], float]:
    return lambda z: 1 - float(_stage(state, at, z)[1].sum()) - due


def _stage(state: State, at: tuple[float, float], bound: float, drift: float = 0.0) -> tuple[Floats, Floats]:
    """Where a random walk stands that never crossed: places, and the chance at each (density times weight)."""
    import numpy as np

    fraction, step = at
    half, spread = min(bound, FAR) * math.sqrt(fraction), math.sqrt(step)
    places, weights = _nodes(8 * half / spread)
    # With a drift the mass moves; where no boundary cuts it off, the grid moves along.
    middle = drift * fraction if bound >= FAR else 0.0
    x = middle + half * places
    scale = half * weights / (spread * math.sqrt(2 * math.pi))
    if state is None:
        return x, np.exp(-((x - drift * step) ** 2) / (2 * step)) * scale
    gaps = x[:, None] - state[0][None, :] - drift * step
    return x, (np.exp(-(gaps**2) / (2 * step)) @ state[1]) * scale


def _even_crossing(z: float, looks: int) -> float:
    """The chance to cross a constant boundary of the sum, `z` at the last look; one step has variance 1."""
    import numpy as np

    half = z * math.sqrt(looks)
    places, weights = _nodes(8 * half)
    x, scale = half * places, half * weights / math.sqrt(2 * math.pi)
    kernel = np.exp(-((x[:, None] - x[None, :]) ** 2) / 2) * scale[:, None]
    mass = np.exp(-(x**2) / 2) * scale
    for _ in range(looks - 1):
        mass = kernel @ mass
    return 1 - float(mass.sum())


def _nodes(wanted: float) -> tuple[Floats, Floats]:
    """Places and weights on -1 to 1; in few sizes, because finding them costs more than using them."""
    return _gauss_legendre(64 * math.ceil((32 + wanted) / 64))


@lru_cache(maxsize=64)
def _gauss_legendre(count: int) -> tuple[Floats, Floats]:
    import numpy as np

    return np.polynomial.legendre.leggauss(count)


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    """Where a falling function passes zero, by the Illinois variant of false position."""
    at_low, at_high = function(low), function(high)
    if at_low <= 0 or at_high >= 0:
        return low if abs(at_low) <= abs(at_high) else high
    side, middle = 0, low
    for _ in range(200):
        middle = (low * at_high - high * at_low) / (at_high - at_low)
        value = function(middle)
        if abs(value) < 1e-14 or high - low < 1e-13:
            return middle
        if value > 0:
            low, at_low = middle, value
            at_high, side = (at_high / 2, 1) if side == 1 else (at_high, 1)
        else:
            high, at_high = middle, value
            at_low, side = (at_low / 2, -1) if side == -1 else (at_low, -1)
    return middle
