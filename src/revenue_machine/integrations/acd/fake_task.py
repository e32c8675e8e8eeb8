"""What a pretend coding agent understands of a task: the end state in its last block, merged into what stands."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

PARTS = ("paywall", "features", "listing", "checks")
_MOST_CHARS = 65_536
_MOST_DEPTH = 8


class Unreadable(Exception):
    """Why a task has no end state to work towards."""


def end_state(task: str) -> dict[str, Any]:
    """The object of the fenced block that ends the text; blocks before it are quotations. Raises Unreadable."""
    lines = [line.strip() for line in task.rstrip().splitlines()]
    if not lines or lines[-1] != "```":
        raise Unreadable("the task does not end with a fenced block")
    opening = next((place for place in range(len(lines) - 2, -1, -1) if lines[place].startswith("```")), None)
    if opening is None or lines[opening].lower() != "```json":
        raise Unreadable("the task's last block is not fenced as json")
    heading = next((line for line in reversed(lines[:opening]) if line), "")
    if not heading.startswith("End state wanted"):
        raise Unreadable("no line 'End state wanted' stands above the last block")
    return _parsed("\n".join(lines[opening + 1 : -1]))


def merged(old: Any, new: Any) -> Any:
    """`new` laid over `old`: objects are merged deep, everything else replaces, null removes."""
    if not isinstance(new, Mapping):
        return new
    kept = dict(old) if isinstance(old, Mapping) else {}
    for name, value in new.items():
        if value is None:
            kept.pop(name, None)
        else:
            kept[name] = merged(kept.get(name), value)
    return kept


def _parsed(text: str) -> dict[str, Any]:
    if len(text) > _MOST_CHARS:
        raise Unreadable(f"the end state is longer than {_MOST_CHARS} characters")
    try:
        found = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"the end state is no JSON ({error})") from None
    if not isinstance(found, dict):
        raise Unreadable("the end state is no object")
    unknown = sorted(set(found) - set(PARTS))
    if unknown:
        raise Unreadable(f"the end state names {unknown[0]!r}, which product.json does not have")
    if any(not isinstance(value, dict) for value in found.values() if value is not None):
        raise Unreadable("a part of the end state is no object")
    if _depth(found) > _MOST_DEPTH:
        raise Unreadable("the end state is nested too deep")
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError("a key stands twice")
    return dict(pairs)


def _depth(value: Any) -> int:
    if isinstance(value, float) and not math.isfinite(value):
        raise Unreadable("a number of the end state has no end")
    if isinstance(value, Mapping):
        return 1 + max((_depth(one) for one in value.values()), default=0)
    if isinstance(value, list):
        return 1 + max((_depth(one) for one in value), default=0)
    return 0
