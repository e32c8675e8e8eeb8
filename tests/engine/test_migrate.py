"""A database is brought to the declared schema, also by several processes that start at once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import sqlalchemy as sa

from revenue_machine.engine.database import Database
from revenue_machine.engine.migrate import migrate
from revenue_machine.engine.tables import META
from revenue_machine.kit.db import metadata


def test_parallel_starters_make_one_schema(database_url: str) -> None:
    gate = threading.Barrier(4)

    def start(_: int) -> None:
        own = Database(database_url)
        gate.wait()
        migrate(own)
        own.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(start, range(4)))
    database = Database(database_url)
    assert set(sa.inspect(database.engine).get_table_names()) >= set(metadata.tables)
    database.close()


def test_migrating_again_keeps_the_rows(database_url: str) -> None:
    database = Database(database_url)
    migrate(database)
    with database.writing() as connection:
        connection.execute(META.insert().values(name="a", value="kept"))
    migrate(database)
    with database.reading() as connection:
        assert connection.execute(sa.select(META.c.value)).scalar_one() == "kept"
    database.close()
