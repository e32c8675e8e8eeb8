"""What other domains ask of a model and get back; and the inputs and answers of the credit topics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Protocol

from pydantic import Field, PlainSerializer, WithJsonSchema

from revenue_machine.engine.topic import Args, Result
from revenue_machine.kit.money import json_dollars, micro

# Exact inside, a plain JSON number with at most six decimals outside.
DollarNumber = Annotated[
    Decimal,
    PlainSerializer(lambda value: json_dollars(micro(value)), when_used="json"),
    WithJsonSchema({"type": "number"}),
]


@dataclass(frozen=True)
class ModelJob:
    """One question to whichever model the task type is routed to.

    `key` is the business key inside the call. The user prompt is `instruction` (plain English, may be empty), then
    `<task>task</task>` and `<brief>JSON of brief</brief>`; the answer has to fit `schema`.
    """

    task_type: str
    key: str
    system: str
    task: str
    brief: Mapping[str, Any]
    schema: Mapping[str, Any]
    max_output_tokens: int
    instruction: str = ""
    is_critical: bool = False
    post_ids: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class ModelReply:
    """The answer as JSON, as it was written, what it cost, and which model gave it."""

    data: dict[str, Any]
    text: str
    cost_micro_usd: int
    model: str


class ModelDesk(Protocol):
    """Where a domain asks a model; injectable into topics as `ModelDesk`."""

    def ask(self, job: ModelJob) -> ModelReply:
        """Ask once per business key, whatever crashes.

        Raises: budget_exhausted; the outside_* family; contract_broken when the answer does not fit the schema
        (its cost stays booked).
        """
        ...

    def batch_size(self, wanted: int) -> int:
        """How many items one job should hold now: fewer as the day's budget runs out, 0 when it is gone."""
        ...


class Usage(Args):
    """Tokens as billed; `input_tokens` leaves out what was read from or written to the cache."""

    input_tokens: int = Field(0, ge=0)
    output_tokens: int = Field(0, ge=0)
    cache_read_tokens: int = Field(0, ge=0)
    cache_write_tokens: int = Field(0, ge=0)


class PriceArgs(Args):
    """A model, its usage, and the date whose prices count."""

    model: str = Field(examples=["claude-haiku-4-5"])
    usage: Usage = Field(examples=[{"input_tokens": 1000, "output_tokens": 100}])
    at: date = Field(examples=["2026-11-22"])


class PriceResult(Result):
    """What that usage costs in dollars (at most six decimals), and by which price table."""

    cost_usd: DollarNumber
    price_version: str
