"""The chain of revisions and the declared tables never part."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from revenue_machine import domains
from revenue_machine.engine.database import Database
from revenue_machine.engine.migrate import FOLDER, migrate, newest_revision, upgrade
from revenue_machine.engine.registry import modules
from revenue_machine.kit.db import metadata
from revenue_machine.kit.errors import Conflict


@pytest.fixture(autouse=True)
def every_table() -> None:
    for _ in modules(domains, "tables"):
        continue


def is_ours(thing: object, name: str | None, kind: str, _reflected: bool, _other: object) -> bool:
    return kind != "table" or ((name or "").startswith("actp_") and not (name or "").startswith("actp_toy_"))


def test_the_chain_builds_what_is_declared(database_url: str) -> None:
    database = Database(database_url)
    with database.writing() as connection:
        upgrade(connection)
    with database.writing() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_object": is_ours})
        differences = compare_metadata(context, metadata)
    database.close()
    assert differences == []


def test_an_empty_database_is_made_whole_and_stamped(database_url: str) -> None:
    database = Database(database_url)
    migrate(database)
    migrate(database)
    with database.reading() as connection:
        stamp = connection.execute(sa.text("select version_num from alembic_version")).scalar_one()
        names = sa.inspect(connection).get_table_names()
    database.close()
    assert stamp == newest_revision()
    assert "actp_funnel_snapshots" in names


def test_a_later_database_is_refused(database_url: str) -> None:
    database = Database(database_url)
    migrate(database)
    with database.writing() as connection:
        connection.execute(sa.text("update alembic_version set version_num = '9999'"))
    with pytest.raises(Conflict, match="later version"):
        migrate(database)
    database.close()


def test_the_chain_has_one_head() -> None:
    numbers = sorted(path.name.split("_", 1)[0] for path in (FOLDER / "versions").glob("[0-9]*_*.py"))
    assert numbers == [f"{number:04}" for number in range(1, len(numbers) + 1)]
