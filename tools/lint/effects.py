"""Rules about what may touch the world and where: time, chance, SQL, commits, secrets, swallowed faults."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tools.lint.source import Finding, Rule, Source, words

_TIME_AND_CHANCE = (
    "datetime.datetime.now",
    "datetime.datetime.utcnow",
    "datetime.datetime.today",
    "datetime.date.today",
    "time.",
    "random.",
    "secrets.",
    "uuid.",
    "numpy.random.",
    "os.urandom",
    "asyncio.sleep",
    "sqlalchemy.func.now",
    "sqlalchemy.func.current_timestamp",
)
_TYPES = {"random.Random", "numpy.random.Generator"}
_SQL = {"select", "insert", "update", "delete", "text"}
_SQL_ROLES = {"tables", "store", "reads"}
_MACS = {"hmac", "mac", "signature", "signatures"}


def time_and_chance(source: Source) -> Iterator[Finding]:
    """No clock, sleep, random or uuid outside kit."""
    if not source.place or source.layer == "kit":
        return
    called = {id(call.func) for call in source.every(ast.Call)}
    for node in source.nodes:
        if isinstance(node, ast.Attribute | ast.Name):
            name = source.dotted(node)
            if name.startswith(_TIME_AND_CHANCE) and (name not in _TYPES or id(node) in called):
                yield _at(source, node, "time-and-chance", f"{name} is not repeatable; use kit.clock, kit.rng or kit.ids")


def sql_place(source: Source) -> Iterator[Finding]:
    """SQL stands in tables.py, store.py and reads.py of domains (`loop_store.py` is one too), in engine, kit and migrations."""
    is_home = source.layer == "domains" and source.role.rsplit("_", 1)[-1] in _SQL_ROLES
    if not source.place or source.layer in {"engine", "kit", "migrations"} or is_home:
        return
    for line, name, _ in source.imports:
        if name.startswith("sqlalchemy.") and name.split(".")[-1] in _SQL:
            yield Finding(source.path, line, "sql-place", f"{name} belongs into tables.py, store.py or reads.py")
    for node in source.every(ast.Attribute):
        name = source.dotted(node)
        of_table = node.attr in _SQL and isinstance(node.value, ast.Name) and node.value.id.isupper()
        if (name.startswith("sqlalchemy.") and node.attr in _SQL) or of_table or node.attr == "exec_driver_sql":
            yield _at(source, node, "sql-place", f"{node.attr} belongs into tables.py, store.py or reads.py")


def commit_place(source: Source) -> Iterator[Finding]:
    """Only the engine opens and commits transactions; the sandbox has a database of its own."""
    if not source.place or source.layer in {"engine", "sandbox"} or source.place == ("kit", "db.py"):
        return
    for call in source.every(ast.Call):
        is_bare = not call.args and not call.keywords
        if is_bare and isinstance(call.func, ast.Attribute) and call.func.attr in {"commit", "begin", "begin_nested"}:
            yield _at(source, call, "commit-place", f".{call.func.attr}() outside the engine")


def constant_time(source: Source) -> Iterator[Finding]:
    """Signatures are compared by hmac.compare_digest."""
    if not source.place:
        return
    for node in source.every(ast.Compare):
        plain = any(isinstance(op, ast.Eq | ast.NotEq | ast.In | ast.NotIn) for op in node.ops)
        if plain and any(_is_mac(source, side) for side in (node.left, *node.comparators)):
            yield _at(source, node, "constant-time", "a signature is compared by hmac.compare_digest")


def _is_mac(source: Source, node: ast.expr) -> bool:
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute) and node.func.attr in {"hexdigest", "digest"}:
            return isinstance(node.func.value, ast.Call) and source.dotted(node.func.value.func).startswith("hmac.")
        return source.dotted(node.func).startswith("hmac.") and source.dotted(node.func) != "hmac.compare_digest"
    name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
    return bool(name) and words(name)[-1:] != [] and words(name)[-1] in _MACS


def swallowed(source: Source) -> Iterator[Finding]:
    """An error is never swallowed: no `except …: pass`, no suppress(Exception)."""
    for handler in source.every(ast.ExceptHandler):
        if all(_is_nothing(statement) for statement in handler.body):
            yield _at(source, handler, "swallowed", "an except clause that does nothing")
    for call in source.every(ast.Call):
        if source.dotted(call.func) == "contextlib.suppress":
            broad = [arg.id for arg in call.args if isinstance(arg, ast.Name) and arg.id in {"Exception", "BaseException"}]
            if broad:
                yield _at(source, call, "swallowed", f"suppress({broad[0]}) hides every fault")


def _is_nothing(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Pass):
        return True
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def float_money(source: Source) -> Iterator[Finding]:
    """A name ending `_usd` is never a float."""
    for node in source.nodes:
        if _is_float_money(node):
            yield _at(source, node, "float-money", "money is integer micro-dollars or Decimal, never float")


def _is_float_money(node: ast.AST) -> bool:
    match node:
        case ast.AnnAssign():
            return _is_usd(node.target) and (_says_float(node.annotation) or _floats(node.value))
        case ast.Assign():
            return any(_is_usd(target) for target in node.targets) and _floats(node.value)
        case ast.arg():
            return node.arg.endswith("_usd") and _says_float(node.annotation)
        case ast.keyword():
            return (node.arg or "").endswith("_usd") and _floats(node.value)
        case ast.FunctionDef():
            return node.name.endswith("_usd") and _says_float(node.returns)
    return False


def _is_usd(target: ast.expr) -> bool:
    name = target.id if isinstance(target, ast.Name) else target.attr if isinstance(target, ast.Attribute) else ""
    return name.endswith("_usd")


def _says_float(annotation: ast.expr | None) -> bool:
    return annotation is not None and any(isinstance(node, ast.Name) and node.id == "float" for node in ast.walk(annotation))


def _floats(value: ast.expr | None) -> bool:
    if isinstance(value, ast.Constant):
        return isinstance(value.value, float)
    return isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "float"


def _at(source: Source, node: ast.AST, rule: str, message: str) -> Finding:
    return Finding(source.path, getattr(node, "lineno", 1), rule, message)


RULES = (
    Rule("time-and-chance", "no clock, sleep, random or uuid outside kit", time_and_chance),
    Rule("sql-place", "SQL only in tables.py, store.py, reads.py, engine and kit", sql_place),
    Rule("commit-place", "only the engine opens and commits transactions", commit_place),
    Rule("constant-time", "signatures are compared by hmac.compare_digest", constant_time),
    Rule("swallowed", "no except clause that does nothing", swallowed),
    Rule("float-money", "a name ending _usd is never a float", float_money),
)
