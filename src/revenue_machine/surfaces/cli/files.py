"""`revenue import` and `revenue export`."""

from __future__ import annotations

import argparse
import csv
import io
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from revenue_machine import domains
from revenue_machine.app import App
from revenue_machine.engine.importing import ImportWishes, discover_imports, find_kind, import_file, undo_import
from revenue_machine.kit.db import metadata
from revenue_machine.kit.errors import BadInput, NotFound
from revenue_machine.surfaces.cli.opening import opened
from revenue_machine.surfaces.cli.running import say

# Names of INTERFACE §3 that are not a table's own name.
EXPORTS = {
    "ledger": "actp_ledger_entries", "holds": "actp_budget_holds", "intents": "actp_intents", "sends": "actp_email_sends",
    "suppression": "actp_suppressions", "approvals": "actp_approvals", "audit": "actp_audit_log",
    "market_items": "actp_market_items",
    "posts": "actp_posts", "events": "actp_product_events", "dead_letters": "actp_hook_inbox",
}  # fmt: skip

# Holds the key of the suppression list, which must not travel with it.
KEPT_INSIDE = frozenset({"actp_meta"})


def take_in(args: argparse.Namespace) -> int:
    """Import a file: show what was understood, apply all of it or nothing."""
    if args.undo:
        return _take_back(args)
    wishes = ImportWishes(_pairs(args.map, flip=True), _pairs(args.set, flip=False), args.dry_run, args.skip_bad_rows)
    path = Path(args.file)
    if not path.is_file():
        raise NotFound(f"there is no file {path}", field="FILE")
    with opened() as home:
        kind = find_kind(discover_imports(domains), args.kind)
        report = import_file(kind, path, wishes, home.app.container)
        home.app.events.drain()
        home.app.audit.seal()
    say(args, report.as_dict(), "\n".join(report.lines()))
    if report.applied or args.dry_run:
        return 0
    raise BadInput(f"{len(report.bad)} bad rows, nothing was written; mend them or use --skip-bad-rows", field="FILE")


def _take_back(args: argparse.Namespace) -> int:
    """Undo an import: what nobody touched since goes, the rest is kept and named."""
    with opened() as home:
        undone = undo_import(find_kind(discover_imports(domains), args.kind), args.file, home.app.container)
        home.app.events.drain()
        home.app.audit.seal()
    say(args, asdict(undone), "\n".join(undone.lines()))
    return 0


def _pairs(texts: Sequence[str], *, flip: bool) -> dict[str, str]:
    """`COLUMN=FIELD` as field → column, `FIELD=VALUE` as field → value."""
    pairs = {}
    for text in texts:
        left, sign, right = text.partition("=")
        if not sign or not left or not right:
            raise BadInput(f"'{text}' is not NAME=VALUE", field="--map" if flip else "--set")
        pairs[right if flip else left] = left if flip else right
    return pairs


def give_out(args: argparse.Namespace) -> int:
    """Write a table as CSV to a file or to stdout."""
    with opened() as home:
        table = table_named(args.kind)
        lines = _csv(home.app, table)
        if args.file is None:
            sys.stdout.writelines(lines)
            return 0
        fresh = Path(args.file + ".part")
        with fresh.open("w", encoding="utf-8", newline="") as out:
            out.writelines(lines)
        fresh.replace(args.file)
    say(args, {"kind": args.kind, "file": args.file}, f"{table.name} is in {args.file}")
    return 0


def table_named(kind: str) -> sa.Table:
    """The table behind an export kind: a name of INTERFACE §3, or a table's with or without `actp_`."""
    for name in (EXPORTS.get(kind, kind), f"actp_{kind}"):
        if name in metadata.tables and name not in KEPT_INSIDE:
            return metadata.tables[name]
    known = ", ".join(sorted({*EXPORTS, *(name.removeprefix("actp_") for name in metadata.tables)}))
    raise NotFound(f"there is nothing called {kind} to export; known: {known}", field="kind")


def _csv(app: App, table: sa.Table) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    conditions = [table.c.status == "dead"] if table.name == "actp_hook_inbox" else []
    writer.writerow([column.name for column in table.columns])
    yield _taken(buffer)
    for row in app.database.rows(table, *conditions):
        writer.writerow([_cell(value) for value in row])
        yield _taken(buffer)
    if table.name == "actp_hook_inbox":
        for dead in app.events.dead_rows():
            writer.writerow([_cell(dead.get(column.name)) for column in table.columns])
            yield _taken(buffer)


def _taken(buffer: io.StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text


def _cell(value: Any) -> Any:
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    return value.isoformat() if hasattr(value, "isoformat") else value
