"""Which model a task goes to, which scopes pay for it, how much of a limit may be used, and whether an answer fits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from revenue_machine.kit.clock import wall_instant
from revenue_machine.kit.money import micro
from revenue_machine.kit.settings import Budget

# Seed §4.2; an unknown task never goes upward by itself.
ROUTES: Mapping[str, str] = {
    "draft_generation": "haiku",
    "content_review": "haiku",
    "research_synthesis": "sonnet",
    "architecture_planning": "opus",
    "acd_tests": "haiku",
    "acd_features": "sonnet",
    "acd_architecture": "opus",
}
UNKNOWN_TASK = "haiku"

# Tokens, seconds of video and post fees share the AI scopes (DECISIONS); ads and connects get scopes of their own.
AI_KINDS = frozenset({"ai", "video", "publishing"})
# What a critical call may use of a limit, in percent; the month and the run have no soft stop.
CRITICAL_DAY_PCT = 120


@dataclass(frozen=True)
class Scope:
    """One purse: its name, what fills it again, and what may be spent of it."""

    name: str
    period: str
    limit_micro_usd: int
    hard_limit_micro_usd: int
    reset_at: datetime | None


def alias_for(task_type: str) -> str:
    """`haiku`, `sonnet` or `opus`."""
    return ROUTES.get(task_type, UNKNOWN_TASK)


def scope_names(day: date, run_id: str | None) -> tuple[str, ...]:
    """The AI scopes of a local date and a run, in the order they are always locked."""
    names = (f"day:{day.isoformat()}", f"month:{day:%Y-%m}")
    return (*names, f"run:{run_id}") if run_id else names


def scopes_for(budget: Budget, day: date, run_id: str, zone: ZoneInfo, *, is_critical: bool) -> tuple[Scope, ...]:
    """Every scope a call has to pass, with what this call may use of it."""
    day_limit, month_limit, run_limit = micro(budget.day_usd), micro(budget.month_usd), micro(budget.run_usd)
    day_name, month_name, run_name = scope_names(day, run_id)
    day_hard = day_limit * CRITICAL_DAY_PCT // 100 if is_critical else day_limit
    return (
        Scope(day_name, "day", day_limit, day_hard, wall_instant(day + timedelta(days=1), time(0), zone)),
        Scope(month_name, "month", month_limit, month_limit, wall_instant(_next_month(day), time(0), zone)),
        Scope(run_name, "run", run_limit, run_limit, None),
    )


def _next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def crossed_pcts(spent_micro_usd: int, limit_micro_usd: int, threshold_pct: int) -> tuple[int, ...]:
    """Which of the two marks (the threshold and 100 %) the spending has reached."""
    marks = dict.fromkeys((threshold_pct, 100))
    return tuple(pct for pct in marks if limit_micro_usd > 0 and spent_micro_usd * 100 >= limit_micro_usd * pct)


def batch_size(wanted: int, used_pct: int, threshold_pct: int) -> int:
    """How many items one job should hold: all, half, a quarter, none; the model of a task never changes."""
    if wanted <= 0 or used_pct >= 100:
        return 0
    if used_pct < threshold_pct:
        return wanted
    parts = 2 if used_pct < (threshold_pct + 100) // 2 else 4
    return max(1, wanted // parts)


_TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}


def misfit(value: Any, schema: Mapping[str, Any], where: str = "$") -> str | None:
    """Where and why a JSON value does not fit a schema (the part of JSON Schema that models are given); None when it fits."""
    if "anyOf" in schema:
        tries = [misfit(value, one, where) for one in schema["anyOf"]]
        return None if None in tries else tries[-1]
    if "type" in schema and not _is_of(value, schema["type"]):
        return f"{where} is not of type {schema['type']}"
    if "enum" in schema and value not in schema["enum"]:
        return f"{where} is none of {schema['enum']}"
    if isinstance(value, dict):
        return _object_misfit(value, schema, where)
    if isinstance(value, list):
        found = (misfit(item, schema.get("items", {}), f"{where}[{place}]") for place, item in enumerate(value))
        return next((one for one in found if one is not None), None)
    return None


def _object_misfit(value: Mapping[str, Any], schema: Mapping[str, Any], where: str) -> str | None:
    missing = [name for name in schema.get("required", ()) if name not in value]
    if missing:
        return f"{where}.{missing[0]} is missing"
    known = schema.get("properties", {})
    extra = sorted(set(value) - set(known))
    if extra and schema.get("additionalProperties") is False:
        return f"{where}.{extra[0]} was not asked for"
    found = (misfit(value[name], known[name], f"{where}.{name}") for name in known if name in value)
    return next((one for one in found if one is not None), None)


def _is_of(value: Any, kind: str | list[str]) -> bool:
    kinds = [kind] if isinstance(kind, str) else kind
    if isinstance(value, bool):
        return "boolean" in kinds
    return any(isinstance(value, _TYPES[one]) for one in kinds)
