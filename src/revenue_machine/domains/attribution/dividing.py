"""What each channel earns over many journeys by each model, in whole units that sum to the total exactly."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from revenue_machine.domains.attribution import coalitions, markov, shapley, weights
from revenue_machine.domains.attribution.comparison import Measure, ModelName
from revenue_machine.domains.attribution.journeys import Journeys
from revenue_machine.domains.attribution.models import UNKNOWN
from revenue_machine.domains.attribution.rules import is_direct

# Billionths of a conversion, micro-dollars of value.
UNITS: Mapping[Measure, int] = MappingProxyType({"conversions": 10**9, "value": 10**6})


@dataclass(frozen=True)
class Pot:
    """What there is to credit: per journey, and in whole units what nobody touched and all of it."""

    amounts: Sequence[float]
    scale: int
    untouched: int
    total: int

    @property
    def touched(self) -> float:
        """What somebody touched, in whole amounts."""
        return (self.total - self.untouched) / self.scale


@dataclass(frozen=True)
class Credits:
    """Units by channel name, in the order of the names; they sum to the pot's total.

    `error` is what the method may be off by for any channel, in whole amounts.
    """

    units: dict[str, int]
    error: float


def pot_of(journeys: Journeys, measure: Measure) -> Pot:
    """All that is to be credited; sums of floats are rounded once, at their end."""
    amounts, scale = journeys.conversions if measure == "conversions" else journeys.values, UNITS[measure]
    untouched = math.fsum(amount for amount, (start, end) in zip(amounts, journeys.spans(), strict=True) if start == end)
    return Pot(amounts, scale, round(untouched * scale), round(math.fsum(amounts) * scale))


def credit(journeys: Journeys, model: ModelName, order: int, pot: Pot) -> Credits:
    """Share the pot by a model; what nobody touched, and what a model cannot place, is `unknown`.

    Raises: bad_input when the Markov walk is too large.
    """
    parts, error = _parts(journeys, model, order, pot)
    is_placed = any(parts)
    units = weights.settle(pot.total - pot.untouched, [part * pot.scale for part in parts]) if is_placed else [0] * len(parts)
    named = dict(zip(journeys.names, units, strict=True))
    nobodys = pot.untouched if is_placed else pot.total
    if nobodys:
        named[UNKNOWN] = named.get(UNKNOWN, 0) + nobodys
    return Credits(dict(sorted(named.items())), error)


def _parts(journeys: Journeys, model: ModelName, order: int, pot: Pot) -> tuple[list[float], float]:
    """(amount by channel code, how far the method may be off); an error that rounding hides is none."""
    if model in weights.RULE_MODELS:
        return rule_credits(journeys, model, pot.amounts), 0.0
    if model == "shapley":
        return shapley.credits_of(journeys, pot.amounts), 0.0
    if model == "shapley_markov":
        drawn = coalitions.walk_shares(journeys)
        return [share * pot.touched for share in drawn.shares], drawn.error * abs(pot.touched)
    found = markov.removal_of(journeys, order)
    error = _rounded_up(2 * found.error * abs(pot.touched))
    return [share * pot.touched for share in found.shares()], error if error * pot.scale > 1 else 0.0


def _rounded_up(error: float) -> float:
    """The next power of ten: its digits are the machine's, its size is the walk's."""
    return 10.0 ** math.ceil(math.log10(error)) if error > 0 else 0.0


def rule_credits(journeys: Journeys, model: weights.RuleModel, amounts: Sequence[float]) -> list[float]:
    """What each channel earns by a rule, by code, where journey n is worth `amounts[n]`."""
    found = [0.0] * len(journeys.names)
    parts_of = _by_journey(journeys, model)
    for (start, end), amount in zip(journeys.spans(), amounts, strict=True):
        if start != end and amount:
            for code, part in zip(journeys.codes[start:end], parts_of(start, end), strict=True):
                found[code] += amount * part
    return found


def _by_journey(journeys: Journeys, model: weights.RuleModel) -> Callable[[int, int], list[float]]:
    """Shares of the touches from `start` to `end`; where only their number matters, reckoned once per number."""
    direct = [is_direct_channel(name) for name in journeys.names]
    by_length: dict[int, list[float]] = {}

    def looked_at(start: int, end: int) -> list[float]:
        back = journeys.back[start:end] if journeys.back else range(end - start - 1, -1, -1)
        return _fractions(model, back, [direct[code] for code in journeys.codes[start:end]])

    def counted(start: int, end: int) -> list[float]:
        size = end - start
        if size not in by_length:
            by_length[size] = _fractions(model, range(size - 1, -1, -1), [False] * size)
        return by_length[size]

    return looked_at if model == "last_non_direct" or (model == "time_decay" and journeys.back) else counted


def _fractions(model: weights.RuleModel, back: Sequence[float], direct: Sequence[bool]) -> list[float]:
    parts = weights.weigh(model, back, direct)
    whole = sum(parts)
    return [part / whole for part in parts]


def is_direct_channel(name: str) -> bool:
    """Whether a channel names nobody: `direct` in the usual spellings, `(direct) / (none)` among them."""
    return all(is_direct(part) for part in name.split("/"))
