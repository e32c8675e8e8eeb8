"""Touches and conversions as columns under REVENUE_HOME, and the standing sum of their credits, kept up to date event by event.

With a merge the credits of all merged events are kept beside them. Events that came since change only what their own users are
credited with: those users are reckoned without and with the new events, and the difference is added. A late event, which moves the
credit of conversions long passed, is no other case.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from revenue_machine.domains.attribution.bulk import Facets, Floats, Ints, Rules, credit, touched
from revenue_machine.domains.attribution.models import DIMENSIONS, DIRECT
from revenue_machine.domains.attribution.weights import RULE_MODELS
from revenue_machine.engine.column_store import Batch, ColumnStore, Rows, Snapshot
from revenue_machine.engine.columns import Words, join, of_users, users_of

TABLES = {"touches": {"facet": "int32"}, "conversions": {"kind": "int8", "amount": "int64"}}
WORDS = ("user", "facet", "kind")
MOST_KINDS = 127
_BETWEEN = "\x1f"


@dataclass(frozen=True)
class TouchMade:
    """A touch: whose, when (milliseconds since 1970), and its value in every dimension of `DIMENSIONS`."""

    user_id: str
    at_ms: int
    values: tuple[str, ...]


@dataclass(frozen=True)
class ConversionMade:
    """A step worth credit: whose, when, of which kind; money given back is negative and stands at the time of its sale."""

    user_id: str
    at_ms: int
    kind: str
    amount_micro_usd: int = 0


@dataclass(frozen=True)
class Standing:
    """Credits [kind, facet (nobody last), model, measure] and touches by facet, as of now."""

    facets: Facets
    kinds: tuple[str, ...]
    credits: Floats
    touches: Ints

    def by_dimension(self, dimension: str) -> dict[str, Floats]:
        """What each value of a dimension is credited with: [kind, model, measure]."""
        return self.facets.by_dimension(self.credits, dimension)


class TouchLog:
    """The columns of one source."""

    def __init__(self, folder: Path, rules: Rules | None = None) -> None:
        self._store, self._rules = ColumnStore(folder, TABLES, WORDS), rules or Rules()

    def read(self) -> Snapshot:
        """All that is held."""
        return self._store.read()

    def add(self, touches: Sequence[TouchMade], conversions: Sequence[ConversionMade], mark: str = "") -> None:
        """Keep events in the order they came; `mark` says how far their source is read.

        Raises: bad_input for a name of more than 1,024 bytes, or times more than 34 years apart.
        """
        words = self._store.read().words
        fresh = {
            "user": words["user"].learn([*(one.user_id for one in touches), *(one.user_id for one in conversions)]),
            "facet": words["facet"].learn([facet_word(one.values) for one in touches]),
            "kind": words["kind"].learn([one.kind for one in conversions]),
        }
        came = Rows(
            words["user"].codes([one.user_id for one in touches]),
            np.array([one.at_ms for one in touches], np.int64),
            {"facet": words["facet"].codes([facet_word(one.values) for one in touches])},
        )
        made = Rows(
            words["user"].codes([one.user_id for one in conversions]),
            np.array([one.at_ms for one in conversions], np.int64),
            {
                "kind": words["kind"].codes([one.kind for one in conversions]),
                "amount": np.array([one.amount_micro_usd for one in conversions], np.int64),
            },
        )
        self._store.append(Batch({"touches": came, "conversions": made}, fresh, mark))

    def put_whole(self, rows: Mapping[str, Rows], words: Mapping[str, Words], mark: str) -> None:
        """Hold only these, as codes already."""
        self._store.put_whole(rows, words, mark, self._keep)

    def merge(self) -> None:
        """Fold what came since into the columns, and its credits into the kept ones."""
        self._store.merge(self._keep)

    def standing(self) -> Standing:
        """Credits of everything held: the kept ones, changed by what came since for the users it concerns."""
        held = self._store.read()
        facets, kinds = facets_of(held.words["facet"]), tuple(held.words["kind"].texts())
        name = self._name()
        if name not in held.kept or held.kept[name].shape[2] != len(RULE_MODELS):
            whole = held.joined()
            summed = credit(whole["touches"], whole["conversions"], facets, len(kinds), self._rules)
            return Standing(facets, kinds, summed, touched(whole["touches"], facets))
        summed = _widened(held.kept[name], facets, len(kinds)) + self._change(held, facets, len(kinds))
        touches = touched(held.fresh["touches"], facets)
        touches[: len(held.kept["touched"])] += held.kept["touched"]
        return Standing(facets, kinds, summed, touches)

    def _change(self, held: Snapshot, facets: Facets, kinds: int) -> Floats:
        """What the events that came since add to the credits of their users, and take from them."""
        users = np.unique(np.concatenate([users_of(events.keys) for events in held.fresh.values()]))
        before = {name: of_users(events, users) for name, events in held.base.items()}
        after = {name: join(events, held.fresh[name]) for name, events in before.items()}
        old, new = (credit(one["touches"], one["conversions"], facets, kinds, self._rules, fast=False) for one in (before, after))
        return new - old

    def _keep(self, whole: Snapshot) -> dict[str, Floats | Ints]:
        facets = facets_of(whole.words["facet"])
        touches, conversions = whole.base["touches"], whole.base["conversions"]
        summed = credit(touches, conversions, facets, len(whole.words["kind"]), self._rules)
        return {self._name(): summed, "touched": touched(touches, facets)}

    def _name(self) -> str:
        return f"credits.{self._rules.lookback_ms}.{self._rules.half_life_ms}"


def facet_word(values: Iterable[str]) -> str:
    """The name of a combination of values."""
    return _BETWEEN.join(values)


def facets_of(words: Words) -> Facets:
    """What the facets' names say."""
    values = [tuple(text.split(_BETWEEN)) for text in words.texts()]
    source = DIMENSIONS.index("utm_source")
    return Facets(DIMENSIONS, values, np.array([one[source] == DIRECT for one in values], bool))


def _widened(summed: Floats, facets: Facets, kinds: int) -> Floats:
    """Kept credits with places for the facets and kinds that are new; nobody stays last."""
    found = np.zeros((kinds, len(facets) + 1, *summed.shape[2:]))
    found[: summed.shape[0], : summed.shape[1] - 1] = summed[:, :-1]
    found[: summed.shape[0], -1] = summed[:, -1]
    return found
