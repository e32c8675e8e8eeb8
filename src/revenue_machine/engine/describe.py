"""A topic as data: what CLI, HTTP, MCP and the docs show of it."""

from __future__ import annotations

from typing import Any

from revenue_machine.engine.topic import Effect, Topic


def describe(topic: Topic) -> dict[str, Any]:
    """Name, effect, approval rule, cacheability, schemas, seed section."""
    return {
        "name": topic.name,
        "aliases": list(topic.aliases),
        "effect": topic.effect.name,
        "approval": topic.approval.value,
        "cacheable": topic.effect <= Effect.READS and topic.fresh_for is not None,
        "fresh_for_s": None if topic.fresh_for is None else int(topic.fresh_for.total_seconds()),
        "seed": topic.section,
        "built": topic.built,
        "issue": topic.issue,
        "summary": topic.summary,
        "doc": topic.doc,
        "input": topic.args.model_json_schema(),
        "output": topic.result.model_json_schema(mode="serialization"),
    }
