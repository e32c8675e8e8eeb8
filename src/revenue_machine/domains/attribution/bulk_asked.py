"""What the topics over millions of touches take and answer."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from revenue_machine.domains.attribution.weights import RuleModel
from revenue_machine.engine.topic import Args, Result

Dimension = Literal["platform", "content_type", "hook_category", "niche", "framework", "offer", "paywall_variant", "utm_source"]
BulkModel = RuleModel | Literal["markov", "shapley"]
ALL: tuple[BulkModel, ...] = ("first", "last", "last_non_direct", "linear", "position", "time_decay", "markov", "shapley")
_NAME = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$", examples=["shop"], description="a name for these touches")


class LoadArgs(Args):
    """Two Parquet files of one log, on the machine that answers.

    `touches` has user_id, at_ms (since 1970) and the eight dimensions, in the order of arrival; `conversions` has user_id, at_ms,
    kind, amount_micro_usd, money given back negative and at the time of its sale. Files after the first ones add to them.
    """

    log: str = _NAME
    touches: str = Field(min_length=1, max_length=4096, examples=["touches.parquet"])
    conversions: str = Field(min_length=1, max_length=4096, examples=["conversions.parquet"])


class LoadResult(Result):
    """How many events the log holds now; `is_new` is false when these very files were in it."""

    is_new: bool
    touches: int
    conversions: int
    users: int


class CreditsArgs(Args):
    """A log, the dimension to sum up by, and the kind of conversion (None: all) whose credits are asked for."""

    log: str = _NAME
    dimension: Dimension = Field(examples=["platform"])
    kind: str | None = Field(default=None, max_length=200)
    models: tuple[BulkModel, ...] = Field(default=ALL, min_length=1)


class BulkCredit(Result):
    """What one model credits one value with."""

    value: str
    model: BulkModel
    conversions: float
    amount_micro_usd: int


class CreditsResult(Result):
    """Credits by value and model; every model sums to the same amount exactly and to the same conversions to nine decimals."""

    rows: list[BulkCredit]
    touches: dict[str, int]
    conversions: int
    amount_micro_usd: int
