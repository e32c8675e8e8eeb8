"""Worlds drawn from what is believed before one is seen; the beliefs are one table, `priors.toml`."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, Literal

from revenue_machine.kit.rng import rng
from revenue_machine.sandbox.rates import WorldRates


@dataclass(frozen=True)
class Prior:
    """One row of the table: a place in the world file and the range it is drawn from."""

    field: str
    low: float
    high: float
    source: str
    how: Literal["uniform", "log"] = "uniform"
    each: bool = False
    is_factor: bool = False

    def draw(self, draws: Random) -> float:
        """One number of the range."""
        share = draws.random()
        if self.how == "log":
            return math.exp(math.log(self.low) + share * (math.log(self.high) - math.log(self.low)))
        return self.low + share * (self.high - self.low)


@cache
def priors() -> tuple[Prior, ...]:
    """Every row of the table."""
    text = (Path(__file__).parent / "priors.toml").read_text(encoding="utf-8")
    return tuple(Prior(**row) for row in tomllib.loads(text)["priors"])


def draw_world(number: int, base: WorldRates | None = None, *, keep: Collection[str] = ()) -> WorldRates:
    """The world of that number: every belief drawn once (or once per entry of its table), each by a draw of its own.

    Fields named in `keep` stay as they stand in the base.
    """
    document = (base or WorldRates()).model_dump()
    # A look-up is counted per marked visit of its network, so the table's range is the whole of it.
    document["traffic"]["looked_up_per_click"] = 1.0
    for prior in (one for one in priors() if one.field not in keep):
        group, _, name = prior.field.partition(".")
        if prior.each:
            for key, entry in document[group].items():
                _set(entry, name, prior, rng(number, "prior", prior.field, key))
        else:
            _set(document[group], name, prior, rng(number, "prior", prior.field))
    return WorldRates.model_validate(document)


def _set(entry: dict[str, Any], name: str, prior: Prior, draws: Random) -> None:
    drawn = prior.draw(draws)
    entry[name] = entry[name] * drawn if prior.is_factor else drawn
