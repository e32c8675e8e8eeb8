"""A pretend Anthropic: the Messages API with a seeded writer behind it instead of a model."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from revenue_machine.integrations.anthropic import fake_batches as batches
from revenue_machine.integrations.anthropic.fake_catalogue import CARDS, card_of
from revenue_machine.integrations.anthropic.fake_conversation import answered, checked, misbehave
from revenue_machine.integrations.anthropic.fake_metering import keep_pace, total_tokens
from revenue_machine.integrations.anthropic.fake_oracle import MODES
from revenue_machine.integrations.anthropic.fake_puppet import hold_strings
from revenue_machine.integrations.anthropic.fake_refusals import Refused, bad, missing
from revenue_machine.kit.fakeserver import FakeRequest, FakeResponse, FakeState, Routes, answer_json
from revenue_machine.kit.ids import content_hash

routes = Routes()
PIECE_CHARS = 40


def respond(state: FakeState, request: FakeRequest) -> FakeResponse:
    """Answer one request as the vendor would."""
    request_id = "req_01" + content_hash([state.seed, state.next_number("request")])[:22]
    headers = {"request-id": request_id}
    try:
        _admit(state, request)
        headers |= keep_pace(state)
        found = routes.find(request.method, request.path)
        if found is None:
            raise missing("Not Found")
        route, names = found
        answer = route(state, request, **names)
    except Refused as refusal:
        if refusal.retry_after_s is not None:
            headers["retry-after"] = str(refusal.retry_after_s)
        return answer_json(refusal.status, refusal.body(request_id), headers)
    return FakeResponse(answer.status, answer.body, {**answer.headers, **headers}, answer.acted)


def public_misbehave(state: FakeState, mode: str, count: int) -> None:
    """Let the next `count` answers go wrong in one of the ways of `fake_oracle.MODES`."""
    if mode not in MODES:
        raise ValueError(f"no such way to misbehave: {mode}; there are {', '.join(MODES)}")
    misbehave(state, mode, count)


def public_obey(state: FakeState, words: Sequence[str]) -> None:
    """Let every answer say these words in turn instead of its own and mark every text as excellent; none ends it."""
    hold_strings(state, words)


def _admit(state: FakeState, request: FakeRequest) -> None:
    given = request.headers.get("x-api-key") or request.bearer()
    if given is None:
        raise Refused("authentication_error", "x-api-key header is required")
    if given != state.api_key:
        raise Refused("authentication_error", "invalid x-api-key")
    if "anthropic-version" not in request.headers:
        raise bad("anthropic-version: header is required")


@routes("POST", "/v1/messages")
def create_message(state: FakeState, request: FakeRequest) -> FakeResponse:
    """Ask the model."""
    body = request.json()
    message = answered(state, body, checked(state, body, need=("max_tokens",)))
    if body.get("stream") is True:
        return FakeResponse(200, _as_stream(message).encode(), {"content-type": "text/event-stream; charset=utf-8"})
    return answer_json(200, message)


@routes("POST", "/v1/messages/count_tokens")
def count_tokens(state: FakeState, request: FakeRequest) -> FakeResponse:
    """Measure without asking."""
    body = request.json()
    checked(state, body)
    return answer_json(200, {"input_tokens": total_tokens(body)})


@routes("GET", "/v1/models")
def list_models(state: FakeState, request: FakeRequest) -> FakeResponse:
    """The catalogue on one page."""
    data = [card.as_json(state.now()) for card in CARDS]
    return answer_json(200, {"data": data, "has_more": False, "first_id": data[0]["id"], "last_id": data[-1]["id"]})


@routes("GET", "/v1/models/{model_id}")
def retrieve_model(state: FakeState, request: FakeRequest, model_id: str) -> FakeResponse:
    """One model."""
    return answer_json(200, card_of(model_id, state.now()).as_json(state.now()))


routes("POST", "/v1/messages/batches")(batches.create)
routes("GET", "/v1/messages/batches")(batches.listing)
routes("GET", "/v1/messages/batches/{batch_id}")(batches.retrieve)
routes("GET", "/v1/messages/batches/{batch_id}/results")(batches.results)
routes("POST", "/v1/messages/batches/{batch_id}/cancel")(batches.cancel)


def _as_stream(message: dict[str, Any]) -> str:
    """The same message as server-sent events."""
    usage = message["usage"]
    opening = {**message, "content": [], "stop_reason": None, "stop_details": None, "usage": {**usage, "output_tokens": 1}}
    events: list[dict[str, Any]] = [{"type": "message_start", "message": opening}]
    for index, block in enumerate(message["content"]):
        text = block["text"]
        events.append({"type": "content_block_start", "index": index, "content_block": {**block, "text": ""}})
        events.append({"type": "ping"})
        for at in range(0, len(text), PIECE_CHARS):
            delta = {"type": "text_delta", "text": text[at : at + PIECE_CHARS]}
            events.append({"type": "content_block_delta", "index": index, "delta": delta})
        events.append({"type": "content_block_stop", "index": index})
    closing = {name: message[name] for name in ("stop_reason", "stop_sequence", "stop_details", "container")}
    events.append({"type": "message_delta", "delta": closing, "usage": usage})
    events.append({"type": "message_stop"})
    return "".join(f"event: {event['type']}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n" for event in events)
