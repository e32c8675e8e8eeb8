"""Runs revisions on the connection `engine.migrate` hands in."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context

from revenue_machine.kit import db

# Column types of ours are written by their names, so that both dialects get their own form.
NAMES: dict[int, str] = {id(db.Str): "db.Str", id(db.Json): "db.Json", id(db.Tags): "db.Tags"}


def render_item(kind: str, thing: Any, autogen_context: Any) -> str | Literal[False]:
    """How a type of ours is spelled in a revision."""
    if kind != "type":
        return False
    name = "db.UtcDateTime()" if isinstance(thing, db.UtcDateTime) else NAMES.get(id(thing))
    if name is None:
        return False
    autogen_context.imports.add("from revenue_machine.kit import db")
    return name


def include_name(name: str | None, kind: str, _parents: Any) -> bool:
    """Only the product's own tables; the durable library keeps its own beside them."""
    return kind != "table" or (name or "").startswith("actp_")


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=db.metadata,
    render_item=render_item,
    include_name=include_name,
    render_as_batch=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
