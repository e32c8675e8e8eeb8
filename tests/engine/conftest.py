"""The toy house as a running App."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from revenue_machine.app import App, build
from revenue_machine.engine import tables
from revenue_machine.engine.approvals import Approvals
from revenue_machine.engine.audit import Audit
from revenue_machine.engine.container import Container
from revenue_machine.engine.database import Database
from revenue_machine.engine.events import Events
from revenue_machine.kit.clock import PushedClock
from revenue_machine.kit.db import metadata
from revenue_machine.kit.settings import load
from tests.app_fixture import START
from tests.engine import toy_house
from tests.engine.toy_house.toys import recipes
from tests.engine.toy_house.toys.recipes import ToyVendor


@pytest.fixture
def vendor() -> ToyVendor:
    recipes.VENDOR.acted.clear()
    recipes.VENDOR.failure = recipes.VENDOR.refusal = None
    recipes.PURSE.held.clear()
    return recipes.VENDOR


@pytest.fixture
def clock() -> PushedClock:
    return PushedClock(START)


@pytest.fixture
def toys(tmp_path: Path, clock: PushedClock, vendor: ToyVendor) -> Iterator[App]:
    app = build(load({"REVENUE_HOME": str(tmp_path)}), clock, house=toy_house)
    yield app
    app.close()


OWN_TABLES = [value for value in vars(tables).values() if isinstance(value, sa.Table)]


@pytest.fixture(scope="session")
def engine_server(postgres_server: str) -> Iterator[Database]:
    """One PostgreSQL database with the engine's own tables; making one per test would take most of the time."""
    admin = sa.create_engine(f"{postgres_server}/postgres", isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql("create database engine_tests")
    admin.dispose()
    yield from _with_tables(f"{postgres_server}/engine_tests")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database of each kind with the engine's own tables, all empty."""
    if request.param == "sqlite":
        yield from _with_tables(f"sqlite:///{tmp_path}/revenue.db")
        return
    store: Database = request.getfixturevalue("engine_server")
    yield store
    with store.writing() as connection:
        for table in OWN_TABLES:
            connection.execute(table.delete())


def _with_tables(url: str) -> Iterator[Database]:
    store = Database(url)
    with store.writing() as connection:
        metadata.create_all(connection, tables=OWN_TABLES)
    yield store
    store.close()


@pytest.fixture
def audit(database: Database, clock: PushedClock) -> Audit:
    return Audit(database, clock)


@pytest.fixture
def approvals(database: Database, clock: PushedClock, audit: Audit) -> Approvals:
    return Approvals(database, clock, audit, Events(database, clock, [], Container()))
