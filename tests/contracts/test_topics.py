"""Every topic of the registry says what it does, refuses unknown input, and shows its types."""

from __future__ import annotations

import json
import re

import pytest
from pydantic import ValidationError

from revenue_machine import domains
from revenue_machine.engine.registry import discover
from revenue_machine.engine.topic import Approval, Effect
from tests.contracts.topic_inputs import smallest, without_example

TOPICS = discover(domains).topics
BUILT = sorted(name for name, topic in TOPICS.items() if topic.built)
PLANNED = sorted(name for name, topic in TOPICS.items() if not topic.built)


@pytest.mark.parametrize("name", sorted(TOPICS))
def test_name_is_service_and_action(name: str) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*", name)
    assert TOPICS[name].section, "every topic names where it comes from"


@pytest.mark.parametrize("name", BUILT)
def test_summary_is_one_sentence(name: str) -> None:
    assert 10 <= len(TOPICS[name].summary) <= 200
    assert TOPICS[name].summary.endswith(".")


@pytest.mark.parametrize("name", BUILT)
def test_unknown_field_is_refused(name: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        TOPICS[name].args.model_validate({"no_such_field": 1})
    assert "extra_forbidden" in {error["type"] for error in refusal.value.errors()}


@pytest.mark.parametrize("name", BUILT)
def test_required_fields_show_examples(name: str) -> None:
    assert without_example(TOPICS[name]) == [], "write Field(examples=[...]): people, agents and the contract tests read it"
    TOPICS[name].args.model_validate_json(json.dumps(smallest(TOPICS[name])))


@pytest.mark.parametrize("name", BUILT)
def test_types_are_shown_as_schema(name: str) -> None:
    assert TOPICS[name].args.model_json_schema()["type"] == "object"
    assert TOPICS[name].result.model_json_schema(mode="serialization")["type"] == "object"


@pytest.mark.parametrize("name", PLANNED)
def test_planned_topic_names_its_issue(name: str) -> None:
    issue = TOPICS[name].issue
    assert issue is not None
    assert 2 <= issue <= 7


def test_direct_messages_always_ask() -> None:
    topic = TOPICS["dm.process_outreach"]
    assert (topic.effect, topic.approval) == (Effect.SPEAKS, Approval.ALWAYS)


def test_money_and_code_always_ask() -> None:
    asked = ("ads.deploy", "system.delegate_to_acd", "system.deploy_code")
    assert [name for name in asked if TOPICS[name].approval is not Approval.ALWAYS] == []
