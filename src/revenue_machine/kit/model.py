"""The role of a language model: what is asked, what comes back, what it used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class ModelRequest:
    """One question: system text (cacheable), prompt, a ceiling for the answer, and the JSON Schema it must fit."""

    model: str
    system: str
    prompt: str
    max_output_tokens: int
    schema: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class ModelUsage:
    """Tokens as billed; `input_tokens` excludes what was read from or written to the cache."""

    input_tokens: int
    output_tokens: int
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0


@dataclass(frozen=True)
class ModelAnswer:
    """The text, what it cost in tokens, and why the model stopped (`end_turn`, `max_tokens`, `refusal`)."""

    text: str
    usage: ModelUsage
    model: str
    stop_reason: str


class Model(Protocol):
    """A role with several vendors: any of them answers `complete`."""

    def complete(self, request: ModelRequest) -> ModelAnswer:
        """Ask once; no retries. Raises the `outside_*` family."""
        ...
