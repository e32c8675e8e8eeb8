"""One request to the pretend Messages API: checked, metered, answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from revenue_machine.integrations.anthropic.fake_catalogue import ModelCard, card_of
from revenue_machine.integrations.anthropic.fake_metering import measure, text_of, tokens_in, total_tokens
from revenue_machine.integrations.anthropic.fake_oracle import Utterance, speak
from revenue_machine.integrations.anthropic.fake_puppet import puppeted
from revenue_machine.integrations.anthropic.fake_refusals import bad
from revenue_machine.kit.fakeserver import FakeState
from revenue_machine.kit.ids import content_hash

LIMITS_A_SCHEMA_CANNOT_SAY = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength")


def checked(state: FakeState, body: Any, need: tuple[str, ...] = ()) -> ModelCard:
    """The model a well-formed request asks for, or the vendor's complaint about the request."""
    if not isinstance(body, dict):
        raise bad("The request body is not valid JSON.")
    for field in ("model", "messages", *need):
        if field not in body:
            raise bad(f"{field}: Field required")
    if not isinstance(body["model"], str):
        raise bad("model: Input should be a valid string")
    _check_messages(body["messages"])
    _check_system(body.get("system"))
    _check_schema(schema_of(body), "output_config.format.schema")
    card = card_of(body["model"], state.now())
    ceiling = body.get("max_tokens", 1)
    if not isinstance(ceiling, int) or isinstance(ceiling, bool) or ceiling < 1:
        raise bad("max_tokens: Input should be greater than or equal to 1")
    if ceiling > card.max_tokens:
        raise bad(f"max_tokens: {ceiling} > {card.max_tokens}, which is the maximum allowed number of output tokens for {card.id}")
    size = total_tokens(body)
    if size > card.max_input_tokens:
        raise bad(f"prompt is too long: {size} tokens > {card.max_input_tokens} maximum")
    return card


def _check_messages(messages: Any) -> None:
    if not isinstance(messages, list) or not messages:
        raise bad("messages: at least one message is required")
    for place, message in enumerate(messages):
        if not isinstance(message, dict) or message.get("role") not in ("user", "assistant"):
            raise bad(f"messages.{place}.role: Input should be 'user' or 'assistant'")
        content = message.get("content")
        if not isinstance(content, str | list):
            raise bad(f"messages.{place}.content: Field required")
        if message["role"] == "user" and isinstance(content, str) and not content.strip():
            raise bad(f"messages.{place}: user messages must have non-empty content")


def _check_system(system: Any) -> None:
    if isinstance(system, list):
        for place, block in enumerate(system):
            if not isinstance(block, dict) or not isinstance(block.get("text"), str) or not block["text"]:
                raise bad(f"system.{place}.text: text content blocks must be non-empty")
            if not isinstance(block.get("cache_control") or {}, dict):
                raise bad(f"system.{place}.cache_control: Input should be an object")
    elif system is not None and not isinstance(system, str):
        raise bad("system: Input should be a valid string or list")


def schema_of(body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The JSON Schema the answer must fit, if the request has one."""
    config = body.get("output_config") or {}
    shape = config.get("format") if isinstance(config, dict) else None
    if not shape:
        return None
    if not isinstance(shape, dict) or shape.get("type") != "json_schema" or not isinstance(shape.get("schema"), dict):
        raise bad("output_config.format: Input should be a json_schema with a schema")
    schema: Mapping[str, Any] = shape["schema"]
    return schema


def _check_schema(schema: Any, where: str) -> None:
    """The vendor takes closed objects only and none of the limits on numbers and lengths."""
    if isinstance(schema, list):
        for item in schema:
            _check_schema(item, where)
    if not isinstance(schema, dict):
        return
    if schema.get("type") == "object" and schema.get("additionalProperties") is not False:
        raise bad(f"{where}: For 'object' type, 'additionalProperties' must be explicitly set to false")
    limit = next((name for name in LIMITS_A_SCHEMA_CANNOT_SAY if name in schema), None)
    if limit is not None:
        raise bad(f"{where}: For '{schema.get('type')}' type, property '{limit}' is not supported")
    for child in [*(schema.get(key) for key in ("items", "anyOf", "oneOf", "allOf")), *_named_children(schema, where)]:
        _check_schema(child, where)


def _named_children(schema: Mapping[str, Any], where: str) -> list[Any]:
    children: list[Any] = []
    for key in ("properties", "$defs"):
        named = schema.get(key) or {}
        if not isinstance(named, dict):
            raise bad(f"{where}: '{key}' should be an object")
        children += named.values()
    return children


def answered(state: FakeState, body: dict[str, Any], card: ModelCard, tier: str = "standard") -> dict[str, Any]:
    """The vendor's `message` for a checked request."""
    meter = measure(state, body, card.id)
    prompt = "\n".join(text_of(message["content"]) for message in body["messages"] if message["role"] == "user")
    spoken = speak(state.seed, prompt, schema_of(body), _next_mode(state))
    spoken = _within(Utterance(puppeted(state, spoken.text), spoken.stop_reason), body["max_tokens"])
    digest = content_hash(body)
    number = state.next_number(f"message:{digest}")
    refused = spoken.stop_reason == "refusal"
    return {
        "id": "msg_01" + content_hash([state.seed, digest, number])[:22],
        "type": "message",
        "role": "assistant",
        "model": card.id,
        "content": [{"type": "text", "text": spoken.text, "citations": None}] if spoken.text else [],
        "stop_reason": spoken.stop_reason,
        "stop_sequence": None,
        "stop_details": {"type": "refusal", "category": None, "explanation": "The model declined to answer."} if refused else None,
        "container": None,
        "usage": meter.usage(max(1, tokens_in(spoken.text)), tier),
    }


def _within(spoken: Utterance, max_tokens: int) -> Utterance:
    """The words up to the ceiling, whole words only."""
    if tokens_in(spoken.text) <= max_tokens:
        return spoken
    low, high = 0, len(spoken.text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if tokens_in(spoken.text[:middle]) <= max_tokens else (low, middle - 1)
    return Utterance(spoken.text[:low], "max_tokens")


def _next_mode(state: FakeState) -> str | None:
    """Take one from what was ordered by `public_misbehave`, oldest first."""
    for order in state.list("misbehave"):
        if order["remaining"] > 0:
            state.put("misbehave", order["key"], {**order, "remaining": order["remaining"] - 1})
            return str(order["mode"])
    return None


def misbehave(state: FakeState, mode: str, count: int) -> None:
    """Order `count` bad answers of a kind."""
    key = str(state.next_number("misbehave"))
    state.put("misbehave", key, {"key": key, "mode": mode, "remaining": count})
