"""The vendor's own SDK against the fake on loopback, and the fake against the published contract."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel

from revenue_machine.kit.settings import sandbox_key
from revenue_machine.sandbox.vendors import Outside
from tests.integrations.loopback import served

if TYPE_CHECKING:
    from anthropic import Anthropic


class Verdict(BaseModel):
    """An answer the fake knows nothing about."""

    title: str
    score: int
    tags: list[str]


@pytest.fixture
def sdk(outside: Outside) -> Iterator[Anthropic]:
    from anthropic import Anthropic

    with (
        served(outside) as base,
        Anthropic(base_url=f"{base}/anthropic", api_key=sandbox_key("anthropic"), max_retries=0) as client,
    ):
        yield client


def test_sdk_creates_counts_and_parses(sdk: Anthropic) -> None:
    messages: Any = [{"role": "user", "content": "Hello there"}]
    answer = sdk.messages.create(model="claude-haiku-5-5", max_tokens=100, messages=messages)
    assert (answer.stop_reason, answer.content[0].type) == ("end_turn", "text")
    assert sdk.messages.count_tokens(model="claude-haiku-5-5", messages=messages).input_tokens == answer.usage.input_tokens == 6
    parsed = sdk.messages.parse(model="claude-haiku-5-5", max_tokens=100, messages=messages, output_format=Verdict)
    assert isinstance(parsed.parsed_output, Verdict)
    assert next(row.id for row in sdk.models.list()) == "claude-haiku-5-5"


def test_sdk_streams_the_same_text(sdk: Anthropic) -> None:
    messages: Any = [{"role": "user", "content": "Hello there"}]
    whole = sdk.messages.create(model="claude-sonnet-5-5", max_tokens=100, messages=messages)
    with sdk.messages.stream(model="claude-sonnet-5-5", max_tokens=100, messages=messages) as stream:
        pieces = list(stream.text_stream)
        final = stream.get_final_message()
    assert "".join(pieces) == getattr(whole.content[0], "text", None)
    assert len(pieces) > 1
    assert (final.stop_reason, final.usage.output_tokens) == ("end_turn", whole.usage.output_tokens)


def test_sdk_runs_a_batch(sdk: Anthropic, outside: Outside) -> None:
    params: Any = {"model": "claude-haiku-5-5", "max_tokens": 50, "messages": [{"role": "user", "content": "Hi"}]}
    batch = sdk.messages.batches.create(requests=[{"custom_id": f"post-{place}", "params": params} for place in range(5)])
    assert batch.processing_status == "in_progress"
    outside.store.move_to(outside.store.now() + timedelta(minutes=6))
    assert sdk.messages.batches.retrieve(batch.id).request_counts.succeeded == 5
    rows = list(sdk.messages.batches.results(batch.id))
    assert sorted(row.custom_id for row in rows) == [f"post-{place}" for place in range(5)]
    assert [row.id for row in sdk.messages.batches.list()] == [batch.id]


def test_sdk_reads_errors(sdk: Anthropic, outside: Outside) -> None:
    import anthropic

    with pytest.raises(anthropic.NotFoundError) as caught:
        sdk.messages.create(model="claude-none", max_tokens=5, messages=[{"role": "user", "content": "Hi"}])
    assert (caught.value.type, caught.value.api_message) == ("not_found_error", "model: claude-none")
    assert str(caught.value.request_id).startswith("req_01")
    outside.add_fault("anthropic", "/v1/messages", "429", 1)
    with pytest.raises(anthropic.RateLimitError):
        sdk.messages.create(model="claude-haiku-5-5", max_tokens=5, messages=[{"role": "user", "content": "Hi"}])


def test_answers_fit_the_published_contract(sdk: Anthropic, outside: Outside, shared: Path) -> None:
    from anthropic import NotFoundError

    yaml = pytest.importorskip("yaml")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        validator = pytest.importorskip("openapi_schema_validator")
    contract = yaml.safe_load((shared / "contracts/anthropic/openapi.derived.yaml").read_text(encoding="utf-8"))
    # The published copy is older than the newest models, so an older one is asked.
    params: Any = {"model": "claude-haiku-4-5", "messages": [{"role": "user", "content": "Hello there"}]}
    asked: Any = {**params, "max_tokens": 50}
    batch = sdk.messages.batches.with_raw_response.create(requests=[{"custom_id": "one", "params": asked}]).text()
    outside.store.move_to(outside.store.now() + timedelta(minutes=6))
    results = sdk.get(f"/v1/messages/batches/{json.loads(batch)['id']}/results", cast_to=str)
    with pytest.raises(NotFoundError) as missing:
        sdk.messages.create(model="claude-none", max_tokens=5, messages=params["messages"])
    payloads = {
        "Message": sdk.messages.with_raw_response.create(**asked).text(),
        "MessageTokensCount": sdk.messages.with_raw_response.count_tokens(**params).text(),
        "MessageBatch": batch,
        "MessageBatchIndividualResponse": results,
        "ErrorResponse": missing.value.response.text,
    }
    for name, text in payloads.items():
        schema = {"$ref": f"#/components/schemas/{name}", "components": contract["components"]}
        validator.OAS31Validator(schema).validate(json.loads(text))
