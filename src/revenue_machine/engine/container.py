"""Hands a function what it asks for by type: registered recipes only, nothing optional."""

from __future__ import annotations

import functools
import typing
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")
R = TypeVar("R", bound=Callable[..., Any])


def recipe(function: R) -> R:
    """Mark a function whose return type it knows how to make, from parameters that are themselves injected."""
    function.__recipe__ = True  # type: ignore[attr-defined]
    return function


@functools.lru_cache(maxsize=1024)
def _parameters(function: Callable[..., Any]) -> dict[str, Any]:
    """Parameter names and types; resolving annotations is slow, so each function is read once."""
    hints = typing.get_type_hints(function)
    hints.pop("return", None)
    return hints


class Container:
    """One recipe per type; a child container adds what belongs to one call."""

    def __init__(self, parent: Container | None = None) -> None:
        self._parent = parent
        self._things: dict[type, Any] = {}
        self._recipes: dict[type, Callable[..., Any]] = {}

    def put(self, thing: Any, *kinds: type) -> None:
        """Register a finished thing under its own type, or under the roles it plays."""
        for kind in kinds or (type(thing),):
            self._things[kind] = thing

    def put_all(self, *things: Any) -> None:
        """Register finished things, each under its own type."""
        for thing in things:
            self.put(thing)

    def make(self, kind: type[T], **given: Any) -> T:
        """Construct and register a thing, its constructor's other parameters injected by their types."""
        hints = {name: hint for name, hint in _parameters(kind.__init__).items() if name not in given}
        thing = kind(**given, **{name: self.get(hint) for name, hint in hints.items()})
        self.put(thing)
        return thing

    def learn(self, function: Callable[..., Any]) -> None:
        """Register a recipe under its return type; a second one for the type is a mistake."""
        kind = typing.get_type_hints(function)["return"]
        if kind in self._recipes:
            raise ValueError(f"two recipes make {kind.__name__}")
        self._recipes[kind] = function

    def child(self, *things: Any) -> Container:
        """A container for one call, with things of its own."""
        inner = Container(self)
        for thing in things:
            inner.put(thing)
        return inner

    def get(self, kind: type[T]) -> T:
        """The thing of that type; made anew from its recipe when it is not a finished one."""
        found = self.find(kind)
        if found is not None:
            return typing.cast("T", found)
        make = self.recipe_for(kind)
        if make is None:
            raise LookupError(f"nothing here makes {kind.__name__}; known: {', '.join(sorted(self.names()))}")
        return typing.cast("T", self.fill(make))

    def fill(self, function: Callable[..., Any], **given: Any) -> Any:
        """Call a function, with every parameter that is not given injected by its type."""
        return function(**given, **{name: self.get(kind) for name, kind in _parameters(function).items() if name not in given})

    def find(self, kind: type) -> Any:
        """A finished thing of that type, here or further out; None when there is none."""
        if kind in self._things:
            return self._things[kind]
        return self._parent.find(kind) if self._parent else None

    def recipe_for(self, kind: type) -> Callable[..., Any] | None:
        """What makes that type, here or further out."""
        return self._recipes.get(kind) or (self._parent.recipe_for(kind) if self._parent else None)

    def names(self) -> set[str]:
        """Every type that can be asked for."""
        own = {kind.__name__ for kind in (*self._things, *self._recipes)}
        return own | (self._parent.names() if self._parent else set())
