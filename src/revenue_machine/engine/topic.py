"""What a topic is: a typed function with a name, and one word for what it may do to the world."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import IntEnum, StrEnum
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict

F = TypeVar("F", bound=Callable[..., Any])


class Effect(IntEnum):
    """What a topic may do to the world; each level also passes the gates of the levels below."""

    PURE = 0
    READS = 1
    WRITES = 2
    SPENDS = 3
    SPEAKS = 4


class Approval(StrEnum):
    """Whether a person has to agree first; `ALWAYS` can be lowered by no setting and no caller."""

    NEVER = "never"
    ALWAYS = "always"


class Args(BaseModel):
    """A topic's input; unknown fields are refused by name."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Result(BaseModel):
    """A topic's answer."""

    model_config = ConfigDict(frozen=True)

    def summary(self) -> dict[str, Any]:
        """Counts and flags only: what a checkpoint or log may hold without personal data."""
        plain = self.model_dump(mode="json")
        return {key: value for key, value in plain.items() if isinstance(value, bool | int | float) or value is None}


class NoArgs(Args):
    """The topic takes nothing."""


@dataclass(frozen=True)
class Retry:
    """How often and how patiently a failed call is repeated; a value, so that a table can test it."""

    attempts: int = 1
    first_wait_s: float = 0.2
    factor: float = 2.0
    ceiling_s: float = 5.0

    def wait_s(self, failures: int) -> float:
        """Seconds to wait after the n-th failure (1, 2, …)."""
        return float(min(self.ceiling_s, self.first_wait_s * self.factor ** (failures - 1)))


ONCE = Retry()
READ_RETRY = Retry(attempts=3)


@dataclass(frozen=True)
class Topic:
    """One declared topic; `function` is None while a later issue still has to build it."""

    name: str
    effect: Effect
    section: str
    summary: str
    args: type[Args] = NoArgs
    result: type[Result] = Result
    approval: Approval = Approval.NEVER
    retry: Retry = ONCE
    fresh_for: timedelta | None = None
    aliases: tuple[str, ...] = ()
    asks_itself: bool = False
    issue: int | None = None
    function: Callable[..., Any] | None = None
    needs: dict[str, type] = field(default_factory=dict)
    doc: str = ""

    @property
    def built(self) -> bool:
        return self.function is not None

    @property
    def service(self) -> str:
        return self.name.split(".", 1)[0]


def topic(
    name: str,
    *,
    effect: Effect,
    section: str,
    approval: Approval = Approval.NEVER,
    fresh_for: timedelta | None = None,
    aliases: tuple[str, ...] = (),
    asks_itself: bool = False,
) -> Callable[[F], F]:
    """Declare a topic; CLI, HTTP, MCP, schedule and docs follow from this alone.

    A topic that `asks_itself` files one question per item in its body; it may do nothing outside.
    """
    base = Topic(
        name=name, effect=effect, section=section, summary="", approval=approval, fresh_for=fresh_for, aliases=aliases,
        asks_itself=asks_itself,
    )  # fmt: skip

    def declare(function: F) -> F:
        function.__topic__ = _read_off(function, base)  # type: ignore[attr-defined]
        return function

    return declare


def planned(name: str, *, effect: Effect, section: str, issue: int, approval: Approval = Approval.NEVER) -> Topic:
    """A binding topic another issue builds: it answers `not_configured` and says so."""
    summary = f"Not built yet: issue {issue} builds it."
    return Topic(name=name, effect=effect, section=section, summary=summary, approval=approval, issue=issue)


def _read_off(function: Callable[..., Any], base: Topic) -> Topic:
    """What the function's own signature and docstring say of the topic."""
    doc = inspect.getdoc(function) or ""
    hints = typing.get_type_hints(function)
    result = hints.pop("return")
    args = hints.pop("args", NoArgs)
    retry = READ_RETRY if base.effect <= Effect.READS else ONCE
    return replace(base, summary=doc.split("\n")[0], args=args, result=result, retry=retry, function=function, needs=hints, doc=doc)
