"""What the Messages API answers, as far as the product reads it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from revenue_machine.kit.service import Wire


class Block(Wire):
    """One content block; only `text` blocks carry text for us."""

    type: str
    text: str | None = None


class Usage(Wire):
    """Tokens as billed; `input_tokens` excludes both cache figures, which older answers leave out."""

    input_tokens: int = Field(ge=0)
    output_tokens: int = Field(ge=0)
    cache_creation_input_tokens: int | None = Field(None, ge=0)
    cache_read_input_tokens: int | None = Field(None, ge=0)


class Message(Wire):
    """The answer to one question."""

    id: str
    type: Literal["message"]
    model: str
    content: tuple[Block, ...]
    stop_reason: str
    usage: Usage


class TokenCount(Wire):
    """The size of a question."""

    input_tokens: int = Field(ge=0)


class ModelRow(Wire):
    """One model the key may use."""

    id: str


class ModelPage(Wire):
    """The catalogue of models."""

    data: tuple[ModelRow, ...]
