"""Write what the code knows of itself: docs/topics.md, schema.md, integrations.md, settings.md, errors.md and .env.example.

`python -m tools.docs` writes; `python -m tools.docs --check` writes nothing and fails on drift.
"""

from __future__ import annotations

import difflib
import inspect
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from tools.docs_settings import MACHINE, env_example, own_settings, settings_page

ROOT = Path(__file__).resolve().parents[1]
NOTE = "<!-- Written by tools/docs.py; `make docs` writes it again. -->\n\n"


def cell(text: object) -> str:
    """Text that cannot break a table."""
    return " ".join(str(text).split()).replace("|", "\\|")


def table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """A Markdown table."""
    heads = list(head)
    lines = [heads, ["---"] * len(heads), *([cell(value) for value in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def kind_of(schema: Mapping[str, Any]) -> str:
    """A JSON Schema's type in words: `array of string or null`."""
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    for many in ("anyOf", "oneOf"):
        if many in schema:
            return " or ".join(dict.fromkeys(kind_of(one) for one in schema[many]))
    if "allOf" in schema and len(schema["allOf"]) == 1:
        return kind_of(schema["allOf"][0])
    if "const" in schema or "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema.get("enum", [schema.get("const")]))
    if schema.get("type") == "array":
        return f"array of {kind_of(schema.get('items', {}))}"
    return str(schema.get("format") or schema.get("type") or "anything")


def fields(model: Any) -> str:
    """A model's fields as one table; empty when it has none."""
    schema = model.model_json_schema()
    needed = set(schema.get("required", []))
    rows = [
        (
            f"`{name}`",
            kind_of(one),
            "yes" if name in needed else f"`{one['default']}`" if "default" in one else "no",
            one.get("description", ""),
        )
        for name, one in schema.get("properties", {}).items()
    ]
    return table(("Field", "Type", "Needed or default", "Meaning"), rows) if rows else "none\n"


def _topic_row(one: Any) -> tuple[str, ...]:
    name = f"[`{one.name}`](#{one.name.replace('.', '')})" if one.built else f"`{one.name}`"
    state = "built" if one.built else f"issue {one.issue}"
    return name, one.effect.name, one.approval.value, one.section, state, one.summary


def topics_page() -> str:
    """Every binding topic: what it may do, what goes in, what comes out."""
    from revenue_machine import domains
    from revenue_machine.engine.registry import discover

    registry = discover(domains)
    other = {name: [alias for alias, real in registry.aliases.items() if real == name] for name in registry.topics}
    built = sum(one.built for one in registry.topics.values())
    intro = (
        f"# Topics\n\n{NOTE}{built} of {len(registry.topics)} binding topics are built. A topic that a later issue builds answers "
        "`not_configured` and says so. Call one by `revenue call TOPIC JSON`, `POST /api/services/{service}/{action}` or MCP tool "
        "`service_action`.\n\n"
    )
    head = ("Topic", "May", "Approval", "Source", "State", "What it does")
    parts = [intro, table(head, (_topic_row(one) for one in registry.topics.values()))]
    for one in registry.topics.values():
        if one.built:
            parts.append(f"\n## {one.name}\n\n{one.doc}\n\n")
            if other[one.name]:
                parts.append(f"Also called {', '.join(f'`{alias}`' for alias in sorted(other[one.name]))}.\n\n")
            if one.fresh_for:
                parts.append(f"Answers may be {one.fresh_for} old.\n\n")
            parts.append(f"Input:\n\n{fields(one.args)}\nResult:\n\n{fields(one.result)}")
    return "".join(parts)


def schema_page() -> str:
    """Every product table with its columns in both dialects."""
    import sqlalchemy as sa
    from sqlalchemy.dialects import postgresql, sqlite

    from revenue_machine import domains
    from revenue_machine.engine import tables as engine_tables
    from revenue_machine.engine.registry import modules
    from revenue_machine.kit.db import metadata

    owners = dict.fromkeys((one.name for one in vars(engine_tables).values() if isinstance(one, sa.Table)), "engine")
    for folder, module in modules(domains, "tables"):
        owners |= {one.name: folder for one in vars(module).values() if isinstance(one, sa.Table) and one.name not in owners}
    intro = (
        f"# Schema\n\n{NOTE}Money stands in `*_micro_usd` as whole micro-dollars; the `*_usd` beside it is generated for readers. "
        "Reading with any SQL client is part of the product; writing is not.\n\n"
    )
    parts = [intro, table(("Table", "Owner"), ((f"[`{name}`](#{name})", owners[name]) for name in sorted(owners)))]
    for name in sorted(owners):
        found = metadata.tables[name]
        rows = [
            (f"`{column.name}`", column.type.compile(sqlite.dialect()), column.type.compile(postgresql.dialect()), _marks(column))  # type: ignore[no-untyped-call]
            for column in found.columns
        ]
        parts.append(f"\n## {name}\n\n{table(('Column', 'SQLite', 'PostgreSQL', ''), rows)}")
    return "".join(parts)


def _marks(column: Any) -> str:
    marks = ["key"] if column.primary_key else []
    marks += ["generated"] if column.computed is not None else []
    marks += ["unique"] if column.unique else []
    marks += [] if column.nullable or column.primary_key else ["never null"]
    return ", ".join(marks)


def integrations_page() -> str:
    """Every outside service: what it unlocks, what it needs, what it limits."""
    from revenue_machine.app import manifests

    parts = [f"# Outside services\n\n{NOTE}Without a key a service is *not configured*; everything else goes on.\n"]
    for one in manifests().values():
        needs = ", ".join(f"`REVENUE_{one.service.upper()}__{name.upper()}`" for name in own_settings(one))
        rows = [
            ("Unlocks", one.unlocks), ("Settings", needs), ("How to get a key", one.get_key), ("Address", one.base_url),
            ("Limits", one.limits), ("Reaches people or money", "yes" if one.reaches_people_or_money else "no"),
            ("Unknown outcome is settled by", _settled(one)), ("Documentation", one.docs_url),
        ]  # fmt: skip
        parts.append(f"\n## {one.name}\n\n{table(('', ''), rows)}")
    return "".join(parts)


def _settled(manifest: Any) -> str:
    if manifest.has_idempotency_key:
        return "the vendor's idempotency key"
    return "looking it up" if manifest.can_look_up else "a person"


def errors_page() -> str:
    """The closed family of error codes."""
    from revenue_machine.kit.errors import every_code

    rows = [
        (
            f"`{code}`",
            kind.http_status,
            inspect.getdoc(kind) or "",
            "yes" if kind.retryable else "no",
            "yes" if kind.nothing_happened else "no",
        )
        for code, kind in every_code().items()
    ]
    return (
        f"# Errors\n\n{NOTE}Every surface answers a failure with one of these codes (`error.code` of the envelope).\n\n"
        + table(("Code", "HTTP", "Meaning", "May a read be tried again", "Does it prove that nothing happened"), rows)
    )  # fmt: skip


def _manifests() -> Any:
    from revenue_machine.app import manifests

    return manifests()


PAGES: dict[str, Callable[[], str]] = {
    "docs/topics.md": topics_page,
    "docs/schema.md": schema_page,
    "docs/integrations.md": integrations_page,
    "docs/settings.md": lambda: f"# Settings\n\n{NOTE}" + settings_page(_manifests(), table),
    "docs/errors.md": errors_page,
    ".env.example": lambda: env_example(_manifests()),
}


def drift(root: Path) -> dict[str, str]:
    """Page to the first lines in which it differs from what the code says."""
    found: dict[str, str] = {}
    for name, page in PAGES.items():
        place = root / name
        now, fresh = place.read_text(encoding="utf-8") if place.is_file() else "", page()
        if now != fresh:
            lines = difflib.unified_diff(now.splitlines(), fresh.splitlines(), "written", "code", lineterm="", n=0)
            found[name] = "\n".join(list(lines)[:12])
    return found


def main() -> int:
    """Write the pages, or compare them."""
    if "--check" in sys.argv[1:]:
        differing = drift(ROOT)
        for name, lines in differing.items():
            print(f"{name} is behind the code; run `make docs`\n{lines}")
        return 1 if differing else 0
    for name, page in PAGES.items():
        (ROOT / name).write_text(page(), encoding="utf-8")
    print(f"tools/docs: {len(PAGES)} pages, {len(MACHINE)} settings")
    return 0


if __name__ == "__main__":
    sys.exit(main())
