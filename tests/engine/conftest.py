"""The toy house as a running App."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from revenue_machine.app import App, build
from revenue_machine.engine import tables
from revenue_machine.engine.audit import Audit
from revenue_machine.engine.database import Database
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


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database of each kind with the engine's own tables."""
    store = Database(database_url)
    own = [value for value in vars(tables).values() if isinstance(value, sa.Table)]
    with store.writing() as connection:
        metadata.create_all(connection, tables=own)
    yield store
    store.close()


@pytest.fixture
def audit(database: Database, clock: PushedClock) -> Audit:
    return Audit(database, clock)
