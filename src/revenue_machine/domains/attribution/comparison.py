"""What `attribution.compare` takes and answers."""

from __future__ import annotations

from typing import Literal, get_args

from pydantic import Field

from revenue_machine.engine.topic import Args, Result

ModelName = Literal["first", "last", "last_non_direct", "linear", "position", "time_decay", "markov", "shapley", "shapley_markov"]
USUAL: tuple[ModelName, ...] = tuple(name for name in get_args(ModelName) if name != "shapley_markov")
Measure = Literal["conversions", "value"]


class CompareArgs(Args):
    """A local file of journeys, and what to reckon from it.

    `paths` is CSV with `path,total_conversions,total_conversion_value,total_null`, channels joined by ` > `; `events` is CSV with
    `user_id,time,channel,converted,value`, in any order. `order` is how many channels the Markov walk remembers. `shapley_markov`
    runs only when asked for: Shapley over that walk (order 1), exact up to twelve channels, beyond with its error in the answer.
    """

    source: Literal["paths", "events"] = Field(examples=["paths"])
    path: str = Field(min_length=1, max_length=4096, examples=["paths.csv"], description="a file on the machine that answers")
    models: tuple[ModelName, ...] = Field(USUAL, min_length=1)
    order: int = Field(1, ge=1, le=3)
    value: Measure = "conversions"


class CompareResult(Result):
    """Credit by model and channel; each model sums to `total`.

    Conversions have nine decimals, money six. `errors` bounds what a model's method may be off by beyond that rounding, in the unit
    of `total`; `notes` says what was met in the file that the owner should know.
    """

    models: dict[str, dict[str, float]]
    total: float
    errors: dict[str, float]
    notes: tuple[str, ...]
