"""The rule models as one SQL statement, written once, the same on DuckDB, PostgreSQL and Spark: for a warehouse, and as the judge.

It reads two tables: `touches` (seq, user_id, at_ms and the eight dimensions; seq is the order of arrival, it decides among touches
of one millisecond) and `conversions` (id, user_id, at_ms, kind, amount_micro_usd; money given back is negative). Every weight is
reckoned once, summed up by the combination of all eight values, and only those few thousand sums are grouped by dimension:
one query per model and dimension would read the touches forty-eight times.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Literal

from revenue_machine.domains.attribution.bulk import Rules
from revenue_machine.domains.attribution.models import DIMENSIONS, DIRECT, UNKNOWN
from revenue_machine.domains.attribution.weights import RULE_MODELS

Dialect = Literal["duckdb", "postgres", "spark"]
WRITTEN_IN: Dialect = "duckdb"
_SHARES = {
    "first": "case when touches = 0 or place = 1 then one else 0 end",
    "last": "case when touches = 0 or place = touches then one else 0 end",
    "last_non_direct": "case when touches = 0 or place = coalesce(named, touches) then one else 0 end",
    "linear": "case when touches = 0 then one else one / touches end",
    "position": """case when touches = 0 then one when touches <= 2 then one / touches
        when place = 1 or place = touches then 0.4 * one else 0.2 * one / (touches - 2) end""",
    "time_decay": "case when touches = 0 then one else decay / decays end",
}


@cache
def credits_statement(dialect: Dialect = WRITTEN_IN, rules: Rules = Rules()) -> str:  # noqa: B008
    """Rows of dimension, value, kind, then credited conversions and micro-dollars by model; by dimension, value and kind."""
    written = _written(rules)
    if dialect == WRITTEN_IN:
        return written
    # By name: it is loaded only for another database than the one the statement is written for.
    transpile = import_module("sqlglot").transpile
    return str(transpile(written, read=WRITTEN_IN, write=dialect)[0])


def columns() -> tuple[str, ...]:
    """The names of the answer's columns."""
    return (
        "dimension",
        "dimension_value",
        "kind",
        *(f"{model}_{what}" for model in RULE_MODELS for what in ("conversions", "amount")),
    )


def _written(rules: Rules) -> str:
    dims = ", ".join(DIMENSIONS)
    # Left-to-right sums of a few thousand rows; what is summed up first is the touches of each combination.
    first_sums = ", ".join(
        f"sum({share}) as {model}_conversions, sum(({share}) * amount) as {model}_amount" for model, share in _SHARES.items()
    )
    touched = ", ".join(f"t.{one}" for one in DIMENSIONS)
    second_sums = ", ".join(f"sum({name}) as {name}" for name in columns()[3:])
    return f"""
with paired as (
    select c.id, c.kind, cast(c.amount_micro_usd as double) as amount, t.at_ms, t.seq, {touched},
        power(cast(2 as double), cast(t.at_ms - c.at_ms as double) / {rules.half_life_ms}) as decay
    from conversions as c
    left join touches as t on t.user_id = c.user_id and t.at_ms <= c.at_ms and t.at_ms >= c.at_ms - {rules.lookback_ms}
),
placed as (
    select *, cast(1 as double) as one, row_number() over (partition by id order by at_ms, seq) as place,
        count(seq) over (partition by id) as touches, sum(decay) over (partition by id) as decays
    from paired
),
named as (
    select *, max(case when utm_source <> '{DIRECT}' then place end) over (partition by id) as named from placed
),
facets as (
    select kind, {", ".join(f"coalesce({one}, '{UNKNOWN}') as {one}" for one in DIMENSIONS)}, {first_sums}
    from named group by kind, {", ".join(f"coalesce({one}, '{UNKNOWN}')" for one in DIMENSIONS)}
)
select {_which()} as dimension, coalesce({dims}) as dimension_value, kind, {second_sums}
from facets group by grouping sets ({", ".join(f"(kind, {one})" for one in DIMENSIONS)})
order by 1, 2, 3"""  # noqa: S608  put together of this module's own words


def _which() -> str:
    """The dimension a row of the grouping sets is about."""
    return "case " + " ".join(f"when grouping({one}) = 0 then '{one}'" for one in DIMENSIONS) + " end"
