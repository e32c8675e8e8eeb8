"""A model in somebody's hands says their words in the shape it was asked for, and nothing of its own unless told to."""

from __future__ import annotations

import json
from typing import Any

from revenue_machine.integrations.anthropic.fake_puppet import hold_strings, puppeted


class Memory:
    """As much of a vendor's state as a puppet needs."""

    def __init__(self) -> None:
        self.kept: dict[str, dict[str, Any]] = {}
        self.number = 0

    def put(self, kind: str, key: str, document: dict[str, Any]) -> None:
        self.kept[kind + key] = document

    def get(self, kind: str, key: str) -> dict[str, Any] | None:
        return self.kept.get(kind + key)

    def drop(self, kind: str, key: str) -> None:
        self.kept.pop(kind + key, None)

    def next_number(self, name: str) -> int:
        self.number += 1
        return self.number


ANSWER = {"messages": [{"key": "a", "text": "Hi Ada"}, {"key": "b", "text": "Hi Bob"}]}


def said(state: Any, answer: object) -> Any:
    return json.loads(puppeted(state, json.dumps(answer)))


def test_free_model_speaks_for_itself() -> None:
    assert said(Memory(), ANSWER) == ANSWER


def test_words_come_in_turn_and_keys_stay() -> None:
    state: Any = Memory()
    hold_strings(state, ["one", "{own}, two"])
    assert said(state, ANSWER) == {"messages": [{"key": "a", "text": "one"}, {"key": "b", "text": "Hi Bob, two"}]}
    hold_strings(state, [])
    assert said(state, ANSWER) == ANSWER


def test_every_score_is_the_best() -> None:
    state: Any = Memory()
    hold_strings(state, ["fine"])
    review = {"reviews": [{"key": "a", "scores": {"hook": 2.5, "clarity": 1}, "notes": "poor"}]}
    assert said(state, review) == {"reviews": [{"key": "a", "scores": {"hook": 10.0, "clarity": 10.0}, "notes": "fine"}]}


def test_plain_answers_and_silence() -> None:
    state: Any = Memory()
    hold_strings(state, ["mine"])
    assert puppeted(state, "no JSON at all") == "mine"
    assert puppeted(state, "") == ""
