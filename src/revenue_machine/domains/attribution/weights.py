"""How the six rule models share one conversion among its touches, and how money is split so that nothing is lost."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from types import MappingProxyType
from typing import Literal, get_args

RuleModel = Literal["first", "last", "last_non_direct", "linear", "position", "time_decay"]
RULE_MODELS: tuple[RuleModel, ...] = get_args(RuleModel)
HALF_LIFE = timedelta(days=7)
# A weight of time decay is counted in this many parts of the newest touch's.
_FINE = 2**60
_SHIFT = 60

# Whole numbers in the ratio of the shares, from (halvings back from the newest touch, which touches are direct).
_Weigh = Callable[[Sequence[float], Sequence[bool]], list[int]]


def shares(model: RuleModel, touched_at: Sequence[datetime], is_direct: Sequence[bool]) -> list[Fraction]:
    """Each touch's share of one conversion, in the order given (oldest first, ties as the caller ordered them).

    They sum to exactly 1; no touches, no shares. When every touch is direct, `last_non_direct` takes the last.
    """
    newest = max(touched_at, default=None)
    back = [] if newest is None else [(newest - at) / HALF_LIFE for at in touched_at]
    return shares_back(model, back, is_direct)


def shares_back(model: RuleModel, halvings_back: Sequence[float], is_direct: Sequence[bool]) -> list[Fraction]:
    """The same from how often a touch's weight has halved by the newest one's time (0 for the newest)."""
    parts = weigh(model, halvings_back, is_direct)
    whole = sum(parts)
    return [Fraction(part, whole) for part in parts]


def shares_by_step(model: RuleModel, is_direct: Sequence[bool]) -> list[Fraction]:
    """The same for a path without times: time decay halves with every step back."""
    return shares_back(model, range(len(is_direct) - 1, -1, -1), is_direct)


def weigh(model: RuleModel, halvings_back: Sequence[float], is_direct: Sequence[bool]) -> list[int]:
    """Whole numbers in the ratio of the shares; at least one is positive unless there are no touches."""
    return _MODELS[model](halvings_back, is_direct) if halvings_back else []


def split(amount_micro_usd: int, parts: Sequence[Fraction]) -> list[int]:
    """An amount by shares that sum to 1, in whole micro-dollars that sum to it exactly.

    Largest remainder, the earlier of equals first; a refund is the mirror image of its sale.
    Raises: ValueError when the shares do not sum to 1.
    """
    if sum(parts) != 1:
        raise ValueError("shares sum to 1")
    sign = -1 if amount_micro_usd < 0 else 1
    exact = [part * abs(amount_micro_usd) for part in parts]
    floors = [math.floor(one) for one in exact]
    left = abs(amount_micro_usd) - sum(floors)
    nearest = sorted(range(len(parts)), key=lambda place: (floors[place] - exact[place], place))
    for place in nearest[:left]:
        floors[place] += 1
    return [sign * one for one in floors]


def settle(total: int, parts: Sequence[float]) -> list[int]:
    """Sums reckoned in floats as whole numbers that sum to `total` exactly: largest remainder, what was 0 stays 0.

    `parts` sum to about `total`; what rounding of floats made of the rest goes to the part that is largest in size.
    """
    floors = [math.floor(part) for part in parts]
    left = total - sum(floors)
    nearest = sorted(
        (place for place, part in enumerate(parts) if part != floors[place]), key=lambda place: floors[place] - parts[place]
    )
    for place in nearest[: max(left, 0)]:
        floors[place] += 1
        left -= 1
    if left:
        floors[max(range(len(parts)), key=lambda place: abs(parts[place]))] += left
    return floors


def _first(back: Sequence[float], direct: Sequence[bool]) -> list[int]:
    return [1, *[0] * (len(back) - 1)]


def _last(back: Sequence[float], direct: Sequence[bool]) -> list[int]:
    return [*[0] * (len(back) - 1), 1]


def _last_non_direct(back: Sequence[float], direct: Sequence[bool]) -> list[int]:
    named = [place for place, one in enumerate(direct) if not one]
    parts = [0] * len(back)
    parts[named[-1] if named else -1] = 1
    return parts


def _linear(back: Sequence[float], direct: Sequence[bool]) -> list[int]:
    return [1] * len(back)


def _position(back: Sequence[float], direct: Sequence[bool]) -> list[int]:
    """40 % to the first and the last, 20 % between them; two touches share evenly, one has it all."""
    between = len(back) - 2
    if between <= 0:
        return [1] * len(back)
    return [2 * between, *[1] * between, 2 * between]


def _time_decay(back: Sequence[float], direct: Sequence[bool]) -> list[int]:
    nearest = min(back)
    return [_halved(one - nearest) for one in back]


def _halved(times: float) -> int:
    """2 ** -times in 60-bit parts; beyond sixty halvings it is nothing."""
    return 0 if times > _SHIFT else round(_FINE * 2.0**-times)


_MODELS: Mapping[RuleModel, _Weigh] = MappingProxyType({
    "first": _first, "last": _last, "last_non_direct": _last_non_direct, "linear": _linear, "position": _position,
    "time_decay": _time_decay,
})  # fmt: skip
