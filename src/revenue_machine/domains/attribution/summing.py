"""Credits of all touches summed by the values of a dimension, in every model, with how sure each sum is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from revenue_machine.domains.attribution.intervals import Range, range_of
from revenue_machine.domains.attribution.journeys import Journeys
from revenue_machine.domains.attribution.markov import chain_of, removal
from revenue_machine.domains.attribution.models import DIMENSIONS, MODELS, RULES
from revenue_machine.domains.attribution.weights import split

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]

# What the walk of the Markov model ends in: sales, and before there is any, what comes nearest.
GOALS = ("purchase", "trial", "signup")
_FINE = 2**40
Traits = tuple[str, ...]


@dataclass(frozen=True)
class Sum:
    """What one value of a dimension is credited with; counts by kind of step, money in micro-dollars, ranges of 90 %."""

    counts: Mapping[str, float]
    revenue_micro_usd: int
    net_revenue_micro_usd: int
    buyers: int
    purchases: Range
    revenue: Range


@dataclass(frozen=True)
class _Entries:
    """Credits in columns: whose value, of which step, how much."""

    code: Whole
    step: Whole
    share: Floats
    revenue: Whole
    net: Whole


class Credits:
    """All rows of `actp_attribution_credits` that are looked at, in columns.

    A row is (step id, person, kind, the values of the eight dimensions, then share, gross and net by rule model), rows by step
    and place.
    """

    def __init__(self, rows: Sequence[Sequence[Any]], idle: Mapping[tuple[Traits, ...], int]) -> None:
        import numpy as np

        self._idle = idle
        self._effects: dict[str, dict[str, float]] = {}
        columns: list[Sequence[Any]] = list(zip(*rows, strict=True)) if rows else [()] * (3 + len(DIMENSIONS) + 3 * len(RULES))
        self._step, steps = _coded(columns[0])
        first = np.zeros(len(steps), dtype=np.int64)
        first[self._step[::-1]] = np.arange(len(rows))[::-1]
        people = [person or step for step, person in zip(columns[0], columns[1], strict=True)]
        self._person = _coded([people[place] for place in first.tolist()])[0]
        self._kind, self._kinds = _coded([columns[2][place] for place in first.tolist()])
        self._values = dict(zip(DIMENSIONS, columns[3:11], strict=True))
        shares, gross, net = columns[11:17], columns[17:23], columns[23:29]
        self._shares = [np.array(one, dtype=np.float64) for one in shares]
        self._gross = [np.array(one, dtype=np.int64) for one in gross]
        self._net = [np.array(one, dtype=np.int64) for one in net]
        self._paths = self._count_paths(list(zip(*columns[3:11], strict=True)), people)

    def models_of(self, dimension: str) -> dict[str, dict[str, Sum]]:
        """Every model's sums by value of a dimension, values by name."""
        code, names = _coded(self._values[dimension])
        found: dict[str, dict[str, Sum]] = {
            model: self._sums(_Entries(code, self._step, self._shares[at], self._gross[at], self._net[at]), names)
            for at, model in enumerate(RULES)
        }
        effects = self.effects_of(dimension)
        found["markov"] = self._sums(self._by_value(code, [effects.get(name, 0.0) for name in names]), names)
        found["shapley"] = self._sums(self._by_value(code, [1.0] * len(names)), names)
        return {model: found[model] for model in MODELS}

    def effects_of(self, dimension: str) -> dict[str, float]:
        """The Markov walk's removal effect of every value, 0 to 1; journeys that came to nothing count against their values."""
        if dimension not in self._effects:
            self._effects[dimension] = self._removed(DIMENSIONS.index(dimension))
        return self._effects[dimension]

    def _removed(self, at: int) -> dict[str, float]:
        merged: dict[tuple[str, ...], list[int]] = {}
        for path, ends in self._paths.items():
            held = merged.setdefault(tuple(traits[at] for traits in path), [0, 0])
            held[0], held[1] = held[0] + ends[0], held[1] + ends[1]
        walks = Journeys()
        for values, (conversions, nulls) in sorted(merged.items()):
            walks.add([walks.code(value) for value in values], conversions, nulls, 0.0)
        return dict(zip(walks.names, removal(chain_of(walks, 1), len(walks.names)).effects, strict=True)) if merged else {}

    def _count_paths(self, traits: Sequence[Traits], people: Sequence[str]) -> dict[tuple[Traits, ...], list[int]]:
        """How often each way was gone and ended in the goal, or in nothing: people without it count by how they signed up."""
        kinds = [self._kinds[kind] for kind in self._kind.tolist()]
        goal = next((one for one in GOALS if one in kinds), GOALS[0])
        ways: dict[int, list[Traits]] = {}
        owner: dict[int, str] = {}
        for step, one, person in zip(self._step.tolist(), traits, people, strict=True):
            if kinds[step] in (goal, "signup"):
                ways.setdefault(step, []).append(one)
                owner[step] = person
        reached = {owner[step] for step in ways if kinds[step] == goal}
        found: dict[tuple[Traits, ...], list[int]] = {way: [0, count] for way, count in self._idle.items()}
        for step, way in ways.items():
            ends = found.setdefault(tuple(way), [0, 0])
            if kinds[step] == goal:
                ends[0] += 1
            elif owner[step] not in reached:
                ends[1] += 1
        return found

    def _by_value(self, code: Whole, weights: Sequence[float]) -> _Entries:
        """Each step shared among the distinct values it passed, by their weights (evenly where all are 0)."""
        import numpy as np

        width = max(len(weights), 1)
        pairs = np.unique(self._step * width + code)
        step, value = pairs // width, pairs % width
        steps = len(self._kind)
        gross, net = _summed(self._step, self._gross[0], steps), _summed(self._step, self._net[0], steps)
        share, part_gross, part_net = np.ones(len(pairs)), gross[step], net[step]
        several = np.flatnonzero(np.bincount(step, minlength=steps)[step] > 1)
        for places in _runs(several, step):
            parts = _parts([weights[value[place]] for place in places])
            share[places] = [float(part) for part in parts]
            part_gross[places] = split(int(gross[step[places[0]]]), parts)
            # What is taken off is shared as it is: net stays gross less its own part of it.
            part_net[places] = part_gross[places] + split(int(net[step[places[0]]] - gross[step[places[0]]]), parts)
        return _Entries(value, step, share, part_gross, part_net)

    def _sums(self, entries: _Entries, names: Sequence[str]) -> dict[str, Sum]:
        import numpy as np

        width = len(names)
        kind = self._kind[entries.step]
        counts = {
            name: np.bincount(entries.code[kind == at], weights=entries.share[kind == at], minlength=width).tolist()
            for at, name in enumerate(self._kinds)
        }
        bought = entries.share * (kind == (self._kinds.index("purchase") if "purchase" in self._kinds else -1))
        keys, place = np.unique(self._person[entries.step] * max(width, 1) + entries.code, return_inverse=True)
        value = keys % max(width, 1)
        money = _Spread(value, _totals(place, entries.revenue.astype(np.float64), len(keys)), width)
        sales = _Spread(value, _totals(place, bought, len(keys)), width)
        gross, net = _summed(entries.code, entries.revenue, width).tolist(), _summed(entries.code, entries.net, width).tolist()
        return {
            names[at]: Sum(
                {name: count[at] for name, count in counts.items()}, gross[at], net[at], sales.people(at), sales.range(at),
                money.range(at),
            )
            for at in sorted(range(width), key=names.__getitem__)
        }  # fmt: skip


class _Spread:
    """What each person brought each value, and what follows for its sum."""

    def __init__(self, value: Whole, brought: Floats, width: int) -> None:
        import numpy as np

        self._totals = np.bincount(value, weights=brought, minlength=width).tolist()
        self._squares = np.bincount(value, weights=brought * brought, minlength=width).tolist()
        self._people = np.bincount(value[brought > 0], minlength=width).tolist()
        self._losses = (np.bincount(value[brought < 0], minlength=width) > 0).tolist()
        largest = np.zeros(width)
        np.maximum.at(largest, value, brought)
        self._largest = np.where(largest > 0, largest, brought.max(initial=0.0)).tolist()

    def people(self, at: int) -> int:
        return int(self._people[at])

    def range(self, at: int) -> Range:
        return range_of(self._totals[at], self._squares[at], self._largest[at], has_losses=self._losses[at])


def _coded(values: Sequence[str]) -> tuple[Whole, list[str]]:
    """Each value as the number of its first appearance, and the values by number."""
    import numpy as np

    known: dict[str, int] = {}
    codes = np.fromiter((known.setdefault(value, len(known)) for value in values), dtype=np.int64, count=len(values))
    return codes, list(known)


def _summed(places: Whole, amounts: Whole, width: int) -> Whole:
    """Whole amounts by place, exactly."""
    import numpy as np

    found = np.zeros(width, dtype=np.int64)
    np.add.at(found, places, amounts)
    return found


def _totals(places: Whole, amounts: Floats, width: int) -> Floats:
    """Amounts by place."""
    import numpy as np

    return np.bincount(places, weights=amounts, minlength=width).astype(np.float64)


def _runs(places: Whole, step: Whole) -> Iterator[Whole]:
    """Places of one step at a time; places ascend by step."""
    import numpy as np

    if len(places):
        yield from np.split(places, np.flatnonzero(np.diff(step[places])) + 1)


def _parts(weights: Sequence[float]) -> list[Fraction]:
    whole = [round(weight * _FINE) for weight in weights]
    total = sum(whole)
    return [Fraction(part, total) for part in whole] if total else [Fraction(1, len(weights))] * len(weights)


def parts_of_values(values: Sequence[str], weights: Mapping[str, float]) -> list[Fraction]:
    """Each touch's share when a step is shared among its distinct values by weight; touches of one value share it evenly."""
    known = sorted(set(values))
    share = dict(zip(known, _parts([weights.get(one, 0.0) for one in known]), strict=True))
    return [share[one] / values.count(one) for one in values]


def paths_idle(rows: Sequence[tuple[str, Traits]], single: Mapping[Traits, int]) -> dict[tuple[Traits, ...], int]:
    """Ways of visitors nobody knows: those of several clicks (by visitor and time), and how many clicked once on what."""
    ways: dict[str, list[Traits]] = {}
    for visitor, traits in rows:
        ways.setdefault(visitor, []).append(traits)
    found = Counter(tuple(way) for way in ways.values())
    found.update({(traits,): count for traits, count in single.items()})
    return dict(found)
