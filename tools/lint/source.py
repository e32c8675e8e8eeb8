"""One parsed file and what rules ask of it: its place in the tree, its imports, its escapes."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath
from typing import TypeVar

PACKAGE = "revenue_machine"
ESCAPE = re.compile(r"#\s*lint:\s*allow\s+(?P<rule>[\w-]+)(?:\s+-\s+(?P<reason>\S.*))?$")
Node = TypeVar("Node", bound=ast.AST)


@dataclass(frozen=True, order=True)
class Finding:
    """One broken rule at one line."""

    path: str
    line: int
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule}: {self.message}"


@dataclass(frozen=True)
class Escape:
    """`# lint: allow RULE - reason` on the line it excuses, or alone on the line above."""

    line: int
    rule: str
    reason: str | None
    alone: bool


@dataclass(frozen=True)
class Source:
    """A Python file, read once for every rule; `path` is relative to the repository."""

    path: str
    text: str
    tree: ast.Module = field(compare=False, repr=False)

    @classmethod
    def parse(cls, path: str, text: str) -> Source:
        """Raises SyntaxError on a file that is no Python."""
        return cls(path, text, ast.parse(text, path))

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """Every node, once."""
        return list(ast.walk(self.tree))

    def every(self, kind: type[Node]) -> Iterator[Node]:
        """Every node of one kind."""
        return (node for node in self.nodes if isinstance(node, kind))

    @cached_property
    def functions(self) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
        """Every function and method."""
        return [node for node in self.nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]

    @cached_property
    def place(self) -> tuple[str, ...]:
        """Parts below the package (`("domains", "crm", "rules.py")`); empty outside of it."""
        parts = PurePosixPath(self.path).parts
        return parts[2:] if parts[:2] == ("src", PACKAGE) else ()

    @property
    def layer(self) -> str:
        """`kit`, `engine`, …, `app.py`; empty outside the package."""
        return self.place[0] if self.place else ""

    @property
    def role(self) -> str:
        """The file's name without its ending, such as `rules` or `store`."""
        return PurePosixPath(self.path).stem

    @property
    def owner(self) -> str:
        """The domain or integration a file belongs to; empty elsewhere."""
        return self.place[1] if self.layer in {"domains", "integrations"} and len(self.place) > 2 else ""

    @cached_property
    def module(self) -> str:
        """Dotted name, `revenue_machine.domains.crm.rules`; a package's `__init__` is the package."""
        parts = [PACKAGE, *self.place]
        parts[-1] = self.role
        return ".".join(parts[:-1] if self.role == "__init__" else parts)

    @cached_property
    def imports(self) -> list[tuple[int, str, str]]:
        """(line, dotted name imported, local name), relative imports made absolute."""
        found: list[tuple[int, str, str]] = []
        for node in self.nodes:
            if isinstance(node, ast.Import):
                found += [(node.lineno, alias.name, alias.asname or alias.name.split(".")[0]) for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                base = self._base(node)
                found += [(node.lineno, f"{base}.{alias.name}", alias.asname or alias.name) for alias in node.names]
        return found

    def _base(self, node: ast.ImportFrom) -> str:
        if node.level == 0:
            return node.module or ""
        package = self.module.split(".") if self.role == "__init__" else self.module.split(".")[:-1]
        kept = package[: len(package) - node.level + 1]
        return ".".join([*kept, *([node.module] if node.module else [])])

    @cached_property
    def names(self) -> dict[str, str]:
        """Local name to the dotted thing it stands for."""
        plain = {
            alias.name.split(".")[0]: alias.name.split(".")[0]
            for node in self.every(ast.Import)
            for alias in node.names
            if not alias.asname
        }
        return {local: dotted for _, dotted, local in self.imports} | plain

    def dotted(self, node: ast.expr) -> str:
        """`datetime.datetime.now` for `datetime.now` after `from datetime import datetime`; empty if unknown."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name) or node.id not in self.names:
            return ""
        return ".".join([self.names[node.id], *reversed(parts)])

    @cached_property
    def escapes(self) -> list[Escape]:
        """Every escape comment of the file."""
        found: list[Escape] = []
        if "lint:" not in self.text:
            return found
        for token in tokenize.generate_tokens(io.StringIO(self.text).readline):
            match = ESCAPE.match(token.string) if token.type == tokenize.COMMENT else None
            if match:
                alone = not token.line[: token.start[1]].strip()
                found.append(Escape(token.start[0], match["rule"], match["reason"], alone))
        return found


@dataclass(frozen=True)
class Rule:
    """One sentence of the house and the function that finds what breaks it."""

    name: str
    sentence: str
    check: Callable[[Source], Iterator[Finding]]


@dataclass(frozen=True)
class TreeRule:
    """A rule about several files together."""

    name: str
    sentence: str
    check: Callable[[list[Source]], Iterator[Finding]]


def words(identifier: str) -> list[str]:
    """`draftText` and `draft_text` as `["draft", "text"]`."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", identifier)
    return [word for word in spaced.lower().split("_") if word]
