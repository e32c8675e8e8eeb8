"""The smallest input of each topic with required fields, read off the examples those fields show; every other takes nothing."""

from __future__ import annotations

from typing import Any

from revenue_machine import domains
from revenue_machine.engine.registry import discover
from revenue_machine.engine.topic import Topic


def without_example(topic: Topic) -> list[str]:
    """Required fields that do not say what they may look like."""
    return [name for name, field in topic.args.model_fields.items() if field.is_required() and not field.examples]


def required(topic: Topic) -> list[str]:
    """Fields that have to be given, in the order in which they are asked for."""
    return [name for name, field in topic.args.model_fields.items() if field.is_required()]


def smallest(topic: Topic) -> dict[str, Any]:
    """The first example of the whole input where it has one, else of each required field."""
    extra = topic.args.model_config.get("json_schema_extra")
    examples: Any = extra.get("examples") if isinstance(extra, dict) else None
    if examples:
        return dict(examples[0])
    needed = {name: field.examples for name, field in topic.args.model_fields.items() if field.is_required()}
    return {name: examples[0] for name, examples in needed.items() if examples}


SMALLEST: dict[str, dict[str, Any]] = {
    name: given for name, topic in discover(domains).topics.items() if topic.built and (given := smallest(topic))
}
