"""Finds what the domains declare by walking their folders; fails loudly on duplicates."""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from revenue_machine.engine.effects import Outside
from revenue_machine.engine.topic import Topic
from revenue_machine.kit.errors import NotFound


@dataclass(frozen=True)
class Registry:
    """Every binding topic by name, built or planned."""

    topics: dict[str, Topic]
    aliases: dict[str, str]

    def find(self, name: str) -> Topic:
        """The topic of that name or alias, or `not_found` with near matches."""
        found = self.topics.get(self.aliases.get(name, name))
        if found is None:
            raise NotFound(f"there is no topic {name}{_near(name, [*self.topics, *self.aliases])}", field="topic")
        return found


def _near(name: str, names: list[str]) -> str:
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.55)
    return f"; did you mean {', '.join(close)}?" if close else ""


def modules(package: ModuleType, role: str) -> Iterator[tuple[str, ModuleType]]:
    """(folder name, module) of every `<package>/<folder>/<role>.py` that exists, by name."""
    for entry in sorted(pkgutil.iter_modules(package.__path__), key=lambda one: one.name):
        path = f"{package.__name__}.{entry.name}.{role}"
        if entry.ispkg and importlib.util.find_spec(path) is not None:
            yield entry.name, importlib.import_module(path)


def marked(module: ModuleType, mark: str) -> list[Any]:
    """Everything defined in a module that carries a mark, in the order it is written."""
    return [
        value
        for value in vars(module).values()
        if hasattr(value, mark) and getattr(value, "__module__", module.__name__) == module.__name__
    ]


def discover(domains: ModuleType) -> Registry:
    """Walk `domains/*/topics.py` for `@topic` functions and `PLANNED` rows."""
    topics: dict[str, Topic] = {}
    aliases: dict[str, str] = {}
    for _folder, module in modules(domains, "topics"):
        declared = [function.__topic__ for function in marked(module, "__topic__")]
        for one in [*declared, *getattr(module, "PLANNED", ())]:
            _add(topics, aliases, one, module.__name__)
    return Registry(dict(sorted(topics.items())), aliases)


def _add(topics: dict[str, Topic], aliases: dict[str, str], one: Topic, where: str) -> None:
    for name in (one.name, *one.aliases):
        if name in topics or name in aliases:
            raise ValueError(f"{where} declares {name} a second time")
    if one.asks_itself and Outside in one.needs.values():
        raise ValueError(f"{where}: {one.name} asks about each item and runs without a yes of its own; it may not have Outside")
    topics[one.name] = one
    aliases.update(dict.fromkeys(one.aliases, one.name))
