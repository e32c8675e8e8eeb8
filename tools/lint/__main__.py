"""Run every rule over the tree: `python -m tools.lint [--rules]`; exit 1 on a finding."""

from __future__ import annotations

import sys
from pathlib import Path

from tools.lint import effects, neighbours, shape
from tools.lint.source import Finding, Rule, Source, TreeRule

FOLDERS = ("src", "tools", "tests", "benchmarks")
RULES: tuple[Rule, ...] = (*effects.RULES, *shape.RULES, *neighbours.RULES)
TREE_RULES: tuple[TreeRule, ...] = neighbours.TREE_RULES


def read_tree(root: Path) -> list[Source]:
    """Every Python file of the repository, by path."""
    paths = sorted(path for folder in FOLDERS for path in (root / folder).rglob("*.py") if "__pycache__" not in path.parts)
    return [Source.parse(path.relative_to(root).as_posix(), path.read_text(encoding="utf-8")) for path in paths]


def lint(sources: list[Source]) -> list[Finding]:
    """What is broken, escapes applied; an escape without reason or use is itself a finding."""
    raw = {finding for source in sources for rule in RULES for finding in rule.check(source)}
    raw |= {finding for rule in TREE_RULES for finding in rule.check(sources)}
    kept = set(raw)
    for source in sources:
        for escape in source.escapes:
            excused = {
                finding
                for finding in raw
                if finding.path == source.path
                and finding.rule == escape.rule
                and finding.line == escape.line + (1 if escape.alone else 0)
            }
            kept -= excused
            if not excused:
                kept.add(Finding(source.path, escape.line, "unused-escape", f"nothing here breaks '{escape.rule}'"))
            if not escape.reason or len(escape.reason.split()) < 3:
                kept.add(Finding(source.path, escape.line, "unreasoned-escape", "write `# lint: allow RULE - the reason why`"))
    return sorted(kept)


def main() -> int:
    """Print findings, one a line."""
    if "--rules" in sys.argv[1:]:
        every: tuple[Rule | TreeRule, ...] = (*RULES, *TREE_RULES)
        for rule in every:
            print(f"{rule.name:18} {rule.sentence}")
        return 0
    sources = read_tree(Path(__file__).resolve().parents[2])
    findings = lint(sources)
    for finding in findings:
        print(finding)
    if not findings:
        print(f"tools/lint: {len(sources)} files, {len(RULES) + len(TREE_RULES)} rules, nothing found")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
