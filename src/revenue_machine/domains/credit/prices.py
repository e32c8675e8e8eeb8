"""What a token costs, per model, prompt length and date; and which model id an alias means on a date."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Decimal

from revenue_machine.kit.errors import NotConfigured, NotFound
from revenue_machine.kit.model import ModelUsage

TABLE = "2026-11-22"
BATCH_FACTOR = Decimal("0.5")


@dataclass(frozen=True)
class Rates:
    """Dollars per million tokens, which are micro-dollars per token; `cache_write` is the five-minute one."""

    input: Decimal
    output: Decimal
    cache_read: Decimal
    cache_write: Decimal


@dataclass(frozen=True)
class PriceRow:
    """The rates of a model from a date on; over `long_from_tokens` of prompt (cache counted in) `long` holds for all of it."""

    since: date
    rates: Rates
    long_from_tokens: int | None = None
    long: Rates | None = None

    def rates_for(self, prompt_tokens: int) -> Rates:
        """The band a prompt of that length is in."""
        is_long = self.long is not None and self.long_from_tokens is not None and prompt_tokens > self.long_from_tokens
        return self.long if is_long and self.long is not None else self.rates


def _rates(input_usd: str, output_usd: str, cache_read: str = "0.1", cache_write: str = "1.25") -> Rates:
    """Rates from two prices and two multipliers of the input price."""
    base = Decimal(input_usd)
    return Rates(base, Decimal(output_usd), base * Decimal(cache_read), base * Decimal(cache_write))


_LAUNCH = date(2024, 1, 1)
_OCTOBER = date(2026, 10, 1)
_OCTOBER_7 = date(2026, 10, 7)
_OPUS_4 = (PriceRow(_LAUNCH, _rates("5", "25")),)
_SONNET_4 = (PriceRow(_LAUNCH, _rates("3", "15")),)
_FABLE = (PriceRow(_LAUNCH, _rates("10", "50", cache_read="0.025")),)

# Oldest row first; a date before the first row (a clock pushed into the past) takes the first row.
PRICES: Mapping[str, tuple[PriceRow, ...]] = {
    "claude-haiku-5-5": (
        PriceRow(_OCTOBER_7, _rates("0.1", "0.5"), long_from_tokens=100_000, long=_rates("0.5", "2.5")),
    ),
    "claude-sonnet-5-5": (
        PriceRow(_LAUNCH, _rates("2", "10")),
        PriceRow(_OCTOBER_7, _rates("2", "10", cache_read="0.05")),
    ),
    "claude-opus-5-5": (PriceRow(_OCTOBER, _rates("4", "20", cache_read="0.05")),),
    "claude-opus-5": _OPUS_4,
    "claude-opus-4-8": _OPUS_4,
    "claude-opus-4-7": _OPUS_4,
    "claude-opus-4-6": _OPUS_4,
    "claude-opus-4-5": _OPUS_4,
    "claude-opus-4-1": (PriceRow(_LAUNCH, _rates("15", "75")),),
    "claude-opus-4": (PriceRow(_LAUNCH, _rates("15", "75")),),
    "claude-sonnet-5": (PriceRow(_LAUNCH, _rates("2", "10")),),
    "claude-sonnet-4-6": _SONNET_4,
    "claude-sonnet-4-5": _SONNET_4,
    "claude-sonnet-4": _SONNET_4,
    "claude-haiku-4-5": (PriceRow(_LAUNCH, _rates("1", "5")),),
    "claude-fable-5-1": _FABLE,
    "claude-mythos-5-1": _FABLE,
}  # fmt: skip

# Newest first; the vendor retires an id on its date and answers 404 from then on.
ALIASES: Mapping[str, tuple[tuple[str, date | None], ...]] = {
    "haiku": (("claude-haiku-5-5", None), ("claude-haiku-4-5", None)),
    "sonnet": (("claude-sonnet-5-5", None), ("claude-sonnet-5", None), ("claude-sonnet-4-5", date(2026, 11, 30))),
    "opus": (("claude-opus-5-5", None), ("claude-opus-5", None), ("claude-opus-4-0", date(2026, 6, 15))),
}


def model_for(alias: str, day: date) -> str:
    """The newest model id of an alias that the vendor still serves on that date."""
    for model, retires_on in ALIASES[alias]:
        if retires_on is None or day < retires_on:
            return model
    raise NotConfigured(f"every known {alias} model is retired on {day}; this version is too old", field="model")


def canonical(model: str) -> str:
    """The name prices go by: an alias, a dated snapshot or a dotted spelling becomes the plain id."""
    name = model.strip().lower().removeprefix("anthropic/").replace(".", "-")
    if name in ALIASES:
        return ALIASES[name][0][0]
    return re.sub(r"(-20\d{6}|-latest|-0)$", "", name)


def price_row(model: str, day: date) -> tuple[str, PriceRow]:
    """(plain model id, the row that holds on that date).

    Raises: not_found for a model without a price: nothing is sent to it.
    """
    name = canonical(model)
    rows = PRICES.get(name)
    if rows is None:
        close = difflib.get_close_matches(name, PRICES, n=2, cutoff=0.7)
        hint = f"; did you mean {' or '.join(close)}?" if close else ""
        raise NotFound(f"no price is known for the model {model}{hint}", field="model")
    return name, next((row for row in reversed(rows) if row.since <= day), rows[0])


def price_version(model: str, day: date) -> str:
    """Which table and row priced it, `2026-11-22/claude-haiku-5-5@2026-10-07`."""
    name, row = price_row(model, day)
    return f"{TABLE}/{name}@{row.since.isoformat()}"


def cost_micro_usd(model: str, usage: ModelUsage, day: date, *, is_batch: bool = False) -> int:
    """What a usage costs on a date, in micro-dollars, half to even."""
    return int(_cost(price_row(model, day)[1], usage, is_batch=is_batch).to_integral_value(ROUND_HALF_EVEN))


def worst_case_micro_usd(model: str, prompt_bytes: int, max_output_tokens: int, day: date) -> int:
    """The most a question can cost, rounded up.

    No token is shorter than a byte, so the bytes of a prompt bound its tokens; the dearest way to bill input counts.
    """
    row = price_row(model, day)[1]
    rates = row.rates_for(prompt_bytes)
    dearest = max(rates.input, rates.cache_write)
    return int((prompt_bytes * dearest + max_output_tokens * rates.output).to_integral_value(ROUND_CEILING))


def _cost(row: PriceRow, usage: ModelUsage, *, is_batch: bool) -> Decimal:
    rates = row.rates_for(usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens)
    exact = (
        usage.input_tokens * rates.input
        + usage.output_tokens * rates.output
        + usage.cache_read_tokens * rates.cache_read
        + usage.cache_write_tokens * rates.cache_write
    )
    return exact * BATCH_FACTOR if is_batch else exact
