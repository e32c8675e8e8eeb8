"""Rules about who may know whom: foreign domains, fakes and their clients, the graph of NEEDS, Alembic heads."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tools.lint.source import PACKAGE, Finding, Rule, Source, TreeRule

_OPEN_ROLES = {"topics", "models", "reads"}
_DOMAINS = f"{PACKAGE}.domains."
_INTEGRATIONS = f"{PACKAGE}.integrations."


def foreign_domain(source: Source) -> Iterator[Finding]:
    """A foreign domain is known only through its topics, models and reads."""
    if source.layer != "domains":
        return
    for line, name, _ in source.imports:
        if name.startswith(_DOMAINS):
            owner, *rest = name.removeprefix(_DOMAINS).split(".")
            if owner != source.owner and (not rest or rest[0] not in _OPEN_ROLES):
                yield Finding(source.path, line, "foreign-domain", f"{name}: only topics, models and reads of {owner} are open")


def needs_said(source: Source) -> Iterator[Finding]:
    """A domain names the domains it imports in its NEEDS; checked per file against its own package by `needs`."""
    if source.layer != "domains":
        return
    for node in _needs_nodes(source):
        if not isinstance(node.value, ast.Tuple) or not all(_is_text(item) for item in node.value.elts):
            yield Finding(source.path, node.lineno, "needs-said", "NEEDS is a plain tuple of domain names")


def _needs_nodes(source: Source) -> list[ast.Assign | ast.AnnAssign]:
    found: list[ast.Assign | ast.AnnAssign] = []
    for node in source.tree.body if source.role == "__init__" else []:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        if isinstance(node, ast.Assign | ast.AnnAssign) and any(isinstance(t, ast.Name) and t.id == "NEEDS" for t in targets):
            found.append(node)
    return found


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _needs_of(source: Source) -> set[str]:
    return {
        str(item.value)
        for node in _needs_nodes(source)
        if isinstance(node.value, ast.Tuple)
        for item in node.value.elts
        if isinstance(item, ast.Constant)
    }


def needs(sources: list[Source]) -> Iterator[Finding]:
    """NEEDS names every foreign domain a domain imports, nothing else, and forms no circle."""
    domains = [source for source in sources if source.layer == "domains" and source.owner]
    homes = {source.owner: source for source in domains if source.role == "__init__" and len(source.place) == 3}
    said = {owner: _needs_of(home) for owner, home in homes.items()}
    for source in domains:
        for line, name, _ in source.imports:
            other = name.removeprefix(_DOMAINS).split(".")[0] if name.startswith(_DOMAINS) else source.owner
            if other != source.owner and other not in said.get(source.owner, set()):
                yield Finding(source.path, line, "needs", f"{source.owner} imports {other}, but its NEEDS does not name it")
    for owner, others in said.items():
        for unknown in sorted(others - set(homes)):
            yield Finding(homes[owner].path, 1, "needs", f"NEEDS names {unknown}, which is no domain")
    for circle in _circles(said):
        yield Finding(homes[circle[0]].path, 1, "needs", f"circle: {' -> '.join([*circle, circle[0]])}")


def _circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Every circle once, starting at its first name in the alphabet."""
    found: list[list[str]] = []

    def walk(start: str, path: list[str]) -> None:
        for other in sorted(graph.get(path[-1], set())):
            if other == start:
                found.append(path)
            elif other > start and other not in path:
                walk(start, [*path, other])

    for start in sorted(graph):
        walk(start, [start])
    return found


Edges = dict[str, list[tuple[str, int, str]]]


def fake_apart(sources: list[Source]) -> Iterator[Finding]:
    """In an integration, what the fake imports and what client, wire and hook import have no module in common."""
    for owner in sorted({source.owner for source in sources if source.layer == "integrations" and source.owner}):
        edges = _edges(sources, owner)
        known = {*edges, *(target for targets in edges.values() for target, _, _ in targets)}
        clients = {name for name in known if name.endswith("_client")} | {"wire", "hook"}
        ours, theirs = _reach(edges, clients), _reach(edges, {"fake"})
        for name, targets in sorted(edges.items()):
            for target, line, path in targets:
                into_client = name in theirs - ours and target in ours
                into_fake = name in ours - theirs and target == "fake"
                if into_client or into_fake:
                    yield Finding(
                        path, line, "fake-apart", f"{name} imports {target}: fake and client are two readings of one contract"
                    )


def _edges(sources: list[Source], owner: str) -> Edges:
    """Who imports whom inside one integration: module -> (module, line, path)."""
    own = f"{_INTEGRATIONS}{owner}."
    edges: Edges = {}
    for source in sources:
        if source.layer == "integrations" and source.owner == owner and source.role != "__init__":
            imported = [(name.removeprefix(own).split(".")[0], line) for line, name, _ in source.imports if name.startswith(own)]
            edges[source.place[2].removesuffix(".py")] = [(name, line, source.path) for name, line in imported]
    return edges


def _reach(edges: Edges, starts: set[str]) -> set[str]:
    """The starts and everything they import, however far."""
    found, open_ones = set[str](), set(starts)
    while open_ones:
        name = open_ones.pop()
        found.add(name)
        open_ones |= {target for target, _, _ in edges.get(name, [])} - found
    return found


def one_head(sources: list[Source]) -> Iterator[Finding]:
    """Migrations form one chain: one root, one head, no branch."""
    chain: dict[str, tuple[str | None, Source]] = {}
    for source in sources:
        if "/migrations/versions/" in source.path:
            values = _constants(source)
            if "revision" in values:
                chain[str(values["revision"])] = (values.get("down_revision"), source)
    parents = [parent for parent, _ in chain.values()]
    heads = sorted(revision for revision in chain if revision not in parents)
    for what, names in (("heads", heads), ("roots", sorted(name for name, (parent, _) in chain.items() if parent is None))):
        for name in names[1:]:
            yield Finding(chain[name][1].path, 1, "one-head", f"two {what}: {', '.join(names)}")


def _constants(source: Source) -> dict[str, str | None]:
    """Module-level names bound to a text or None."""
    values: dict[str, str | None] = {}
    for node in source.tree.body:
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target if isinstance(node, ast.AnnAssign) else None
        value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
        if isinstance(target, ast.Name) and isinstance(value, ast.Constant) and isinstance(value.value, str | None):
            values[target.id] = value.value
    return values


RULES = (
    Rule("foreign-domain", "a foreign domain only through its topics, models and reads", foreign_domain),
    Rule("needs-said", "NEEDS is a plain tuple of domain names", needs_said),
)
TREE_RULES = (
    TreeRule("needs", "NEEDS names what a domain imports and forms no circle", needs),
    TreeRule("fake-apart", "a fake and its client share fixtures, never code", fake_apart),
    TreeRule("one-head", "migrations form one chain", one_head),
)
