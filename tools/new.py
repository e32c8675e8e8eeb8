"""Scaffold a domain, topic, table, adapter, webhook, page or report section, each with a test that fails until it is written.

    python -m tools.new domain notes
    python -m tools.new topic notes.find [--domain notes] [--effect WRITES]
    python -m tools.new table actp_notes [--domain notes]
    python -m tools.new adapter acme
    python -m tools.new webhook acme --domain notes
    python -m tools.new page notes
    python -m tools.new section notes

No shared list is edited: discovery finds what these files declare.
"""

from __future__ import annotations

import argparse
import builtins
import keyword
import re
import shutil
import subprocess
import sys
from pathlib import Path
from string import Template

ROOT = Path(__file__).resolve().parents[1]
TEMPLATES = Path(__file__).resolve().parent / "scaffold"
DOMAINS, INTEGRATIONS = "src/revenue_machine/domains", "src/revenue_machine/integrations"
Words = dict[str, str]

# kind -> (template, place, merged into a file that exists already)
PLAN: dict[str, list[tuple[str, str, bool]]] = {
    "domain": [
        ("domain_init", f"{DOMAINS}/$domain/__init__.py", False),
        ("domain_readme", f"{DOMAINS}/$domain/README.md", False),
        ("domain_test", "tests/domains/$domain/test_$domain.py", False),
    ],
    "topic": [
        ("topic_models", f"{DOMAINS}/$domain/models.py", True),
        ("topic_topics", f"{DOMAINS}/$domain/topics.py", True),
        ("topic_test", "tests/domains/$domain/test_topic_$function.py", False),
    ],
    "table": [
        ("table_tables", f"{DOMAINS}/$domain/tables.py", True),
        ("table_store", f"{DOMAINS}/$domain/store.py", True),
        ("table_reads", f"{DOMAINS}/$domain/reads.py", True),
        ("table_test", "tests/domains/$domain/test_table_$name.py", False),
    ],
    "adapter": [
        ("adapter_init", f"{INTEGRATIONS}/$service/__init__.py", False),
        ("adapter_manifest", f"{INTEGRATIONS}/$service/manifest.toml", False),
        ("adapter_wire", f"{INTEGRATIONS}/$service/wire.py", False),
        ("adapter_client", f"{INTEGRATIONS}/$service/${{service}}_client.py", False),
        ("adapter_fake", f"{INTEGRATIONS}/$service/fake.py", False),
        ("adapter_fixture", f"{INTEGRATIONS}/$service/fixtures/thing.json", False),
        ("adapter_sources", f"{INTEGRATIONS}/$service/fixtures/SOURCES.md", False),
        ("adapter_test", "tests/integrations/$service/test_${service}_client.py", False),
    ],
    "page": [
        ("page_pages", f"{DOMAINS}/$domain/pages.py", True),
        ("page_test", "tests/domains/$domain/test_page_$domain.py", False),
    ],
    "section": [
        ("section_sections", f"{DOMAINS}/$domain/sections.py", True),
        ("section_test", "tests/domains/$domain/test_section_$domain.py", False),
    ],
    "webhook": [
        ("webhook_webhooks", f"{DOMAINS}/$domain/webhooks.py", True),
        ("webhook_test", "tests/domains/$domain/test_webhook_$service.py", False),
    ],
}


EFFECTS = ("PURE", "READS", "WRITES", "SPENDS", "SPEAKS")
# What a kind leaves to be done beside the failing test.
NEXT = {
    "table": 'name the columns, then `make revision NAME="what changed"` writes the migration',
    "adapter": "write the contract into manifest.toml and fixtures/, then `make new KIND=webhook` if it sends any",
}


class Refusal(Exception):
    """The scaffold cannot be made as asked; the message says why."""


def words_for(kind: str, name: str, domain: str | None) -> Words:
    """What the templates say, from the name asked for."""
    pattern = (
        r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*" if kind == "topic" else r"actp_[a-z0-9_]+" if kind == "table" else r"[a-z][a-z0-9_]*"
    )
    if not re.fullmatch(pattern, name):
        raise Refusal(f"a {kind} is named like {pattern}, not {name}")
    service, _, action = name.partition(".")
    home = domain or (name if kind in {"domain", "page", "section"} else service)
    plain = name.removeprefix("actp_").removeprefix(f"{home}_")
    function = f"{service}_{action}" if keyword.iskeyword(action) or hasattr(builtins, action) else action
    return {
        "domain": home,
        "topic": name,
        "table": name,
        "service": service,
        "function": function or name,
        "name": plain,
        "section": "own: say why the house needs it",
        "effect": "READS",
        "prefix": plain[:3],
        "path": home.replace("_", "-"),
        "Title": home.replace("_", " ").capitalize(),
        "Name": service.replace("_", " ").title(),
        "Model": _camel(function),
        "Client": _camel(service),
        "CONSTANT": plain.upper(),
        "host": service.replace("_", "-"),
    }


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def scaffold(root: Path, kind: str, words: Words) -> list[Path]:
    """Write the files of one kind; an existing role file is added to, any other existing file is a refusal."""
    plan = list(PLAN[kind])
    if kind not in {"domain", "adapter"} and not (root / DOMAINS / words["domain"]).is_dir():
        raise Refusal(f"there is no domain {words['domain']}; name one with --domain, or make it: python -m tools.new domain …")
    if kind == "webhook":
        if not (root / INTEGRATIONS / words["service"] / "manifest.toml").is_file():
            raise Refusal(f"there is no integration {words['service']}; make it: python -m tools.new adapter {words['service']}")
        if not (root / INTEGRATIONS / words["service"] / "hook.py").is_file():
            plan[:0] = [
                ("webhook_hook", f"{INTEGRATIONS}/$service/hook.py", False),
                ("webhook_fake", f"{INTEGRATIONS}/$service/fake.py", True),
            ]
    places = [(template, root / Template(place).substitute(words), merges) for template, place, merges in plan]
    for _, place, merges in places:
        if place.exists() and not merges:
            raise Refusal(f"{place.relative_to(root)} exists already")
    for template, place, _ in places:
        text = Template((TEMPLATES / f"{template}.txt").read_text(encoding="utf-8")).substitute(words)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(merged(place.read_text(encoding="utf-8"), text) if place.exists() else text, encoding="utf-8")
    return [place for _, place, _ in places]


def merged(old: str, new: str) -> str:
    """A role file with the imports and the body of a scaffold added; ruff joins and sorts the imports."""
    marker = "from __future__ import annotations\n"
    imports, body = _split(new)
    if imports.strip() and marker not in old:
        raise Refusal(f"a module starts with `{marker.strip()}`")
    head, rest = old.split(marker, 1)
    return f"{head}{marker}\n{imports}{rest.rstrip()}\n\n\n{body}"


def _split(text: str) -> tuple[str, str]:
    """(import lines, everything after them) of a scaffold."""
    lines = text.splitlines(keepends=True)
    starts = [number for number, line in enumerate(lines) if line.startswith(("import ", "from ")) and "__future__" not in line]
    return "".join(lines[number] for number in starts), "".join(lines[starts[-1] + 1 :]).lstrip("\n")


def tidy(root: Path, paths: list[Path]) -> None:
    """Sort imports and format, where ruff is installed."""
    ruff = shutil.which("ruff", path=str(Path(sys.executable).parent)) or shutil.which("ruff")
    python = [str(path) for path in paths if path.suffix == ".py"]
    if ruff:
        subprocess.run([ruff, "check", "--quiet", "--select", "I", "--fix", *python], cwd=root, check=True)
        subprocess.run([ruff, "format", "--quiet", *python], cwd=root, check=True)


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    """Write the files and say what to do next."""
    parser = argparse.ArgumentParser(prog="tools.new", description="Scaffold with a failing test; see CONTRIBUTING.md.")
    parser.add_argument("kind", choices=sorted(PLAN))
    parser.add_argument("name")
    parser.add_argument("--domain", help="the domain that owns it, where the name does not say so")
    parser.add_argument("--effect", choices=EFFECTS, default="READS", help="what a topic may do to the world")
    asked = parser.parse_args(arguments)
    try:
        paths = scaffold(root, asked.kind, words_for(asked.kind, asked.name, asked.domain) | {"effect": asked.effect})
    except Refusal as refusal:
        print(f"tools/new: {refusal}", file=sys.stderr)
        return 1
    tidy(root, paths)
    for path in paths:
        print(path.relative_to(root))
    more = f" {NEXT[asked.kind]}," if asked.kind in NEXT else ""
    print(f"Next:{more} make the failing test true, then `make docs`, `make check`, `make test`. CONTRIBUTING.md has the recipe.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
