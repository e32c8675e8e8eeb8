"""Rules about size and names: the house numbers, docstrings, words that say nothing, product words in the engine."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tools.lint.source import Finding, Rule, Source, words

FILE_LINES = 400
FUNCTION_LINES = 60
TEST_LINES = 50
POSITIONAL = 5
METHOD_LINES = 8
# The container calls these with every argument by name.
# Written by a program from the tables, and never changed after.
_GENERATED = "/migrations/versions/"
_INJECTED = {"topic", "recipe", "page", "on", "on_hook"}
_EMPTY_WORDS = {"utils", "util", "helpers", "helper", "manager", "managers", "handler", "handlers"}
_PRODUCT_WORDS = {
    "attribution", "blotato", "campaign", "campaigns", "crm", "draft", "drafts", "funnel", "funnels", "hashtag", "instagram",
    "linkedin", "niche", "niches", "outreach", "paywall", "paywalls", "post", "posthog", "posts", "resend", "revenuecat", "sora",
    "stripe", "superwall", "tiktok", "tweet", "tweets", "twitter", "upwork", "video", "videos",
}  # fmt: skip


def file_size(source: Source) -> Iterator[Finding]:
    """A file has at most 400 lines."""
    lines = source.text.count("\n")
    if lines > FILE_LINES and not source.path.startswith("tests/") and _GENERATED not in source.path:
        yield Finding(source.path, 1, "file-size", f"{lines} lines, at most {FILE_LINES}")


def function_size(source: Source) -> Iterator[Finding]:
    """A function has at most 60 lines, a test 50."""
    for node in source.functions if _GENERATED not in source.path else ():
        lines = (node.end_lineno or node.lineno) - node.lineno + 1
        limit = TEST_LINES if node.name.startswith("test_") else FUNCTION_LINES
        if lines > limit:
            yield Finding(source.path, node.lineno, "function-size", f"{node.name} has {lines} lines, at most {limit}")


def positional(source: Source) -> Iterator[Finding]:
    """A function takes at most 5 positional parameters (self and cls aside)."""
    for node in source.functions:
        if (source.path.startswith("tests/") and node.name.startswith("test_")) or _is_injected(node):
            continue
        names = [arg.arg for arg in (*node.args.posonlyargs, *node.args.args)]
        count = len(names) - (names[:1] in (["self"], ["cls"]))
        if count > POSITIONAL:
            yield Finding(source.path, node.lineno, "positional", f"{node.name} takes {count} positional, at most {POSITIONAL}")


def _is_injected(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    called = [one.func if isinstance(one, ast.Call) else one for one in node.decorator_list]
    return any(isinstance(one, ast.Name) and one.id in _INJECTED for one in called)


def empty_words(source: Source) -> Iterator[Finding]:
    """No module, class or function called utils, helpers, manager or handler."""
    if source.path.startswith("tests/"):
        return
    for part in source.place or (source.role,):
        bad = _EMPTY_WORDS & set(words(part.removesuffix(".py")))
        if bad:
            yield Finding(source.path, 1, "empty-word", f"'{min(bad)}' names nothing; say what it does")
    for node in source.nodes:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            bad = _EMPTY_WORDS & set(words(node.name))
            if bad:
                yield Finding(source.path, node.lineno, "empty-word", f"'{min(bad)}' in {node.name} names nothing")


def product_words(source: Source) -> Iterator[Finding]:
    """No product word in the engine."""
    if source.layer != "engine":
        return
    for node in source.nodes:
        bad = _PRODUCT_WORDS & {word for name in _identifiers(node) for word in words(name)}
        if bad:
            yield Finding(source.path, getattr(node, "lineno", 1), "product-word", f"'{min(bad)}' has no place in the engine")


def _identifiers(node: ast.AST) -> list[str]:
    """The names a node brings in; a text counts where it is a single word."""
    if isinstance(node, ast.Name):
        return [node.id]
    if isinstance(node, ast.Attribute):
        return [node.attr]
    if isinstance(node, ast.arg | ast.keyword):
        return [node.arg or ""]
    if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return [node.name]
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier():
        return [node.value]
    return []


def docstring(source: Source) -> Iterator[Finding]:
    """Every module and public function says what it decides; a long public method does where no base says it."""
    if not source.place and not source.path.startswith("tools/"):
        return
    if not ast.get_docstring(source.tree) and source.text.strip():
        yield Finding(source.path, 1, "docstring", "the module does not say what it decides")
    for node in source.tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _lacks(node):
            yield Finding(source.path, node.lineno, "docstring", f"{node.name} has none")
        elif isinstance(node, ast.ClassDef) and not node.name.startswith("_") and not node.bases:
            yield from _methods_without(source, node)


def _methods_without(source: Source, owner: ast.ClassDef) -> Iterator[Finding]:
    for node in owner.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _lacks(node):
            lines = (node.end_lineno or node.lineno) - node.body[0].lineno + 1
            if lines > METHOD_LINES:
                yield Finding(source.path, node.lineno, "docstring", f"{owner.name}.{node.name} has none")


def _lacks(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return not node.name.startswith("_") and ast.get_docstring(node) is None


RULES = (
    Rule("file-size", f"a file has at most {FILE_LINES} lines", file_size),
    Rule("function-size", f"a function has at most {FUNCTION_LINES} lines, a test {TEST_LINES}", function_size),
    Rule("positional", f"at most {POSITIONAL} positional parameters", positional),
    Rule("empty-word", "no utils, helpers, manager, handler", empty_words),
    Rule("product-word", "no product word in the engine", product_words),
    Rule("docstring", "modules, public functions and long methods without a base say what they decide", docstring),
)
