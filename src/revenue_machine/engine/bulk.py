"""Writes very many rows of one shape: the statement is compiled once and the rows go to the driver as they are."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import sqlalchemy as sa

from revenue_machine.kit.db import upsert

CACHE_KIB = 12 * 1024


@dataclass(frozen=True)
class _Plan:
    """An INSERT as the driver takes it, its columns in order, and what turns a value into the driver's, by place."""

    sql: str
    columns: tuple[str, ...]
    turn: Mapping[int, Callable[[Any], Any]]
    by_place: bool


def insert_new(connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]], keys: tuple[str, ...]) -> None:
    """Insert rows that all have the same two or more columns; those whose key stands stay as they are."""
    if not rows:
        return
    plan = _plan(table, connection.dialect, tuple(rows[0]), keys)
    columns = [list(column) for column in zip(*map(itemgetter(*plan.columns), rows), strict=True)]
    for place, turn in plan.turn.items():
        columns[place] = _turned(turn, columns[place])
    values = list(zip(*columns, strict=True))
    connection.exec_driver_sql(plan.sql, values if plan.by_place else [dict(zip(plan.columns, one, strict=True)) for one in values])


@contextmanager
def roomy(connection: sa.Connection) -> Iterator[None]:
    """More pages in memory for a while: keys come in no order, and SQLite would write and read the same pages over and over."""
    if connection.dialect.name != "sqlite":
        yield
        return
    before = connection.exec_driver_sql("pragma cache_size").scalar_one()
    connection.exec_driver_sql(f"pragma cache_size=-{CACHE_KIB}")
    try:
        yield
    finally:
        connection.exec_driver_sql(f"pragma cache_size={before}")


def _turned(turn: Callable[[Any], Any], column: list[Any]) -> list[Any]:
    """The values as the driver takes them; a whole column is often one and the same object, such as the time of the import."""
    first = column[0]
    return [turn(first)] * len(column) if all(one is first for one in column) else [turn(one) for one in column]


@functools.lru_cache(maxsize=64)
def _plan(table: sa.Table, dialect: sa.Dialect, columns: tuple[str, ...], keys: tuple[str, ...]) -> _Plan:
    """SQLAlchemy's own statement. Raises: ValueError when it would fill in a column by itself, which nobody does here."""
    compiled: Any = upsert(table, dialect.name, columns, keys, ()).compile(dialect=dialect)
    if set(compiled.params) != set(columns):
        raise ValueError(f"{table.name}: rows in bulk must name every column that has a default")
    order = tuple(compiled.positiontup or columns)
    turns = {place: table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for place, name in enumerate(order)}
    by_place = {place: turn for place, turn in turns.items() if turn is not None}
    return _Plan(str(compiled), order, by_place, compiled.positiontup is not None)
