"""The toy house as a running App."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from revenue_machine.app import App, build
from revenue_machine.engine.audit import Audit
from revenue_machine.engine.database import Database
from revenue_machine.engine.migrate import migrate
from revenue_machine.kit.clock import PushedClock
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
    """A migrated database of each kind."""
    store = Database(database_url)
    migrate(store)
    yield store
    store.close()


@pytest.fixture
def audit(database: Database, clock: PushedClock) -> Audit:
    return Audit(database, clock)
