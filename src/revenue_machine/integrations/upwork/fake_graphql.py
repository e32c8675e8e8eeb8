"""How the pretend Upwork reads a GraphQL document: strictly, without fragments, and against the types it documents."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_TOKEN = re.compile(
    r'(?P<skip>[\s,\ufeff]+|\#[^\n\r]*)|(?P<name>[_A-Za-z][_0-9A-Za-z]*)|(?P<number>-?[0-9]+(\.[0-9]+)?)'
    r'|(?P<text>"(\\.|[^"\\\n])*")|(?P<sign>\.\.\.|[!$():=@\[\]{|}])'
)  # fmt: skip
DEEPEST = 20


class GraphqlProblem(Exception):
    """An entry of `errors`, on its way out."""

    def __init__(self, message: str, kind: str = "ValidationError", **extensions: Any) -> None:
        super().__init__(message)
        self.message = message
        self.extensions = {"classification": kind, **extensions}


@dataclass(frozen=True)
class Variable:
    """`$name` as an argument."""

    name: str


@dataclass(frozen=True)
class Selection:
    """One asked field with its arguments and what is asked below it."""

    alias: str
    name: str
    arguments: Mapping[str, Any]
    below: tuple[Selection, ...] = ()


@dataclass(frozen=True)
class Operation:
    """The one operation of a document."""

    kind: str
    variables: tuple[str, ...]
    selections: tuple[Selection, ...]


@dataclass
class _Reader:
    tokens: list[tuple[str, str]]
    place: int = 0
    variables: list[str] = field(default_factory=list)

    def peek(self) -> tuple[str, str]:
        return self.tokens[self.place] if self.place < len(self.tokens) else ("end", "")

    def take(self, wanted: str | None = None) -> tuple[str, str]:
        token = self.peek()
        if token[0] == "end" or (wanted is not None and token[1] != wanted and token[0] != wanted):
            raise GraphqlProblem(f"Invalid syntax: unexpected '{token[1] or 'end of document'}'", "InvalidSyntax")
        self.place += 1
        return token

    def skips(self, sign: str) -> bool:
        if self.peek()[1] != sign:
            return False
        self.place += 1
        return True


def parse(text: str) -> Operation:
    """The operation of a document. Raises: GraphqlProblem (InvalidSyntax)."""
    reader = _Reader(_tokens(text))
    kind = "query"
    if reader.peek()[0] == "name":
        kind = reader.take()[1]
        if kind not in ("query", "mutation"):
            raise GraphqlProblem(f"Invalid syntax: '{kind}' is no operation", "InvalidSyntax")
        if reader.peek()[0] == "name":
            reader.take()
        if reader.skips("("):
            _read_variables(reader)
    selections = _read_selections(reader, 0)
    if reader.peek()[0] != "end":
        raise GraphqlProblem("Invalid syntax: one operation only", "InvalidSyntax")
    return Operation(kind, tuple(reader.variables), selections)


def _tokens(text: str) -> list[tuple[str, str]]:
    found, place = [], 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise GraphqlProblem(f"Invalid syntax: offending character at {place}", "InvalidSyntax")
        kind = match.lastgroup or next(name for name, value in match.groupdict().items() if value is not None)
        if kind != "skip":
            found.append((kind, match.group(0)))
        place = match.end()
    return found


def _read_variables(reader: _Reader) -> None:
    while not reader.skips(")"):
        reader.take("$")
        reader.variables.append(reader.take("name")[1])
        reader.take(":")
        while reader.skips("["):
            continue
        reader.take("name")
        while reader.skips("]") or reader.skips("!"):
            continue
        if reader.skips("="):
            _read_value(reader, 0)


def _read_selections(reader: _Reader, depth: int) -> tuple[Selection, ...]:
    if depth > DEEPEST:
        raise GraphqlProblem("Invalid syntax: too deep", "InvalidSyntax")
    reader.take("{")
    found = []
    while not reader.skips("}"):
        alias = name = reader.take("name")[1]
        if reader.skips(":"):
            name = reader.take("name")[1]
        arguments = _read_arguments(reader) if reader.skips("(") else {}
        below = _read_selections(reader, depth + 1) if reader.peek()[1] == "{" else ()
        found.append(Selection(alias, name, arguments, below))
    if not found:
        raise GraphqlProblem("Invalid syntax: nothing is asked", "InvalidSyntax")
    return tuple(found)


def _read_arguments(reader: _Reader) -> dict[str, Any]:
    found = {}
    while not reader.skips(")"):
        name = reader.take("name")[1]
        reader.take(":")
        found[name] = _read_value(reader, 0)
    return found


def _read_value(reader: _Reader, depth: int) -> Any:
    if depth > DEEPEST:
        raise GraphqlProblem("Invalid syntax: too deep", "InvalidSyntax")
    kind, text = reader.take()
    if text == "$":
        return Variable(reader.take("name")[1])
    if text == "[":
        items = []
        while not reader.skips("]"):
            items.append(_read_value(reader, depth + 1))
        return items
    if text == "{":
        held = {}
        while not reader.skips("}"):
            name = reader.take("name")[1]
            reader.take(":")
            held[name] = _read_value(reader, depth + 1)
        return held
    return _read_scalar(kind, text)


def _read_scalar(kind: str, text: str) -> Any:
    if kind == "text":
        try:
            return json.loads(text)
        except ValueError:
            raise GraphqlProblem("Invalid syntax: bad string", "InvalidSyntax") from None
    if kind == "number":
        return float(text) if "." in text else int(text)
    if kind == "name":
        return {"true": True, "false": False, "null": None}.get(text, text)
    raise GraphqlProblem(f"Invalid syntax: unexpected '{text}'", "InvalidSyntax")


def resolved(value: Any, variables: Mapping[str, Any]) -> Any:
    """A value with its variables put in."""
    if isinstance(value, Variable):
        return variables.get(value.name)
    if isinstance(value, list):
        return [resolved(one, variables) for one in value]
    if isinstance(value, dict):
        return {name: resolved(one, variables) for name, one in value.items()}
    return value


def undeclared(value: Any, declared: tuple[str, ...]) -> str | None:
    """The first variable a value uses without a declaration."""
    if isinstance(value, Variable):
        return None if value.name in declared else value.name
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return next((name for one in inner if (name := undeclared(one, declared))), None)


def check(selection: Selection, owner: str, kind: str | None, types: Mapping[str, Mapping[str, str | None]]) -> None:
    """Whether what is asked below a field exists; `kind` is the field's object type, None for a scalar."""
    if kind is None:
        if selection.below:
            raise GraphqlProblem(
                f"Validation error (SubselectionNotAllowed@[{selection.name}]) : '{selection.name}' of '{owner}' is a scalar"
            )
        return
    if not selection.below:
        raise GraphqlProblem(
            f"Validation error (SubselectionRequired@[{selection.name}]) : '{selection.name}' needs fields of '{kind}'"
        )
    for one in selection.below:
        if one.name not in types[kind]:
            raise GraphqlProblem(
                f"Validation error (FieldUndefined@[{one.name}]) : Field '{one.name}' in type '{kind}' is undefined"
            )
        check(one, kind, types[kind][one.name], types)


def project(selection: Selection, value: Any) -> Any:
    """Only what was asked, under the names it was asked by."""
    if value is None or not selection.below:
        return value
    if isinstance(value, list):
        return [project(selection, one) for one in value]
    return {one.alias: project(one, value.get(one.name)) for one in selection.below}
