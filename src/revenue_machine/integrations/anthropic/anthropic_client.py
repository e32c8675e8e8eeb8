"""The role `Model` played by Anthropic's Messages API, through the vendor's own SDK."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import httpx2

from revenue_machine.integrations.anthropic import wire
from revenue_machine.kit.errors import BadInput, OutsideUnanswered, OutsideUnreached
from revenue_machine.kit.model import ModelAnswer, ModelRequest, ModelUsage
from revenue_machine.kit.service import ServiceClient, ServiceLink

if TYPE_CHECKING:
    from anthropic import Anthropic

T = TypeVar("T")
ANSWER_TIMEOUT_S = 180.0
_NEVER_LEFT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)


class AnthropicClient(ServiceClient):
    """One question, one answer; retries and budgets are the engine's."""

    service: ClassVar[str] = "anthropic"

    def __init__(self, link: ServiceLink) -> None:
        super().__init__(link)
        self._made: Anthropic | None = None

    def auth_headers(self) -> dict[str, str]:
        return {"x-api-key": self.link.api_key, "anthropic-version": "2023-06-01"}

    def complete(self, request: ModelRequest) -> ModelAnswer:
        """Ask once. A `refusal` or `max_tokens` stop is an answer, told by its `stop_reason`."""
        body = {**_question(request), "max_tokens": request.max_output_tokens}
        call = self._sdk().messages.with_raw_response.create
        message = self._call("/v1/messages", call, body, wire.Message)
        return ModelAnswer(
            text="".join(block.text or "" for block in message.content if block.type == "text"),
            usage=ModelUsage(
                input_tokens=message.usage.input_tokens,
                output_tokens=message.usage.output_tokens,
                cache_read_tokens=message.usage.cache_read_input_tokens or 0,
                cache_write_tokens=message.usage.cache_creation_input_tokens or 0,
            ),
            model=message.model,
            stop_reason=message.stop_reason,
        )

    def count_tokens(self, request: ModelRequest) -> int:
        """Input tokens of a question, counted by the vendor without asking it."""
        call = self._sdk().messages.with_raw_response.count_tokens
        return self._call("/v1/messages/count_tokens", call, _question(request), wire.TokenCount).input_tokens

    def model_ids(self) -> tuple[str, ...]:
        """The models this key may use, as the vendor lists them (a cheap check that the key works)."""
        page = self.get("/v1/models", wire.ModelPage, query={"limit": 1000})
        return tuple(row.id for row in page.data)

    def _sdk(self) -> Anthropic:
        """The vendor's client, made once; its import takes over a second, so nobody pays before the first question."""
        if self._made is None:
            from anthropic import Anthropic

            self._made = Anthropic(
                api_key=self.link.api_key,
                base_url=self.link.base_url,
                http_client=self.link.http,
                max_retries=0,
                timeout=ANSWER_TIMEOUT_S,
                open_telemetry=False,
            )
        return self._made

    def _call(self, path: str, call: Callable[..., Any], body: Mapping[str, Any], answer: type[T]) -> T:
        """One exchange through the SDK, recorded, and read by our own wire models instead of the SDK's lenient ones."""
        response = self._exchange_once(call, body)
        self.link.record(self._exchange("POST", path, response.request, response))
        if response.status_code >= 400:
            raise self._failure(response)
        return self._decode(response, answer)

    def _exchange_once(self, call: Callable[..., Any], body: Mapping[str, Any]) -> httpx2.Response:
        from anthropic import APIConnectionError, APIStatusError

        try:
            response: httpx2.Response = call(**body).http_response
        except APIStatusError as error:
            return error.response
        except APIConnectionError as error:
            cause = error.__cause__ or error
            if isinstance(cause, _NEVER_LEFT):
                raise OutsideUnreached(f"{self.link.manifest.name} cannot be reached ({type(cause).__name__})") from None
            raise OutsideUnanswered(f"{self.link.manifest.name} gave no answer ({type(cause).__name__})") from None
        return response


def _question(request: ModelRequest) -> dict[str, Any]:
    """The parts that `messages.create` and `count_tokens` share."""
    body: dict[str, Any] = {"model": request.model, "messages": [{"role": "user", "content": request.prompt}]}
    if request.system:
        body["system"] = [{"type": "text", "text": request.system, "cache_control": {"type": "ephemeral"}}]
    if request.schema is not None:
        body["output_config"] = {"format": {"type": "json_schema", "schema": _strict_schema(request.schema)}}
    return body


def _strict_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema in the dialect the vendor accepts: objects closed, limits moved into descriptions."""
    from anthropic import transform_schema

    where = _open_object(schema, "$")
    if where is not None:
        raise BadInput(f"the answer schema leaves an object open at {where}; the vendor needs every property named", field="schema")
    try:
        return transform_schema(dict(schema))
    except (ValueError, TypeError, AttributeError) as error:
        raise BadInput(f"the answer schema cannot be sent: {error}", field="schema") from None


def _open_object(schema: Any, where: str) -> str | None:
    """Path of the first object without named properties (a map), which a closed schema would silently empty."""
    if isinstance(schema, list):
        return next((hit for place, item in enumerate(schema) if (hit := _open_object(item, f"{where}[{place}]"))), None)
    if not isinstance(schema, Mapping):
        return None
    is_open = schema.get("additionalProperties") not in (None, False) or not schema.get("properties")
    if schema.get("type") == "object" and is_open:
        return where
    parts = [(key, schema[key]) for key in ("items", "anyOf", "oneOf", "allOf") if key in schema]
    parts += [(f"{key}.{name}", child) for key in ("properties", "$defs") for name, child in (schema.get(key) or {}).items()]
    return next((hit for name, child in parts if (hit := _open_object(child, f"{where}.{name}"))), None)
