"""A small value that fits a JSON Schema, for structured answers to tasks the pretend model does not know."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

WORDS = ("a short answer", "one clear step", "a plain example", "a first idea", "the simple version", "a careful guess")
FORMATS = {
    "date": "2026-01-05",
    "date-time": "2026-01-05T09:00:00Z",
    "time": "09:00:00Z",
    "email": "someone@example.com",
    "uri": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}


def example_of(schema: Mapping[str, Any], draw: Random, root: Mapping[str, Any] | None = None, depth: int = 0) -> Any:
    """The example; recursion ends in empty lists and nulls."""
    root = schema if root is None else root
    if "$ref" in schema:
        target = root.get("$defs", {}).get(str(schema["$ref"]).rsplit("/", 1)[-1], {})
        return None if depth > 8 else example_of(target, draw, root, depth + 1)
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return draw.choice(list(schema["enum"]))
    for key in ("anyOf", "oneOf", "allOf"):
        if schema.get(key):
            choices = schema[key]
            return example_of(choices[-1] if depth > 6 else choices[0], draw, root, depth + 1)
    return _of_type(schema, draw, root, depth)


def _of_type(schema: Mapping[str, Any], draw: Random, root: Mapping[str, Any], depth: int) -> Any:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = kind[0] if kind else "null"
    if kind == "object":
        properties: Mapping[str, Any] = schema.get("properties") or {}
        return {name: example_of(child, draw, root, depth + 1) for name, child in properties.items()}
    if kind == "array":
        items = schema.get("items")
        return [example_of(items, draw, root, depth + 1)] if items and depth <= 8 else []
    if kind == "string":
        return FORMATS.get(str(schema.get("format")), draw.choice(WORDS))
    if kind == "integer":
        return draw.randint(1, 9)
    if kind == "number":
        return round(draw.uniform(1, 9), 1)
    return draw.random() < 0.5 if kind == "boolean" else None
