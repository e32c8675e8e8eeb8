"""Every table of the schema keeps the house's rules on names, keys, money and time."""

from __future__ import annotations

from functools import cache

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateTable

from revenue_machine import domains
from revenue_machine.engine import tables as engine_tables
from revenue_machine.engine.registry import modules
from revenue_machine.kit.db import UtcDateTime, metadata


@cache
def every_table() -> dict[str, sa.Table]:
    """The engine's and the domains' tables by name."""
    found = {one.name: one for one in vars(engine_tables).values() if isinstance(one, sa.Table)}
    for _, module in modules(domains, "tables"):
        found |= {one.name: one for one in vars(module).values() if isinstance(one, sa.Table)}
    return found


TABLES = sorted(every_table())


def test_no_table_hides_elsewhere() -> None:
    # The engine's toy house has a table of its own when its tests ran in this process.
    known = {name for name in metadata.tables if name.startswith("actp_") and not name.startswith("actp_toy_")}
    assert known == set(TABLES)


@pytest.mark.parametrize("name", TABLES)
def test_table_has_name_and_key(name: str) -> None:
    assert name.startswith("actp_")
    assert len(every_table()[name].primary_key.columns) >= 1


@pytest.mark.parametrize("name", TABLES)
def test_dollars_are_generated_from_micros(name: str) -> None:
    columns = every_table()[name].columns
    for column in columns:
        if column.name.endswith("_micro_usd"):
            assert isinstance(column.type, sa.BigInteger)
        elif column.name.endswith("_usd"):
            assert f"{column.name.removesuffix('_usd')}_micro_usd" in columns
            assert column.computed is not None, "dollars are read-only"


@pytest.mark.parametrize("name", TABLES)
def test_times_keep_their_zone(name: str) -> None:
    times = [column for column in every_table()[name].columns if column.name.endswith("_at")]
    assert [column.name for column in times if not isinstance(column.type, UtcDateTime)] == []


@pytest.mark.parametrize("name", TABLES)
def test_no_database_clock_is_asked(name: str) -> None:
    """A constant is no clock: a column that joins an old table needs one for the rows that stand there."""
    assert [
        column.name
        for column in every_table()[name].columns
        if column.server_default is not None
        and not column.computed
        and not str(getattr(column.server_default, "arg", "")).isdigit()
    ] == []


@pytest.mark.parametrize("name", TABLES)
def test_both_dialects_can_make_it(name: str) -> None:
    for dialect in (sqlite.dialect(), postgresql.dialect()):  # type: ignore[no-untyped-call]
        assert f"CREATE TABLE {name}" in str(CreateTable(every_table()[name]).compile(dialect=dialect))
