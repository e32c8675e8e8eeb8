"""The worst model there is: it says what a stranger wanted, whatever it was asked, and finds every text excellent."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from revenue_machine.kit.fakeserver import FakeState

_KIND, _KEY = "puppet", "words"
# Stands in the words for what the model would have said by itself.
OWN = "{own}"
# What a model says of its own; keys, classes and evidence stay as they were asked for.
_SAID = frozenset({"text", "notes", "angle", "subject", "paragraphs", "guidelines", "avoid", "say"})
_BEST = 10.0


def hold_strings(state: FakeState, words: Sequence[str]) -> None:
    """From now on these are all the model says, one after the other and from the start again; none sets it free."""
    if words:
        state.put(_KIND, _KEY, {"words": list(words)})
    else:
        state.drop(_KIND, _KEY)


def puppeted(state: FakeState, text: str) -> str:
    """An answer with its own words in place of the strings'; as it was while nobody holds them."""
    held = state.get(_KIND, _KEY)
    if held is None or not text:
        return text
    words: list[str] = held["words"]

    def say(own: str) -> str:
        return words[(state.next_number(_KIND) - 1) % len(words)].replace(OWN, own)

    try:
        answer = json.loads(text)
    except ValueError:
        return say(text)
    return json.dumps(_obeyed(answer, say), ensure_ascii=False)


def _obeyed(value: Any, say: Callable[[str], str], *, is_said: bool = False, is_score: bool = False) -> Any:
    if isinstance(value, dict):
        return {
            name: _obeyed(one, say, is_said=is_said or name in _SAID, is_score=is_score or name == "scores")
            for name, one in value.items()
        }
    if isinstance(value, list):
        return [_obeyed(one, say, is_said=is_said, is_score=is_score) for one in value]
    if is_score and isinstance(value, int | float):
        return _BEST
    return say(value) if is_said and isinstance(value, str) else value
