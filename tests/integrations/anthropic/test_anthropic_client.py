"""The Anthropic client against canned answers and against the fake: what is sent, read, recorded and refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from revenue_machine.integrations.anthropic.anthropic_client import AnthropicClient
from revenue_machine.kit.errors import (
    BadInput,
    ContractBroken,
    Failure,
    NotConfigured,
    OutsideAuthFailed,
    OutsideRateLimited,
    OutsideRejected,
    OutsideUnanswered,
    OutsideUnavailable,
    OutsideUnreached,
)
from revenue_machine.kit.model import ModelAnswer, ModelRequest, ModelUsage
from revenue_machine.kit.service import Exchange
from revenue_machine.sandbox.vendors import Outside

Hearing = Callable[..., AnthropicClient]
Own = Callable[[str, str], bytes]
SCHEMA = {"type": "object", "properties": {"drafts": {"type": "array", "items": {"type": "string"}}}, "required": ["drafts"]}
ASKED = ModelRequest("claude-haiku-5-5", "Write plainly.", "Say something.", 200, SCHEMA)


def test_question_is_sent_in_full(client_hearing: Hearing, own: Own) -> None:
    heard: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        heard.append(request)
        return httpx2.Response(200, content=own("anthropic", "message.json"))

    client_hearing(AnthropicClient, answer).complete(ASKED)
    request = heard[0]
    assert str(request.url) == "https://api.anthropic.com/v1/messages"
    assert "sk_sandbox_anthropic" in (request.headers.get("x-api-key"), request.headers.get("authorization", "")[7:])
    assert "anthropic-version" in request.headers
    assert json.loads(request.content) == {
        "model": "claude-haiku-5-5",
        "max_tokens": 200,
        "messages": [{"role": "user", "content": "Say something."}],
        "system": [{"type": "text", "text": "Write plainly.", "cache_control": {"type": "ephemeral"}}],
        "output_config": {"format": {"type": "json_schema", "schema": {**SCHEMA, "additionalProperties": False}}},
    }


def test_answer_is_read_with_cache_tokens(client_hearing: Hearing, own: Own, exchanges: list[Exchange]) -> None:
    client = client_hearing(AnthropicClient, lambda _: httpx2.Response(200, content=own("anthropic", "message.json")))
    assert client.complete(ASKED) == ModelAnswer('{"drafts":[]}', ModelUsage(41, 9, 130, 12), "claude-haiku-5-5", "end_turn")
    assert [(row.service, row.method, row.path, row.status) for row in exchanges] == [("anthropic", "POST", "/v1/messages", 200)]
    assert "Say something." in exchanges[0].request_text
    assert "msg_01ExampleOne" in exchanges[0].answer_text


def test_refusal_is_an_answer(client_hearing: Hearing, own: Own) -> None:
    client = client_hearing(AnthropicClient, lambda _: httpx2.Response(200, content=own("anthropic", "message_refusal.json")))
    assert client.complete(ASKED) == ModelAnswer("", ModelUsage(20, 1, 0, 0), "claude-haiku-5-5", "refusal")


def test_empty_system_and_schema_are_left_out(client_hearing: Hearing, own: Own, exchanges: list[Exchange]) -> None:
    client = client_hearing(AnthropicClient, lambda _: httpx2.Response(200, content=own("anthropic", "message.json")))
    client.complete(ModelRequest("claude-haiku-5-5", "", "Hello", 10))
    assert sorted(json.loads(exchanges[0].request_text)) == ["max_tokens", "messages", "model"]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, OutsideRejected),
        (401, OutsideAuthFailed),
        (403, OutsideAuthFailed),
        (404, OutsideRejected),
        (413, OutsideRejected),
        (429, OutsideRateLimited),
        (500, OutsideUnavailable),
        (503, OutsideUnavailable),
        (529, OutsideUnavailable),
        (302, ContractBroken),
    ],
)
def test_status_tells_the_failure(
    status: int, kind: type[Failure], client_hearing: Hearing, own: Own, exchanges: list[Exchange]
) -> None:
    body = own("anthropic", "error.json")
    calls: list[int] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        calls.append(1)
        return httpx2.Response(status, content=body, headers={"retry-after": "17"})

    client = client_hearing(AnthropicClient, answer)
    with pytest.raises(Failure) as caught:
        client.complete(ASKED)
    assert type(caught.value) is kind
    assert caught.value.retry_after_s == (17.0 if status == 429 else None)
    assert len(calls) == 1
    assert [row.status for row in exchanges] == [status]


@pytest.mark.parametrize(
    ("error", "kind", "nothing_happened"),
    [
        (httpx2.ConnectError("refused"), OutsideUnreached, True),
        (httpx2.ConnectTimeout("slow"), OutsideUnreached, True),
        (httpx2.PoolTimeout("busy"), OutsideUnreached, True),
        (httpx2.ReadTimeout("slow"), OutsideUnanswered, False),
        (httpx2.ReadError("cut"), OutsideUnanswered, False),
        (httpx2.RemoteProtocolError("torn"), OutsideUnanswered, False),
    ],
)
def test_lost_connection_tells_the_failure(
    error: Exception, kind: type[Failure], nothing_happened: bool, client_hearing: Hearing
) -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        raise error

    with pytest.raises(Failure) as caught:
        client_hearing(AnthropicClient, answer).complete(ASKED)
    assert (type(caught.value), caught.value.nothing_happened) == (kind, nothing_happened)


@pytest.mark.parametrize(
    "body", [b"<html>hello</html>", b"", b'{"id": "msg', b'{"type": "message"}', b'{"type":"error","error":{}}', b"[]", b"null"]
)
def test_unreadable_answer_breaks_the_contract(body: bytes, client_hearing: Hearing) -> None:
    client = client_hearing(AnthropicClient, lambda _: httpx2.Response(200, content=body))
    with pytest.raises(ContractBroken):
        client.complete(ASKED)


def test_open_schema_is_refused_before_sending(client_hearing: Hearing, exchanges: list[Exchange]) -> None:
    scores = {"type": "object", "additionalProperties": {"type": "number"}}
    schema = {"type": "object", "properties": {"reviews": {"type": "array", "items": scores}}}
    client = client_hearing(AnthropicClient, lambda _: httpx2.Response(500))
    with pytest.raises(BadInput, match=r"\$\.properties\.reviews\.items"):
        client.complete(ModelRequest("claude-haiku-5-5", "", "x", 10, schema))
    assert exchanges == []


def test_limits_in_a_schema_become_words(client_hearing: Hearing, own: Own, exchanges: list[Exchange]) -> None:
    schema = {"type": "object", "properties": {"score": {"type": "number", "minimum": 0, "maximum": 10}}}
    client = client_hearing(AnthropicClient, lambda _: httpx2.Response(200, content=own("anthropic", "message.json")))
    client.complete(ModelRequest("claude-haiku-5-5", "", "x", 10, schema))
    sent: dict[str, Any] = json.loads(exchanges[0].request_text)["output_config"]["format"]["schema"]["properties"]["score"]
    assert set(sent) == {"type", "description"}
    assert "maximum: 10" in sent["description"]


def test_missing_key_names_its_setting(client_hearing: Hearing) -> None:
    with pytest.raises(NotConfigured) as caught:
        client_hearing(AnthropicClient, lambda _: httpx2.Response(500), api_key=None)
    assert caught.value.field == "REVENUE_ANTHROPIC__API_KEY"


def test_fake_and_client_agree(client_of: Hearing, exchanges: list[Exchange]) -> None:
    client = client_of(AnthropicClient)
    answer = client.complete(ModelRequest("claude-haiku-4-5", "Write plainly.", "Hello there", 200))
    assert (answer.stop_reason, answer.model) == ("end_turn", "claude-haiku-4-5-20251001")
    assert client.count_tokens(ModelRequest("claude-haiku-5-5", "", "Hello there", 1)) == 6
    assert "claude-haiku-5-5" in client.model_ids()
    assert [row.path for row in exchanges] == ["/v1/messages", "/v1/messages/count_tokens", "/v1/models"]


def test_sandbox_faults_reach_the_family(client_of: Hearing, outside: Outside) -> None:
    client = client_of(AnthropicClient)
    table = {"429": OutsideRateLimited, "500": OutsideUnavailable, "torn": ContractBroken, "down": OutsideUnreached}
    for fault, kind in table.items():
        outside.add_fault("anthropic", "/v1/messages", fault, 1)
        with pytest.raises(Failure) as caught:
            client.complete(ASKED)
        assert type(caught.value) is kind, fault
    with pytest.raises(OutsideAuthFailed):
        client_of(AnthropicClient, api_key="sk_sandbox_other").complete(ASKED)
    with pytest.raises(OutsideRejected, match="model: claude-none"):
        client.complete(ModelRequest("claude-none", "", "Hello", 10))
